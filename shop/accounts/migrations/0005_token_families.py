import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_sign_ins"),
    ]

    operations = [
        migrations.CreateModel(
            name="TokenFamily",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="token_families",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("current_token_id", models.CharField(max_length=43)),
                ("previous_token_id", models.CharField(blank=True, default="", max_length=43)),
                ("rotated_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("ip_address", models.GenericIPAddressField(blank=True, null=True)),
                ("user_agent", models.CharField(blank=True, default="", max_length=300)),
            ],
            options={
                "verbose_name": "sign-in over the API",
                "verbose_name_plural": "sign-ins over the API",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="token_family_expires_after_it_is_created",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("current_token_id", models.F("previous_token_id")), _negated=True
                        ),
                        name="token_family_tokens_differ",
                    ),
                ],
            },
        ),
    ]
