"""Buyers may take an item off the order that weighs more than agreed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0020_recalls")]

    operations = [
        migrations.AlterField(
            model_name="weightquestion",
            name="answer",
            field=models.CharField(
                blank=True,
                choices=[
                    ("agreed", "agreed"),
                    ("refused", "not agreed"),
                    ("removed", "taken off the order"),
                    ("no_longer_asked", "no longer needed"),
                ],
                default="",
                max_length=16,
            ),
        )
    ]
