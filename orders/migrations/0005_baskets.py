import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("catalog", "0003_products"),
        ("catalog", "0012_stock"),
        ("cooperatives", "0001_cooperatives"),
        ("cooperatives", "0002_warehouses"),
        ("cooperatives", "0003_delivery"),
        ("core", "0001_channels"),
        ("orders", "0004_parcels_and_refunds"),
    ]

    operations = [
        migrations.CreateModel(
            name="Basket",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="baskets",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.channel"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("country", models.CharField(default="VN", max_length=2)),
                ("name", models.CharField(blank=True, default="", max_length=100)),
                ("email", models.EmailField(blank=True, default="", max_length=254)),
                ("phone", models.CharField(blank=True, default="", max_length=40)),
                ("language", models.CharField(default="vi", max_length=16)),
                ("note", models.TextField(blank=True, default="")),
                ("province_code", models.CharField(blank=True, default="", max_length=10)),
                (
                    "billing_address",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.address",
                    ),
                ),
                (
                    "shipping_address",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.address",
                    ),
                ),
                ("voucher_code", models.CharField(blank=True, default="", max_length=255)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["user", "-changed_at", "id"], name="basket_by_user"),
                    models.Index(fields=["changed_at", "id"], name="basket_by_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="BasketLine",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "basket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="lines", to="orders.basket"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.variant"
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                ("seen_price", models.BigIntegerField(blank=True, null=True)),
                ("forced_price", models.BigIntegerField(blank=True, null=True)),
                ("is_gift", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "indexes": [models.Index(fields=["basket", "created_at", "id"], name="basket_line_in_order")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="basket_line_quantity_positive"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DeliveryChoice",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "basket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="delivery_choices",
                        to="orders.basket",
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "delivery_method",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="cooperatives.deliverymethod",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="cooperatives.shippingservice",
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="cooperatives.warehouse",
                    ),
                ),
                ("pickup_day", models.DateField(blank=True, null=True)),
                ("pickup_starts", models.TimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("basket", "cooperative"), name="delivery_choice_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("delivery_method__isnull", False),
                            ("service__isnull", False),
                            ("warehouse__isnull", False),
                            _connector="OR",
                        ),
                        name="delivery_choice_has_method_service_or_warehouse",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reservation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reservations",
                        to="orders.basketline",
                    ),
                ),
                (
                    "stock",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reservations",
                        to="catalog.stock",
                    ),
                ),
                ("quantity", models.PositiveIntegerField()),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at", "id"], name="reservation_by_expiry")],
                "constraints": [
                    models.UniqueConstraint(fields=("line", "stock"), name="reservation_once"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1)), name="reservation_quantity_positive"
                    ),
                ],
            },
        ),
    ]
