import uuid

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cooperatives", "0001_cooperatives"),
        ("orders", "0007_transfers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Settlement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="settlements",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "number",
                    models.PositiveIntegerField(
                        help_text="Position among the cooperative's settlements, from 1."
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("closed", "closed"), ("paid", "paid")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("carried_forward", models.BigIntegerField(default=0)),
                ("goods", models.BigIntegerField(default=0)),
                ("delivery", models.BigIntegerField(default=0)),
                ("refunds", models.BigIntegerField(default=0)),
                ("commission", models.BigIntegerField(default=0)),
                ("tax_withheld", models.BigIntegerField(default=0)),
                ("corrections", models.BigIntegerField(default=0)),
                ("cash_held", models.BigIntegerField(default=0)),
                ("payable", models.BigIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["state", "closed_at", "id"], name="settlement_by_state")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cooperative", "currency", "number"), name="settlement_number_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("cooperative", "currency"),
                        name="settlement_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "open"),
                            (
                                "payable",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            django.db.models.expressions.CombinedExpression(
                                                django.db.models.expressions.CombinedExpression(
                                                    django.db.models.expressions.CombinedExpression(
                                                        django.db.models.expressions.CombinedExpression(
                                                            models.F("carried_forward"),
                                                            "+",
                                                            models.F("goods"),
                                                        ),
                                                        "+",
                                                        models.F("delivery"),
                                                    ),
                                                    "+",
                                                    models.F("corrections"),
                                                ),
                                                "-",
                                                models.F("refunds"),
                                            ),
                                            "-",
                                            models.F("commission"),
                                        ),
                                        "-",
                                        models.F("tax_withheld"),
                                    ),
                                    "-",
                                    models.F("cash_held"),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="settlement_payable_is_its_figures",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Payout",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "refund",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payouts",
                        to="orders.refund",
                    ),
                ),
                (
                    "settlement",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payout",
                        to="orders.settlement",
                    ),
                ),
                (
                    "transfer",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payout",
                        to="orders.banktransfer",
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[("bank", "bank transfer"), ("stripe", "Stripe")],
                        default="bank",
                        max_length=8,
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("bank_bin", models.CharField(blank=True, default="", max_length=6)),
                ("bank_account", models.CharField(blank=True, default="", max_length=19)),
                ("bank_holder", models.CharField(blank=True, default="", max_length=120)),
                ("destination", models.CharField(blank=True, default="", max_length=120)),
                (
                    "note",
                    models.CharField(
                        blank=True, default="", help_text="Transfer note as the bank shows it.", max_length=25
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("due", "to be paid"), ("paid", "paid")], default="due", max_length=10
                    ),
                ),
                ("created_at", models.DateTimeField()),
                (
                    "payable_from",
                    models.DateTimeField(
                        blank=True,
                        help_text="Earliest time of payment after a recent change of account.",
                        null=True,
                    ),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("reference", models.CharField(blank=True, default="", max_length=120)),
            ],
            options={
                "indexes": [models.Index(fields=["state", "created_at", "id"], name="payout_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="payout_amount_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refund__isnull", False),
                            ("settlement__isnull", False),
                            ("transfer__isnull", False),
                            _connector="OR",
                        ),
                        name="payout_has_purpose",
                    ),
                ],
            },
        ),
    ]
