import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0009_promotions"),
        ("core", "0003_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProductRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revision",
                        to="catalog.product",
                    ),
                ),
                ("values", models.JSONField(default=dict)),
                ("translations", models.JSONField(default=dict)),
                ("variant_names", models.JSONField(default=dict)),
                ("has_pictures", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("in_review", "being checked"), ("returned", "returned")],
                        default="in_review",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.TextField(blank=True, default="")),
                ("submitted_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "product revision",
                "verbose_name_plural": "product revisions",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "in_review")),
                        fields=["submitted_at", "id"],
                        name="revision_waiting",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "returned"), _negated=True),
                            models.Q(("state_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="revision_returned_with_a_reason",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RevisionPicture",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="picture_rows",
                        to="catalog.productrevision",
                    ),
                ),
                (
                    "picture",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.picture"
                    ),
                ),
                (
                    "media",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="catalog.productmedia",
                    ),
                ),
                ("alt", models.CharField(blank=True, default="", max_length=250)),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["revision", "sort_order", "id"], name="revision_picture_in_order")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("revision", "media"), name="revision_media_once")
                ],
            },
        ),
    ]
