import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cooperatives", "0001_cooperatives"),
        ("orders", "0015_rates"),
    ]

    operations = [
        migrations.CreateModel(
            name="CashRemittance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("idempotency_key", models.CharField(max_length=160, unique=True)),
                (
                    "holder",
                    models.CharField(
                        choices=[("carrier", "carrier"), ("cooperative", "cooperative")], max_length=12
                    ),
                ),
                ("carrier", models.CharField(blank=True, default="", max_length=120)),
                (
                    "cooperative",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remittances",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "statement",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remittance",
                        to="orders.statementimport",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "fee_bearer",
                    models.CharField(
                        choices=[("platform", "the market"), ("cooperative", "the cooperative")],
                        default="platform",
                        max_length=12,
                    ),
                ),
                ("collected", models.BigIntegerField(default=0)),
                ("fees", models.BigIntegerField(default=0)),
                ("remitted", models.BigIntegerField(default=0)),
                ("received", models.BigIntegerField(blank=True, null=True)),
                ("resolved_difference", models.BigIntegerField(default=0)),
                (
                    "reference",
                    models.CharField(
                        blank=True, default="", help_text="Reference of the bank transfer.", max_length=120
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Why the received amount differs from the remitted one.",
                        max_length=500,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("reconciled_at", models.DateTimeField(blank=True, null=True)),
                ("actor_kind", models.CharField(blank=True, default="", max_length=10)),
                ("actor_key", models.CharField(blank=True, default="", max_length=40)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="remittance_newest"),
                    models.Index(
                        condition=models.Q(("reconciled_at", None)),
                        fields=["created_at", "id"],
                        name="remittance_unreconciled",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("collected__gte", 0),
                            ("fees__gte", 0),
                            (
                                "remitted",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("collected"), "-", models.F("fees")
                                ),
                            ),
                        ),
                        name="remittance_is_cash_less_fees",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cooperative", None), ("holder", "carrier")),
                            models.Q(("cooperative__isnull", False), ("holder", "cooperative")),
                            _connector="OR",
                        ),
                        name="remittance_cooperative_fits_holder",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("received", None), ("reconciled_at", None)),
                            models.Q(("received__isnull", False), ("reconciled_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="remittance_reconciled_was_received",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RemittanceLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "remittance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="orders.cashremittance",
                    ),
                ),
                (
                    "parcel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remittance_line",
                        to="orders.parcel",
                    ),
                ),
                ("collected", models.BigIntegerField()),
                ("fee", models.BigIntegerField(default=0)),
                ("remitted", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["remittance", "id"], name="remittance_line_in_order")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("collected__gte", 0),
                            ("fee__gte", 0),
                            (
                                "remitted",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("collected"), "-", models.F("fee")
                                ),
                            ),
                        ),
                        name="remittance_line_is_cash_less_fee",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StatementRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="orders.statementimport",
                    ),
                ),
                ("row_number", models.PositiveIntegerField(help_text="Row number in the file, from 1.")),
                ("cells", models.JSONField(default=list)),
                ("code", models.CharField(blank=True, default="", max_length=120)),
                ("collected", models.BigIntegerField(blank=True, null=True)),
                ("fee", models.BigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "to be imported"),
                            ("imported", "imported"),
                            ("known", "known already"),
                            ("problem", "needs review"),
                            ("dismissed", "dismissed"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("bad_amount", "the amount cannot be read"),
                            ("bad_sum", "collected cash less fee is not the remitted amount"),
                            ("repeated", "listed twice in this file"),
                            ("no_code", "no tracking number or code"),
                            ("unknown", "no parcel has this number"),
                            ("several", "several parcels have this number"),
                            ("other_carrier", "sent with another carrier"),
                            ("no_cash", "no cash to collect for this parcel"),
                            ("voided", "the parcel was voided"),
                            ("not_delivered", "not delivered yet according to our records"),
                            ("not_sent", "not dispatched yet according to our records"),
                            ("nothing", "nothing was collected"),
                            ("short", "less than the expected cash"),
                            ("too_much", "more than the expected cash"),
                            ("remitted_differently", "remitted before with another amount"),
                        ],
                        default="",
                        max_length=20,
                    ),
                ),
                (
                    "parcel",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="orders.parcel",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["statement", "state", "row_number"], name="statement_row_by_state")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("statement", "row_number"), name="statement_row_once")
                ],
            },
        ),
    ]
