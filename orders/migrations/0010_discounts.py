import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("catalog", "0002_categories"),
        ("catalog", "0003_products"),
        ("cooperatives", "0001_cooperatives"),
        ("core", "0001_channels"),
        ("orders", "0009_approvals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Discount",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="discounts",
                        to="orders.order",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("promotion", "promotion"),
                            ("order_promotion", "order promotion"),
                            ("voucher", "voucher"),
                            ("manual", "by hand"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "value_type",
                    models.CharField(choices=[("fixed", "amount"), ("percentage", "percent")], max_length=12),
                ),
                ("value", models.DecimalField(decimal_places=3, max_digits=20)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("name", models.CharField(blank=True, default="", max_length=255)),
                ("source_key", models.CharField(blank=True, default="", max_length=80)),
                ("reason", models.TextField(blank=True, default="")),
                (
                    "bearer",
                    models.CharField(
                        choices=[("platform", "the market"), ("cooperative", "the cooperative")],
                        max_length=12,
                    ),
                ),
            ],
            options={
                "verbose_name": "discount",
                "verbose_name_plural": "discounts",
                "indexes": [models.Index(fields=["order"], name="discount_by_order")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gte", 0)), name="discount_not_negative"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DiscountShare",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "discount",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shares",
                        to="orders.discount",
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="discount_shares",
                        to="orders.orderline",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="discount_shares",
                        to="orders.orderpart",
                    ),
                ),
                ("amount", models.BigIntegerField()),
                ("amount_before_weighing", models.BigIntegerField(blank=True, null=True)),
                ("is_price_reduction", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("line__isnull", False), ("part", None)),
                            models.Q(("line", None), ("part__isnull", False)),
                            _connector="OR",
                        ),
                        name="discount_share_has_line_or_part",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Voucher",
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
                ("name", models.CharField(blank=True, default="", max_length=255)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("entire_order", "whole order"),
                            ("shipping", "delivery"),
                            ("specific_product", "certain goods"),
                        ],
                        default="entire_order",
                        max_length=20,
                    ),
                ),
                (
                    "value_type",
                    models.CharField(
                        choices=[("fixed", "amount"), ("percentage", "percent")],
                        default="fixed",
                        max_length=12,
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="vouchers",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "bearer",
                    models.CharField(
                        choices=[("platform", "the market"), ("cooperative", "the cooperative")],
                        default="platform",
                        max_length=12,
                    ),
                ),
                ("usage_limit", models.PositiveIntegerField(blank=True, null=True)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("apply_once_per_order", models.BooleanField(default=False)),
                ("apply_once_per_customer", models.BooleanField(default=False)),
                ("only_for_staff", models.BooleanField(default=False)),
                ("single_use", models.BooleanField(default=False)),
                ("minimum_quantity", models.PositiveIntegerField(blank=True, null=True)),
                ("countries", models.JSONField(blank=True, default=list)),
                ("products", models.ManyToManyField(blank=True, related_name="+", to="catalog.product")),
                ("variants", models.ManyToManyField(blank=True, related_name="+", to="catalog.variant")),
                ("categories", models.ManyToManyField(blank=True, related_name="+", to="catalog.category")),
            ],
            options={
                "verbose_name": "voucher",
                "verbose_name_plural": "vouchers",
            },
        ),
        migrations.CreateModel(
            name="VoucherValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="values",
                        to="orders.voucher",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="core.channel"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("value", models.DecimalField(decimal_places=3, max_digits=20)),
                ("minimum_spent", models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("voucher", "channel"), name="voucher_value_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="VoucherCode",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "voucher",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="codes", to="orders.voucher"
                    ),
                ),
                ("code", models.CharField(max_length=255, unique=True)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "voucher code",
                "verbose_name_plural": "voucher codes",
            },
        ),
        migrations.CreateModel(
            name="VoucherUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="orders.vouchercode",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="voucher_uses",
                        to="orders.order",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("buyer", models.CharField(blank=True, default="", max_length=254)),
                ("used_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["code", "buyer"], name="voucher_use_by_buyer")],
                "constraints": [models.UniqueConstraint(fields=("code", "order"), name="voucher_use_once")],
            },
        ),
    ]
