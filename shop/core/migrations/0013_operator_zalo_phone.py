from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0012_changes_by_cooperative"),
    ]

    operations = [
        migrations.AddField(
            model_name="shopsettings",
            name="operator_zalo_phone",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
    ]
