import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_products"),
        ("catalog", "0012_stock"),
        ("cooperatives", "0001_cooperatives"),
        ("core", "0001_channels"),
        ("orders", "0002_parts"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("report_date", models.DateField(blank=True, null=True)),
                (
                    "report_channel",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.channel",
                    ),
                ),
                ("report_source", models.CharField(blank=True, default="", max_length=10)),
                ("report_province", models.CharField(blank=True, default="", max_length=10)),
                ("has_ended", models.BooleanField(default=False)),
                ("is_confirmed", models.BooleanField(default=False)),
                ("is_paid", models.BooleanField(default=False)),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.order"
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.orderpart",
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                (
                    "variant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.variant",
                    ),
                ),
                ("product_key", models.PositiveBigIntegerField(blank=True, null=True)),
                ("category_key", models.PositiveBigIntegerField(blank=True, null=True)),
                ("product_name", models.CharField(max_length=386)),
                ("variant_name", models.CharField(blank=True, default="", max_length=255)),
                ("translated_product_name", models.CharField(blank=True, default="", max_length=386)),
                ("translated_variant_name", models.CharField(blank=True, default="", max_length=255)),
                ("sku", models.CharField(blank=True, default="", max_length=255)),
                ("unit", models.CharField(blank=True, default="", max_length=10)),
                ("picture_key", models.PositiveBigIntegerField(blank=True, null=True)),
                ("is_shipping_required", models.BooleanField(default=True)),
                (
                    "grams",
                    models.PositiveIntegerField(
                        default=0, help_text="Shipping weight of one unit, in grams."
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                ("unit_list_price", models.BigIntegerField()),
                ("unit_price", models.BigIntegerField()),
                ("tax_rate", models.DecimalField(decimal_places=3, default=0, max_digits=6)),
                ("tax_class_name", models.CharField(blank=True, default="", max_length=255)),
                ("list_net", models.BigIntegerField()),
                ("list_gross", models.BigIntegerField()),
                ("priced_net", models.BigIntegerField()),
                ("priced_gross", models.BigIntegerField()),
                ("total_net", models.BigIntegerField()),
                ("total_gross", models.BigIntegerField()),
                ("commission_rate", models.DecimalField(decimal_places=2, default=0, max_digits=5)),
                ("commission", models.BigIntegerField(default=0)),
                ("estimate_grams", models.PositiveIntegerField(blank=True, null=True)),
                ("bound_grams", models.PositiveIntegerField(blank=True, null=True)),
                ("weighed_grams", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "bound_gross",
                    models.BigIntegerField(
                        blank=True, help_text="Highest total charged without asking the buyer.", null=True
                    ),
                ),
                (
                    "lot",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.lot",
                    ),
                ),
                (
                    "return_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Days after receipt within which the cooperative accepts complaints and returns.",
                    ),
                ),
            ],
            options={
                "verbose_name": "order line",
                "verbose_name_plural": "order lines",
                "indexes": [
                    models.Index(fields=["order", "position", "id"], name="order_line_in_order"),
                    models.Index(fields=["part", "position", "id"], name="order_line_in_part"),
                    models.Index(fields=["product_key"], name="order_line_by_product"),
                    models.Index(
                        fields=[
                            "report_date",
                            "report_channel",
                            "has_ended",
                            "is_confirmed",
                            "is_paid",
                            "category_key",
                            "product_key",
                            "cooperative",
                            "report_province",
                            "report_source",
                            "part",
                            "order",
                            "total_gross",
                            "commission",
                        ],
                        name="line_report",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="order_line_quantity_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("total_gross__gte", models.F("total_net")), ("total_net__gte", 0)
                        ),
                        name="order_line_gross_at_least_net",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("bound_grams", None),
                                ("bound_gross", None),
                                ("estimate_grams", None),
                                ("weighed_grams", None),
                            ),
                            models.Q(
                                ("bound_grams__gte", models.F("estimate_grams")),
                                ("bound_grams__isnull", False),
                                ("bound_gross__isnull", False),
                                ("estimate_grams__gt", 0),
                                ("estimate_grams__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="order_line_weighed_has_a_bound",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Allocation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="allocations",
                        to="orders.orderline",
                    ),
                ),
                (
                    "stock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="allocations",
                        to="catalog.stock",
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("line", "stock"), name="allocation_once"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="allocation_quantity_positive"
                    ),
                ],
            },
        ),
    ]
