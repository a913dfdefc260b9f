import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("cooperatives", "0005_follows"),
    ]

    operations = [
        migrations.CreateModel(
            name="GroupCooperative",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cooperative_rows",
                        to="accounts.group",
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="group_rows",
                        to="cooperatives.cooperative",
                    ),
                ),
            ],
            options={
                "verbose_name": "group cooperative",
                "verbose_name_plural": "group cooperatives",
                "constraints": [
                    models.UniqueConstraint(fields=("group", "cooperative"), name="group_cooperative_once")
                ],
            },
        ),
    ]
