import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_baskets"),
    ]

    operations = [
        migrations.CreateModel(
            name="Payment",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "basket",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="payments",
                        to="orders.basket",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to="orders.order",
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("cod", "cash on delivery"),
                            ("transfer", "bank transfer"),
                            ("card", "card"),
                            ("app", "through an app"),
                        ],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(blank=True, default="", max_length=250)),
                ("message", models.CharField(blank=True, default="", max_length=500)),
                ("currency", models.CharField(max_length=3)),
                ("reference", models.CharField(blank=True, default="", max_length=500)),
                ("idempotency_key", models.CharField(blank=True, max_length=120, null=True, unique=True)),
                ("external_url", models.URLField(blank=True, default="", max_length=500)),
                (
                    "expires_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="When the unpaid payment expires; empty if it never does.",
                        null=True,
                    ),
                ),
            ],
            options={
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
                "indexes": [models.Index(fields=["order", "id"], name="payment_by_order")],
            },
        ),
        migrations.CreateModel(
            name="PaymentEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="orders.payment",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="orders.refund",
                    ),
                ),
                (
                    "parcel",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.parcel",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("authorization_request", "authorisation requested"),
                            ("authorization_success", "authorised"),
                            ("authorization_failure", "authorisation failed"),
                            ("authorization_adjustment", "authorisation adjusted"),
                            ("authorization_action_required", "authorisation needs the buyer"),
                            ("charge_request", "payment requested"),
                            ("charge_success", "paid"),
                            ("charge_failure", "payment failed"),
                            ("charge_back", "payment charged back"),
                            ("charge_action_required", "payment needs the buyer"),
                            ("refund_request", "refund requested"),
                            ("refund_success", "refunded"),
                            ("refund_failure", "refund failed"),
                            ("refund_reverse", "refund reversed"),
                            ("cancel_request", "cancellation requested"),
                            ("cancel_success", "cancelled"),
                            ("cancel_failure", "cancellation failed"),
                            ("info", "note"),
                        ],
                        max_length=40,
                    ),
                ),
                ("amount", models.BigIntegerField(default=0)),
                ("currency", models.CharField(max_length=3)),
                ("idempotency_key", models.CharField(blank=True, max_length=160, null=True, unique=True)),
                ("reference", models.CharField(blank=True, default="", max_length=500)),
                ("message", models.CharField(blank=True, default="", max_length=500)),
                ("actor_kind", models.CharField(blank=True, default="", max_length=10)),
                ("actor_key", models.CharField(blank=True, default="", max_length=40)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "payment event",
                "verbose_name_plural": "payment events",
                "indexes": [models.Index(fields=["payment", "kind"], name="payment_event_by_kind")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0)), name="payment_event_not_negative"
                    )
                ],
            },
        ),
    ]
