import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0008_listings"),
        ("cooperatives", "0001_cooperatives"),
        ("core", "0001_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Promotion",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("name", models.CharField(max_length=255)),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="core.channel"
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="promotions",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("is_borne_by_platform", models.BooleanField(default=True)),
                ("percent", models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True)),
                ("amount", models.BigIntegerField(blank=True, null=True)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("refresh_at", models.DateTimeField(blank=True, null=True)),
                ("products", models.ManyToManyField(blank=True, related_name="+", to="catalog.product")),
                ("categories", models.ManyToManyField(blank=True, related_name="+", to="catalog.category")),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("refresh_at__isnull", False)),
                        fields=["refresh_at", "id"],
                        name="promotion_to_refresh",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount", None), ("percent__gt", 0), ("percent__lte", 100)),
                            models.Q(("amount__gt", 0), ("percent", None)),
                            _connector="OR",
                        ),
                        name="promotion_is_percent_or_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_borne_by_platform", True), ("cooperative__isnull", False), _connector="OR"
                        ),
                        name="promotion_has_bearer",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at", None), ("ends_at__gte", models.F("starts_at")), _connector="OR"
                        ),
                        name="promotion_ends_after_it_starts",
                    ),
                ],
            },
        ),
    ]
