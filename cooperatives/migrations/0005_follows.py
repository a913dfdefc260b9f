import secrets

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("cooperatives", "0004_documents"),
    ]

    operations = [
        migrations.CreateModel(
            name="Follow",
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
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follows",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follows",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("language", models.CharField(default="vi", max_length=16)),
                ("token", models.CharField(default=secrets.token_urlsafe, max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "follower",
                "verbose_name_plural": "followers",
                "indexes": [
                    models.Index(
                        condition=models.Q(("confirmed_at__isnull", False)),
                        fields=["cooperative", "language", "id"],
                        name="follow_to_send_to",
                    ),
                    models.Index(
                        condition=models.Q(("confirmed_at", None)),
                        fields=["created_at"],
                        name="follow_unconfirmed",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.comparison.Coalesce("cooperative", models.Value(0)),
                        models.F("email"),
                        name="follow_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", ""), _negated=True), name="follow_has_an_address"
                    ),
                ],
            },
        ),
    ]
