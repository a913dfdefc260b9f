import uuid

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0012_stock"),
        ("cooperatives", "0002_warehouses"),
        ("core", "0003_pictures"),
        ("orders", "0003_lines"),
    ]

    operations = [
        migrations.CreateModel(
            name="Complaint",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="complaints",
                        to="orders.orderpart",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "to be answered"),
                            ("accepted", "accepted"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "requested_remedy",
                    models.CharField(
                        choices=[
                            ("money", "a refund"),
                            ("replacement", "a replacement"),
                            ("either", "either"),
                        ],
                        default="either",
                        max_length=12,
                    ),
                ),
                ("text", models.TextField()),
                ("answer", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("due_by", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "escalated_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When staff were notified that nobody had answered the complaint.",
                        null=True,
                    ),
                ),
                ("idempotency_key", models.CharField(blank=True, max_length=160, null=True, unique=True)),
                ("pictures", models.ManyToManyField(blank=True, related_name="+", to="core.picture")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "due_by", "id"], name="complaint_by_state"),
                    models.Index(fields=["part", "created_at"], name="complaint_by_part"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Parcel",
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
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parcels",
                        to="orders.orderpart",
                    ),
                ),
                (
                    "number",
                    models.PositiveIntegerField(help_text="Position among the order's parcels, from 1."),
                ),
                ("label_code", models.CharField(blank=True, default="", max_length=12)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("dispatch", "dispatch"),
                            ("return", "return"),
                            ("refund", "refund"),
                            ("return_and_refund", "return and refund"),
                            ("replacement", "replacement"),
                        ],
                        default="dispatch",
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("packing", "being packed"),
                            ("packed", "packed"),
                            ("handed_over", "handed over"),
                            ("delivered", "delivered"),
                            ("failed_delivery", "could not be delivered"),
                            ("voided", "voided"),
                        ],
                        default="packing",
                        max_length=20,
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parcels",
                        to="cooperatives.warehouse",
                    ),
                ),
                ("carrier", models.CharField(blank=True, default="", max_length=120)),
                ("tracking_number", models.CharField(blank=True, default="", max_length=120)),
                ("tracking_url", models.URLField(blank=True, default="", max_length=500)),
                (
                    "vehicle",
                    models.CharField(
                        blank=True, default="", help_text="Number plate of the coach.", max_length=60
                    ),
                ),
                ("driver_phone", models.CharField(blank=True, default="", max_length=40)),
                (
                    "complaint",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parcels",
                        to="orders.complaint",
                    ),
                ),
                (
                    "slip",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.picture",
                    ),
                ),
                ("pickup_code", models.CharField(blank=True, default="", max_length=12)),
                ("note", models.TextField(blank=True, default="")),
                (
                    "cod_state",
                    models.CharField(
                        choices=[
                            ("none", "no cash to collect"),
                            ("expected", "to be collected"),
                            ("collected", "collected"),
                            ("remitted", "remitted"),
                            ("reconciled", "reconciled"),
                        ],
                        default="none",
                        max_length=12,
                    ),
                ),
                ("cod_expected", models.BigIntegerField(default=0)),
                ("cod_collected", models.BigIntegerField(default=0)),
                (
                    "cod_holder",
                    models.CharField(
                        blank=True,
                        choices=[("carrier", "carrier"), ("cooperative", "cooperative")],
                        default="",
                        max_length=12,
                    ),
                ),
                (
                    "cash_difference_reason",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Why the collected amount differs from the expected one.",
                        max_length=500,
                    ),
                ),
                ("cod_collected_at", models.DateTimeField(blank=True, null=True)),
                ("cod_remitted_at", models.DateTimeField(blank=True, null=True)),
                ("cod_reconciled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "cod_shortfall_resolved_at",
                    models.DateTimeField(
                        blank=True, help_text="When staff decided who bears the missing cash.", null=True
                    ),
                ),
                ("packed_at", models.DateTimeField(blank=True, null=True)),
                ("handed_over_at", models.DateTimeField(blank=True, null=True)),
                ("delivered_at", models.DateTimeField(blank=True, null=True)),
                ("failed_at", models.DateTimeField(blank=True, null=True)),
                ("voided_at", models.DateTimeField(blank=True, null=True)),
                (
                    "failure_reason",
                    models.TextField(blank=True, default="", help_text="Why it failed or was voided."),
                ),
                ("idempotency_key", models.CharField(blank=True, max_length=80, null=True, unique=True)),
            ],
            options={
                "verbose_name": "parcel",
                "verbose_name_plural": "parcels",
                "indexes": [
                    models.Index(fields=["state", "id"], name="parcel_by_state"),
                    models.Index(fields=["tracking_number"], name="parcel_by_tracking"),
                    models.Index(
                        condition=models.Q(
                            ("cod_state__in", ["collected", "remitted"]),
                            models.Q(("cod_state", "expected"), ("state", "delivered")),
                            _connector="OR",
                        ),
                        fields=["cod_state", "cod_holder", "carrier", "id"],
                        name="parcel_cash_away",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("cod_collected__lt", models.F("cod_expected")),
                            ("cod_collected_at__isnull", False),
                            ("cod_shortfall_resolved_at", None),
                        ),
                        fields=["cod_collected_at", "id"],
                        name="parcel_cash_shortfall",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("part", "number"), name="parcel_number_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("label_code", ""), _negated=True),
                        fields=("part", "label_code"),
                        name="parcel_label_code_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "refund"), ("label_code", "")),
                            models.Q(
                                models.Q(("kind", "refund"), _negated=True),
                                models.Q(("label_code", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="parcel_has_label_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("cod_collected__gte", 0), ("cod_expected__gte", 0)),
                        name="parcel_cash_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ParcelLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "parcel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.parcel"
                    ),
                ),
                (
                    "order_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parcel_lines",
                        to="orders.orderline",
                    ),
                ),
                (
                    "stock",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.stock",
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                ("is_sold_by_weight", models.BooleanField(default=False)),
                ("grams", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "lot",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="catalog.lot",
                    ),
                ),
            ],
            options={
                "verbose_name": "parcel line",
                "verbose_name_plural": "parcel lines",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="parcel_line_quantity_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_sold_by_weight", False),
                            models.Q(("grams__gt", 0), ("grams__isnull", False)),
                            _connector="OR",
                        ),
                        name="parcel_line_by_weight_is_weighed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ComplaintLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "complaint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="orders.complaint",
                    ),
                ),
                (
                    "order_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="orders.orderline"
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("complaint", "order_line"), name="complaint_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="complaint_line_quantity_positive"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="orders.order"
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="orders.orderpart",
                    ),
                ),
                (
                    "complaint",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="orders.complaint",
                    ),
                ),
                (
                    "parcel",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refund",
                        to="orders.parcel",
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("repayment", models.BigIntegerField(default=0)),
                ("delivery_amount", models.BigIntegerField(default=0)),
                (
                    "surplus",
                    models.BigIntegerField(
                        default=0, help_text="Refunded overpayment, which belongs to no order line."
                    ),
                ),
                (
                    "substitute_total",
                    models.BigIntegerField(
                        default=0,
                        help_text="Total of the substitute that the buyer agreed to, in minor units.",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "bearer",
                    models.CharField(
                        choices=[("platform", "the market"), ("cooperative", "the cooperative")],
                        max_length=12,
                    ),
                ),
                ("reason", models.TextField(blank=True, default="")),
                ("decided_at", models.DateTimeField()),
                ("idempotency_key", models.CharField(blank=True, max_length=160, null=True, unique=True)),
                ("actor_kind", models.CharField(blank=True, default="", max_length=10)),
                ("actor_key", models.CharField(blank=True, default="", max_length=40)),
            ],
            options={
                "indexes": [models.Index(fields=["order", "decided_at"], name="refund_by_order")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            ("delivery_amount__gte", 0),
                            ("surplus__gte", 0),
                            (
                                "amount__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("delivery_amount"), "+", models.F("surplus")
                                ),
                            ),
                        ),
                        name="refund_amount_positive_and_covers_parts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("repayment__gte", 0), ("repayment__lte", models.F("amount"))),
                        name="refund_repayment_at_most_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("substitute_total__gte", 0), ("substitute_total__lte", models.F("amount"))
                        ),
                        name="refund_covers_its_substitute",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RefundLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.refund"
                    ),
                ),
                (
                    "order_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refund_lines",
                        to="orders.orderline",
                    ),
                ),
                ("quantity", models.PositiveIntegerField(default=0)),
                ("amount", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("refund", "order_line"), name="refund_line_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0)), name="refund_line_not_negative"
                    ),
                ],
            },
        ),
    ]
