import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cooperatives", "0001_cooperatives"),
        ("cooperatives", "0002_warehouses"),
        ("cooperatives", "0003_delivery"),
        ("core", "0001_channels"),
        ("orders", "0001_orders"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
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
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="orders.order"
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(help_text="Position in the order, from 1.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "waiting to be accepted"),
                            ("accepted", "accepted"),
                            ("declined", "declined"),
                            ("cancelled", "cancelled"),
                        ],
                        default="new",
                        max_length=10,
                    ),
                ),
                (
                    "progress",
                    models.CharField(
                        choices=[
                            ("nothing", "not packed yet"),
                            ("packing", "being packed"),
                            ("partly_dispatched", "partly on the way"),
                            ("dispatched", "on the way"),
                            ("partly_delivered", "partly delivered"),
                            ("delivered", "delivered"),
                            ("partly_returned", "partly returned"),
                            ("returned", "returned"),
                        ],
                        default="nothing",
                        max_length=20,
                    ),
                ),
                ("accept_by", models.DateTimeField(blank=True, null=True)),
                (
                    "escalated_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When staff were notified that nobody had accepted the part.",
                        null=True,
                    ),
                ),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_at",
                    models.DateTimeField(
                        blank=True, help_text="When the part was declined or cancelled.", null=True
                    ),
                ),
                ("end_reason", models.TextField(blank=True, default="")),
                (
                    "delivery_method",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="cooperatives.deliverymethod",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="cooperatives.shippingservice",
                    ),
                ),
                (
                    "slot",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="cooperatives.pickupslot",
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="cooperatives.warehouse",
                    ),
                ),
                (
                    "delivery_kind",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("carrier", "to your door"),
                            ("coach", "by coach, collected at the station"),
                            ("pickup", "collected at the warehouse"),
                            ("market_day", "collected on market day"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("delivery_name", models.CharField(blank=True, default="", max_length=120)),
                ("carrier", models.CharField(blank=True, default="", max_length=120)),
                ("pickup_place", models.CharField(blank=True, default="", max_length=500)),
                ("pickup_day", models.DateField(blank=True, null=True)),
                ("pickup_starts", models.TimeField(blank=True, null=True)),
                ("pickup_ends", models.TimeField(blank=True, null=True)),
                ("expected_from", models.DateField(blank=True, null=True)),
                ("expected_until", models.DateField(blank=True, null=True)),
                ("note", models.TextField(blank=True, default="")),
                ("delivery_list_net", models.BigIntegerField(default=0)),
                ("delivery_list_gross", models.BigIntegerField(default=0)),
                ("delivery_priced_net", models.BigIntegerField(default=0)),
                ("delivery_priced_gross", models.BigIntegerField(default=0)),
                ("delivery_net", models.BigIntegerField(default=0)),
                ("delivery_gross", models.BigIntegerField(default=0)),
                ("delivery_tax_rate", models.DecimalField(decimal_places=3, default=0, max_digits=6)),
                ("delivery_tax_class_name", models.CharField(blank=True, default="", max_length=255)),
                ("goods_net", models.BigIntegerField(default=0)),
                ("goods_gross", models.BigIntegerField(default=0)),
                ("total_net", models.BigIntegerField(default=0)),
                ("total_gross", models.BigIntegerField(default=0)),
                (
                    "commission",
                    models.BigIntegerField(default=0, help_text="Sum of the commissions of its lines."),
                ),
                (
                    "withholding_rate",
                    models.DecimalField(
                        decimal_places=2,
                        default=0,
                        help_text="Percentage of the goods total withheld as tax.",
                        max_digits=5,
                    ),
                ),
            ],
            options={
                "verbose_name": "order part",
                "verbose_name_plural": "order parts",
                "indexes": [
                    models.Index(
                        fields=["cooperative", "state", "progress", "id"], name="part_by_cooperative"
                    ),
                    models.Index(
                        condition=models.Q(("state", "new")),
                        fields=["accept_by", "id"],
                        name="part_to_accept",
                    ),
                    models.Index(
                        fields=[
                            "report_date",
                            "report_channel",
                            "has_ended",
                            "is_confirmed",
                            "is_paid",
                            "cooperative",
                            "report_province",
                            "report_source",
                            "order",
                            "goods_gross",
                            "delivery_gross",
                            "commission",
                        ],
                        name="part_report",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "cooperative"), name="part_once"),
                    models.UniqueConstraint(fields=("order", "number"), name="part_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_gross",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("goods_gross"), "+", models.F("delivery_gross")
                                ),
                            ),
                            (
                                "total_net",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("goods_net"), "+", models.F("delivery_net")
                                ),
                            ),
                        ),
                        name="part_total_is_goods_and_delivery",
                    ),
                ],
            },
        ),
    ]
