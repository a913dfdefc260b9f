import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cooperatives', '0009_certificate_proposals'),
        ('core', '0011_second_person'),
    ]

    operations = [
        migrations.AddField(
            model_name='producer',
            name='portrait',
            field=models.ForeignKey(blank=True, help_text='Photo that buyers see beside its name once it agreed.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.picture'),
        ),
    ]
