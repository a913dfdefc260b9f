from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0005_translated_slugs_are_ones_own'),
    ]

    operations = [
        migrations.CreateModel(
            name='LimitCounter',
            fields=[
                ('key', models.CharField(max_length=120, primary_key=True, serialize=False)),
                ('count', models.PositiveIntegerField()),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
        ),
    ]
