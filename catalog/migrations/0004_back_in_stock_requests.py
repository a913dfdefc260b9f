import secrets

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("catalog", "0003_products"),
    ]

    operations = [
        migrations.CreateModel(
            name="BackInStockRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="back_in_stock_requests",
                        to="catalog.product",
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="back_in_stock_requests",
                        to="catalog.variant",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="back_in_stock_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "contact_method",
                    models.CharField(choices=[("email", "email"), ("sms", "text message")], max_length=10),
                ),
                ("contact", models.CharField(max_length=254)),
                ("language", models.CharField(default="vi", max_length=16)),
                ("is_for_next_season", models.BooleanField(default=False)),
                ("token", models.CharField(default=secrets.token_urlsafe, max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("notified_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "back-in-stock request",
                "verbose_name_plural": "back-in-stock requests",
                "indexes": [
                    models.Index(
                        condition=models.Q(("notified_at", None)),
                        fields=["created_at", "id"],
                        name="back_in_stock_request_waiting",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("product"),
                        django.db.models.functions.comparison.Coalesce("variant", models.Value(0)),
                        models.F("contact"),
                        name="back_in_stock_request_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("contact", ""), _negated=True),
                        name="back_in_stock_request_has_a_contact",
                    ),
                ],
            },
        ),
    ]
