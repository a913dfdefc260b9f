import uuid

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_users"),
        ("core", "0001_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrderNumber",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="OrderCode",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="OrderCodeKey",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(editable=False, max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="order_code_key_is_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("external_reference", models.CharField(blank=True, max_length=250, null=True, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("number", models.BigIntegerField(unique=True)),
                ("code", models.CharField(max_length=12, unique=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="orders",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="orders", to="core.channel"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("web", "web"),
                            ("api", "API"),
                            ("counter", "counter"),
                            ("phone", "phone"),
                            ("zalo", "Zalo"),
                            ("facebook", "Facebook"),
                        ],
                        default="web",
                        max_length=10,
                    ),
                ),
                (
                    "saleor_origin",
                    models.CharField(
                        choices=[
                            ("checkout", "CHECKOUT"),
                            ("draft", "DRAFT"),
                            ("reissue", "REISSUE"),
                            ("bulk_create", "BULK_CREATE"),
                        ],
                        default="checkout",
                        max_length=12,
                    ),
                ),
                ("idempotency_key", models.CharField(blank=True, max_length=80, null=True, unique=True)),
                ("basket_key", models.UUIDField(blank=True, null=True, unique=True)),
                ("placed_at", models.DateTimeField(blank=True, null=True)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, null=True)),
                ("expired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "link_expires_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="The time until which the order's link opens it without a code.",
                        null=True,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("unconfirmed", "to be confirmed"),
                            ("placed", "waiting for the cooperatives"),
                            ("in_preparation", "being prepared"),
                            ("on_the_way", "on the way"),
                            ("delivered", "delivered"),
                            ("returned", "returned"),
                            ("cancelled", "cancelled"),
                            ("expired", "expired"),
                        ],
                        default="draft",
                        max_length=20,
                    ),
                ),
                (
                    "saleor_status",
                    models.CharField(
                        choices=[
                            ("draft", "DRAFT"),
                            ("unconfirmed", "UNCONFIRMED"),
                            ("unfulfilled", "UNFULFILLED"),
                            ("partially fulfilled", "PARTIALLY_FULFILLED"),
                            ("fulfilled", "FULFILLED"),
                            ("partially_returned", "PARTIALLY_RETURNED"),
                            ("returned", "RETURNED"),
                            ("canceled", "CANCELED"),
                            ("expired", "EXPIRED"),
                        ],
                        default="draft",
                        max_length=20,
                    ),
                ),
                (
                    "authorize_coverage",
                    models.CharField(
                        choices=[
                            ("none", "nothing"),
                            ("partial", "in part"),
                            ("full", "in full"),
                            ("overcharged", "more than due"),
                        ],
                        default="none",
                        max_length=12,
                    ),
                ),
                (
                    "charge_coverage",
                    models.CharField(
                        choices=[
                            ("none", "nothing"),
                            ("partial", "in part"),
                            ("full", "in full"),
                            ("overcharged", "more than due"),
                        ],
                        default="none",
                        max_length=12,
                    ),
                ),
                ("buyer_name", models.CharField(blank=True, default="", max_length=256)),
                (
                    "folded_name",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The buyer's name without diacritics, for search.",
                        max_length=520,
                    ),
                ),
                ("email", models.EmailField(blank=True, default="", max_length=254)),
                ("phone", models.CharField(blank=True, default="", max_length=40)),
                ("language", models.CharField(default="vi", max_length=16)),
                ("note", models.TextField(blank=True, default="")),
                (
                    "billing_address",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.address",
                    ),
                ),
                (
                    "shipping_address",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.address",
                    ),
                ),
                ("province_code", models.CharField(blank=True, default="", max_length=10)),
                ("voucher_code", models.CharField(blank=True, default="", max_length=255)),
                ("list_net", models.BigIntegerField(default=0)),
                ("list_gross", models.BigIntegerField(default=0)),
                ("goods_net", models.BigIntegerField(default=0)),
                ("goods_gross", models.BigIntegerField(default=0)),
                ("delivery_net", models.BigIntegerField(default=0)),
                ("delivery_gross", models.BigIntegerField(default=0)),
                ("total_net", models.BigIntegerField(default=0)),
                ("total_gross", models.BigIntegerField(default=0)),
                ("current_total_gross", models.BigIntegerField(default=0)),
                ("charged", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "indexes": [
                    models.Index(fields=["-placed_at", "-number"], name="order_newest"),
                    models.Index(fields=["status", "-placed_at", "-number"], name="order_by_status"),
                    models.Index(fields=["user", "-placed_at"], name="order_by_user"),
                    models.Index(fields=["phone", "number"], name="order_by_phone"),
                    models.Index(fields=["channel", "placed_at"], name="order_by_channel"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_gross",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("goods_gross"), "+", models.F("delivery_gross")
                                ),
                            ),
                            (
                                "total_net",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("goods_net"), "+", models.F("delivery_net")
                                ),
                            ),
                        ),
                        name="order_total_is_goods_and_delivery",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("confirmed_at", None), ("placed_at__isnull", False), _connector="OR"
                        ),
                        name="order_confirmed_was_placed",
                    ),
                ],
            },
        ),
    ]
