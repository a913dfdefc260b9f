from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0003_data_requests"),
    ]

    operations = [
        migrations.AddField(
            model_name="group",
            name="is_platform_wide",
            field=models.BooleanField(
                default=False,
                help_text="Whether its permissions apply to the data of all cooperatives.",
                verbose_name="whole market",
            ),
        ),
    ]
