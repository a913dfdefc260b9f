import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cooperatives", "0001_cooperatives"),
        ("orders", "0013_invoices"),
    ]

    operations = [
        migrations.CreateModel(
            name="LedgerPosting",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("idempotency_key", models.CharField(max_length=160, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("sale", "sale"),
                            ("payment", "payment"),
                            ("refund", "refund"),
                            ("remittance", "cash remitted"),
                            ("unmatched", "unmatched money received or returned"),
                            ("offset", "cash kept by the cooperative"),
                            ("payout", "paid out"),
                            ("settled", "settled"),
                            ("carried", "carried over"),
                            ("correction", "correction"),
                        ],
                        max_length=12,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="orders.order",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="postings",
                        to="orders.orderpart",
                    ),
                ),
                ("memo", models.CharField(blank=True, default="", max_length=250)),
                ("actor_kind", models.CharField(blank=True, default="", max_length=10)),
                ("actor_key", models.CharField(blank=True, default="", max_length=40)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="posting_newest"),
                    models.Index(fields=["part", "kind"], name="posting_by_part"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "posting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="orders.ledgerposting",
                    ),
                ),
                (
                    "account",
                    models.CharField(
                        choices=[
                            ("buyer", "owed by buyers"),
                            ("gateway", "with the card gateway"),
                            ("bank", "on the bank account"),
                            ("carrier_cash", "cash with carriers"),
                            ("cooperative_cash", "cash at cooperatives"),
                            ("unmatched", "money not matched to an order"),
                            ("commission", "commission"),
                            ("delivery_income", "delivery income"),
                            ("platform_cost", "borne by the market"),
                            ("tax_withheld", "tax withheld"),
                            ("cooperative_payable", "owed to cooperatives"),
                            ("payout_due", "payouts due"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "nature",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("goods", "goods sold"),
                            ("delivery", "delivery"),
                            ("refund", "refunds"),
                            ("commission", "commission"),
                            ("tax", "tax withheld"),
                            ("cash", "cash collected"),
                            ("brought", "brought forward"),
                            ("payout", "paid out"),
                            ("correction", "corrections"),
                        ],
                        default="",
                        max_length=12,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.BigIntegerField()),
                (
                    "cooperative",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("carrier", models.CharField(blank=True, default="", max_length=120)),
                (
                    "settlement",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="orders.settlement",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["account", "currency", "cooperative", "amount"], name="entry_by_account"
                    ),
                    models.Index(fields=["settlement", "nature", "amount"], name="entry_by_settlement"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount", 0), _negated=True), name="ledger_entry_amount_not_zero"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cooperative__isnull", False), ("settlement__isnull", False)),
                            models.Q(
                                ("account__in", ["cooperative_payable", "cooperative_cash"]), _negated=True
                            ),
                            _connector="OR",
                        ),
                        name="ledger_entry_of_a_cooperative_is_in_a_settlement",
                    ),
                ],
            },
        ),
    ]
