import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0011_disputes"),
    ]

    operations = [
        migrations.CreateModel(
            name="GatewayCall",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("gateway", models.CharField(max_length=20)),
                (
                    "operation",
                    models.CharField(
                        choices=[
                            ("start", "start the payment"),
                            ("capture", "capture the authorised amount"),
                            ("void", "void the authorisation"),
                            ("refund", "refund the payment"),
                            ("pay_out", "pay out to a cooperative"),
                            ("reverse_transfer", "reverse a transfer"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="orders.payment",
                    ),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="orders.refund",
                    ),
                ),
                (
                    "payout",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="orders.payout",
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("intended", "to be sent"),
                            ("unknown", "outcome unknown"),
                            ("pending", "being processed by the gateway"),
                            ("needs_buyer", "waits for the buyer"),
                            ("succeeded", "completed"),
                            ("failed", "refused"),
                        ],
                        default="intended",
                        max_length=12,
                    ),
                ),
                ("reference", models.CharField(blank=True, default="", max_length=255)),
                ("url", models.URLField(blank=True, default="", max_length=1000)),
                ("code", models.CharField(blank=True, default="", max_length=80)),
                ("message", models.CharField(blank=True, default="", max_length=500)),
                (
                    "request_parameters",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Parameters of the request; a repeat sends the same ones.",
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("next_check_at", models.DateTimeField(blank=True, null=True)),
                ("dismissed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dismissal_reason",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Why staff dismissed the failed call.",
                        max_length=500,
                    ),
                ),
                ("actor_kind", models.CharField(blank=True, default="", max_length=10)),
                ("actor_key", models.CharField(blank=True, default="", max_length=40)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["next_check_at", "id"], name="gateway_call_to_look_up"),
                    models.Index(fields=["gateway", "reference"], name="gateway_call_by_reference"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0)), name="gateway_call_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("payment__isnull", False), ("payout__isnull", False), _connector="OR"
                        ),
                        name="gateway_call_has_payment_or_payout",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("operation", "start")),
                        fields=("payment",),
                        name="gateway_call_starts_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("operation", "capture"), models.Q(("state", "failed"), _negated=True)
                        ),
                        fields=("payment",),
                        name="gateway_call_captures_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("operation", "void"), models.Q(("state", "failed"), _negated=True)
                        ),
                        fields=("payment",),
                        name="gateway_call_voids_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("operation", "pay_out"), models.Q(("state", "failed"), _negated=True)
                        ),
                        fields=("payout",),
                        name="gateway_call_pays_out_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=20)),
                ("event_id", models.CharField(max_length=190)),
                ("kind", models.CharField(blank=True, default="", max_length=80)),
                ("body", models.TextField(help_text="The verified raw body.")),
                ("received_at", models.DateTimeField()),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("problem", models.CharField(blank=True, default="", max_length=500)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("handled_at", None)),
                        fields=["received_at", "id"],
                        name="webhook_event_unhandled",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("provider", "event_id"), name="webhook_event_once")
                ],
            },
        ),
    ]
