import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("cooperatives", "0001_cooperatives"),
        ("orders", "0008_settlements"),
    ]

    operations = [
        migrations.CreateModel(
            name="Approval",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("payout", "payment"),
                            ("cooperative_account", "bank account of a cooperative"),
                            ("market_account", "bank account of the market"),
                            ("rules", "rules on second-person approval"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "waits for a second person"),
                            ("confirmed", "confirmed"),
                            ("declined", "declined"),
                            ("withdrawn", "withdrawn"),
                            ("lapsed", "lapsed"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "payout",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approvals",
                        to="orders.payout",
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approvals",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("proposed_values", models.JSONField(default=dict)),
                ("basis", models.JSONField(default=dict)),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposed_approvals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decided_approvals",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, default="", max_length=500)),
            ],
            options={
                "verbose_name": "second-person approval",
                "verbose_name_plural": "second-person approvals",
                "indexes": [models.Index(fields=["state", "proposed_at"], name="approval_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "confirmed"), _negated=True),
                            models.Q(
                                ("decided_by__isnull", False),
                                models.Q(("decided_by", models.F("proposed_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="approval_by_a_second_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cooperative", None), ("kind", "payout"), ("payout__isnull", False)),
                            models.Q(
                                ("cooperative__isnull", False),
                                ("kind", "cooperative_account"),
                                ("payout", None),
                            ),
                            models.Q(
                                ("cooperative", None),
                                ("kind__in", ["market_account", "rules"]),
                                ("payout", None),
                            ),
                            _connector="OR",
                        ),
                        name="approval_of_its_kind",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("payout__isnull", False), ("state", "open")),
                        fields=("payout",),
                        name="approval_one_for_payout",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("cooperative__isnull", False), ("state", "open")),
                        fields=("cooperative",),
                        name="approval_one_for_cooperative",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("cooperative", None), ("payout", None), ("state", "open")),
                        fields=("kind",),
                        name="approval_one_for_market",
                    ),
                ],
            },
        ),
    ]
