import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0011_search_terms"),
        ("cooperatives", "0002_warehouses"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="lots", to="catalog.variant"
                    ),
                ),
                ("code", models.CharField(max_length=40, unique=True)),
                ("harvested_on", models.DateField(blank=True, null=True)),
                ("expires_on", models.DateField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Stock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stocks",
                        to="catalog.variant",
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stocks",
                        to="cooperatives.warehouse",
                    ),
                ),
                ("on_hand", models.IntegerField(default=0)),
                ("reserved", models.IntegerField(default=0)),
                ("allocated", models.IntegerField(default=0)),
                (
                    "free",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("on_hand"), "-", models.F("reserved")
                            ),
                            "-",
                            models.F("allocated"),
                        ),
                        output_field=models.IntegerField(),
                    ),
                ),
                ("counted_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "stock",
                "verbose_name_plural": "stocks",
                "constraints": [
                    models.UniqueConstraint(fields=("variant", "warehouse"), name="stock_once"),
                    models.CheckConstraint(
                        condition=models.Q(("reserved__gte", 0)), name="stock_reserved_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("allocated__gte", 0)), name="stock_allocated_not_negative"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Movement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "stock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="catalog.stock",
                    ),
                ),
                ("quantity", models.IntegerField()),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("receipt", "received into stock"),
                            ("count", "counted"),
                            ("dispatch", "dispatched"),
                            ("dispatch_undone", "dispatch undone"),
                            ("return", "returned to stock"),
                            ("loss", "spoilt or lost"),
                            ("transfer", "moved to another warehouse"),
                            ("correction", "corrected"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "lot",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="catalog.lot",
                    ),
                ),
                ("grams", models.IntegerField(blank=True, null=True)),
                (
                    "document",
                    models.CharField(blank=True, default="", help_text="parcel:12, count:…", max_length=80),
                ),
                ("note", models.CharField(blank=True, default="", max_length=250)),
                ("idempotency_key", models.CharField(blank=True, max_length=80, null=True, unique=True)),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("person", "person"),
                            ("guest", "guest"),
                            ("app", "app"),
                            ("system", "system"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_key", models.CharField(blank=True, default="", max_length=40)),
                (
                    "entry_point",
                    models.CharField(
                        choices=[
                            ("market", "market"),
                            ("members", "members' app"),
                            ("desk", "desk"),
                            ("api", "API"),
                            ("system", "system"),
                        ],
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("happened_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "stock movement",
                "verbose_name_plural": "stock movements",
                "indexes": [models.Index(fields=["stock", "created_at", "id"], name="movement_by_stock")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("happened_at", None),
                            ("happened_at__lte", models.F("created_at")),
                            _connector="OR",
                        ),
                        name="movement_happened_before_it_was_recorded",
                    )
                ],
            },
        ),
    ]
