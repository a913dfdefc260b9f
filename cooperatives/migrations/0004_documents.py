import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("cooperatives", "0003_delivery"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApplicationDocument",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="documents",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("registration", "registration certificate"),
                            ("representative", "ID card or mandate of the representative"),
                            ("bank_account", "proof of the bank account"),
                            ("food_safety", "food safety certificate"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("in_review", "being checked"),
                            ("accepted", "accepted"),
                            ("returned", "sent back"),
                        ],
                        default="in_review",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.TextField(blank=True, default="")),
                ("submitted_at", models.DateTimeField()),
                (
                    "submitted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("delete_on", models.DateField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "document of an application",
                "verbose_name_plural": "documents of applications",
                "indexes": [
                    models.Index(
                        condition=models.Q(("delete_on__isnull", False)),
                        fields=["delete_on"],
                        name="document_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("cooperative", "kind"), name="document_once_per_kind"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "returned"), _negated=True),
                            models.Q(("state_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="document_returned_with_a_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DocumentFile",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "document",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="cooperatives.applicationdocument",
                    ),
                ),
                ("content", models.BinaryField()),
                (
                    "content_type",
                    models.CharField(
                        choices=[
                            ("image/jpeg", "Jpeg"),
                            ("image/png", "Png"),
                            ("image/webp", "Webp"),
                            ("application/pdf", "Pdf"),
                        ],
                        max_length=20,
                    ),
                ),
                ("size", models.PositiveIntegerField()),
                ("sort_order", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("document", "sort_order"), name="document_file_in_order")
                ],
            },
        ),
    ]
