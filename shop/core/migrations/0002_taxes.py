import datetime

import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="TaxClass",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("name", models.CharField(max_length=255)),
            ],
            options={
                "verbose_name": "tax class",
                "verbose_name_plural": "tax classes",
            },
        ),
        migrations.CreateModel(
            name="TaxRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "tax_class",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rates",
                        to="core.taxclass",
                    ),
                ),
                ("country", models.CharField(max_length=2)),
                ("rate", models.DecimalField(decimal_places=3, max_digits=6)),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_until", models.DateField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "tax rate",
                "verbose_name_plural": "tax rates",
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.comparison.Coalesce("tax_class", models.Value(0)),
                        models.F("country"),
                        django.db.models.functions.comparison.Coalesce(
                            "valid_from", models.Value(datetime.date(1, 1, 1))
                        ),
                        name="tax_rate_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate__gte", 0)), name="tax_rate_not_negative"
                    ),
                ],
            },
        ),
    ]
