import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("orders", "0006_payments"),
    ]

    operations = [
        migrations.CreateModel(
            name="StatementImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("bank", "bank statement"), ("cod", "carrier's cash statement")],
                        max_length=8,
                    ),
                ),
                ("file_name", models.CharField(max_length=250)),
                ("digest", models.CharField(help_text="SHA-256 of the file.", max_length=64)),
                (
                    "column_names",
                    models.JSONField(blank=True, default=list, help_text="Column headings of the file."),
                ),
                ("column_mapping", models.JSONField(blank=True, default=dict)),
                ("carrier", models.CharField(blank=True, default="", max_length=120)),
                ("row_count", models.PositiveIntegerField(default=0)),
                ("imported_count", models.PositiveIntegerField(default=0)),
                ("known_count", models.PositiveIntegerField(default=0)),
                ("problems", models.JSONField(blank=True, default=list)),
                (
                    "fee_bearer",
                    models.CharField(
                        choices=[("platform", "the market"), ("cooperative", "the cooperative")],
                        default="platform",
                        max_length=12,
                    ),
                ),
                (
                    "confirmed_at",
                    models.DateTimeField(
                        blank=True, help_text="When the import of its rows was confirmed.", null=True
                    ),
                ),
                (
                    "imported_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["kind", "-created_at", "-id"], name="statement_newest")],
            },
        ),
        migrations.CreateModel(
            name="BankTransfer",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("provider", models.CharField(max_length=20)),
                ("fingerprint", models.CharField(max_length=190, unique=True)),
                ("similarity_key", models.CharField(blank=True, default="", max_length=64)),
                ("event_id", models.CharField(blank=True, default="", max_length=190)),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfers",
                        to="orders.order",
                    ),
                ),
                ("account", models.CharField(blank=True, default="", max_length=40)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(default="VND", max_length=3)),
                ("note", models.CharField(blank=True, default="", max_length=1000)),
                ("reference", models.CharField(blank=True, default="", max_length=120)),
                ("booked_at", models.DateTimeField(help_text="When the bank booked the transfer.")),
                ("first_reported_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "not yet matched"),
                            ("assigned", "assigned to orders"),
                            ("review", "needs review"),
                            ("return_decided", "to be returned"),
                            ("dismissed", "not for an order"),
                        ],
                        default="new",
                        max_length=20,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_code", "no order code in the note"),
                            ("unknown_code", "no order has this code"),
                            ("too_little", "less than is due"),
                            ("too_much", "more than is due"),
                            ("several", "several orders in one transfer"),
                            ("late", "after the deadline"),
                            ("paid", "the order is paid already"),
                            ("ended", "the order was cancelled or has expired"),
                            ("other_method", "the order is paid by another method"),
                            ("other_account", "to an account that is not ours"),
                            ("repeated", "possibly a repeated report of a known transfer"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="transfers",
                        to="orders.statementimport",
                    ),
                ),
                ("payer_bin", models.CharField(blank=True, default="", max_length=6)),
                ("payer_account", models.CharField(blank=True, default="", max_length=19)),
                ("payer_holder", models.CharField(blank=True, default="", max_length=120)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "booked_at", "id"], name="bank_transfer_by_state"),
                    models.Index(fields=["-booked_at", "-id"], name="bank_transfer_newest"),
                    models.Index(fields=["similarity_key"], name="bank_transfer_by_similarity"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="bank_transfer_amount_positive"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TransferShare",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shares",
                        to="orders.banktransfer",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="transfer_shares",
                        to="orders.payment",
                    ),
                ),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orders.paymentevent",
                    ),
                ),
                ("amount", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("transfer", "payment"), name="transfer_share_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="transfer_share_amount_positive"
                    ),
                ],
            },
        ),
    ]
