import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cooperatives", "0002_warehouses"),
        ("core", "0001_channels"),
        ("core", "0002_taxes"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShippingService",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                (
                    "zone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="services",
                        to="cooperatives.zone",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("description", models.TextField(blank=True, default="")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("carrier", "to your door"),
                            ("coach", "by coach, collected at the station"),
                            ("pickup", "collected at the warehouse"),
                            ("market_day", "collected on market day"),
                        ],
                        default="carrier",
                        max_length=12,
                    ),
                ),
                ("is_weight_based", models.BooleanField(default=False)),
                ("minimum_grams", models.PositiveIntegerField(default=0)),
                ("maximum_grams", models.PositiveIntegerField(blank=True, null=True)),
                ("minimum_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("maximum_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "tax_class",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.taxclass",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ShippingServicePrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="cooperatives.shippingservice",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="core.channel"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("price", models.BigIntegerField(default=0)),
                ("minimum_order", models.BigIntegerField(default=0)),
                ("maximum_order", models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("service", "channel"), name="service_price_once"),
                    models.CheckConstraint(
                        condition=models.Q(("price__gte", 0)), name="service_price_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryMethod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delivery_methods",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delivery_methods",
                        to="cooperatives.shippingservice",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("carrier", "to your door"),
                            ("coach", "by coach, collected at the station"),
                            ("pickup", "collected at the warehouse"),
                            ("market_day", "collected on market day"),
                        ],
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("carrier", models.CharField(blank=True, default="", max_length=120)),
                ("note", models.CharField(blank=True, default="", max_length=250)),
                (
                    "warehouse",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cooperatives.warehouse",
                    ),
                ),
                ("minimum_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("maximum_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                (
                    "station",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Where buyers collect parcels sent by coach.",
                        max_length=250,
                    ),
                ),
                (
                    "departs_weekday",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Weekday of departure, 0 for Monday; empty: every day.",
                        null=True,
                    ),
                ),
                ("departs_at", models.TimeField(blank=True, null=True)),
                ("cut_off_hours", models.PositiveSmallIntegerField(default=0)),
                ("free_from", models.BigIntegerField(blank=True, null=True)),
                ("is_active", models.BooleanField(default=True)),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "delivery method",
                "verbose_name_plural": "delivery methods",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["pickup", "market_day"]), ("warehouse__isnull", False)),
                            models.Q(("kind__in", ["carrier", "coach"]), ("warehouse", None)),
                            _connector="OR",
                        ),
                        name="pickup_method_has_warehouse",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryRate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "delivery_method",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rates",
                        to="cooperatives.deliverymethod",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="core.channel"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("province_code", models.CharField(blank=True, default="", max_length=10)),
                ("up_to_grams", models.PositiveIntegerField(blank=True, null=True)),
                ("price", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "delivery rate",
                "verbose_name_plural": "delivery rates",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("delivery_method"),
                        models.F("channel"),
                        models.F("province_code"),
                        django.db.models.functions.comparison.Coalesce(
                            "up_to_grams", models.Value(2147483647)
                        ),
                        name="delivery_rate_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("price__gte", 0)), name="delivery_rate_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MarketDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "delivery_method",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="market_days",
                        to="cooperatives.deliverymethod",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("weekday", "day of the week"),
                            ("solar", "day of the month"),
                            ("lunar", "day of the lunar month"),
                        ],
                        max_length=8,
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("starts", models.TimeField()),
                ("ends", models.TimeField()),
                (
                    "capacity",
                    models.PositiveIntegerField(
                        blank=True, help_text="Highest number of orders; empty: no limit.", null=True
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "weekday"), ("number__lte", 6)),
                            models.Q(
                                ("number__gte", 1),
                                ("number__lte", 31),
                                models.Q(("kind", "weekday"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="market_day_number_fits_its_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends__gt", models.F("starts"))),
                        name="market_day_ends_after_it_starts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PickupSlot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "delivery_method",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slots",
                        to="cooperatives.deliverymethod",
                    ),
                ),
                ("day", models.DateField()),
                ("starts", models.TimeField()),
                ("ends", models.TimeField()),
                ("capacity", models.PositiveIntegerField(blank=True, null=True)),
                ("booked", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("delivery_method", "day", "starts"), name="pickup_slot_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("capacity", None), ("booked__lte", models.F("capacity")), _connector="OR"
                        ),
                        name="pickup_slot_not_overfull",
                    ),
                ],
            },
        ),
    ]
