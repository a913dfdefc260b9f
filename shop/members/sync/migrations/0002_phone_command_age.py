from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sync', '0001_phone_commands'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='phonecommand',
            index=models.Index(fields=['received_at'], name='phone_command_by_age'),
        ),
    ]
