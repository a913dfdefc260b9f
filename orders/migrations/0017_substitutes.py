import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0003_products"),
        ("catalog", "0012_stock"),
        ("orders", "0016_remittances"),
    ]

    operations = [
        migrations.CreateModel(
            name="Substitute",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="substitutes",
                        to="orders.orderline",
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.variant"
                    ),
                ),
                ("substitute_quantity", models.PositiveIntegerField()),
                ("unit_list_price", models.BigIntegerField()),
                ("unit_price", models.BigIntegerField()),
                ("tax_rate", models.DecimalField(decimal_places=3, default=0, max_digits=6)),
                ("tax_class_name", models.CharField(blank=True, default="", max_length=255)),
                ("replaced_gross", models.BigIntegerField()),
                ("total_gross", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waits for the buyer"),
                            ("accepted", "accepted"),
                            ("rejected", "rejected"),
                            ("expired", "not answered in time"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("offered_at", models.DateTimeField()),
                ("answer_by", models.DateTimeField()),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "new_line",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="substitute_for",
                        to="orders.orderline",
                    ),
                ),
                ("idempotency_key", models.CharField(blank=True, max_length=160, null=True, unique=True)),
            ],
            options={
                "verbose_name": "substitute",
                "verbose_name_plural": "substitutes",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["answer_by", "id"],
                        name="substitute_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "waiting")),
                        fields=("line",),
                        name="substitute_one_waiting",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1), ("substitute_quantity__gte", 1)),
                        name="substitute_quantities_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("replaced_gross__gt", 0),
                            ("total_gross__gte", 0),
                            ("total_gross__lte", models.F("replaced_gross")),
                        ),
                        name="substitute_costs_no_more",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("new_line", None), ("state", "accepted"), _connector="OR"),
                        name="substitute_line_was_accepted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("answered_at", None),
                            models.Q(("state", "waiting"), _negated=True),
                            _connector="OR",
                        ),
                        name="substitute_waiting_has_no_answer",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SubstituteHold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "substitute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="orders.substitute",
                    ),
                ),
                (
                    "stock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="substitute_holds",
                        to="catalog.stock",
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("substitute", "stock"), name="substitute_hold_once"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="substitute_hold_quantity_positive"
                    ),
                ],
            },
        ),
    ]
