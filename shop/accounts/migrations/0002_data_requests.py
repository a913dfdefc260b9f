import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
    ]

    operations = [
        migrations.CreateModel(
            name="DataRequest",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("access", "a copy of my data"),
                            ("correction", "correcting my data"),
                            ("deletion", "deleting my data"),
                            ("withdrawal", "withdrawing my consent"),
                            ("objection", "restricting or stopping the use of my data"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "open"),
                            ("done", "completed"),
                            ("refused", "refused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="open",
                        max_length=12,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="data_requests",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "contact_method",
                    models.CharField(
                        blank=True,
                        choices=[("email", "email"), ("sms", "text message")],
                        default="",
                        max_length=10,
                    ),
                ),
                ("contact", models.CharField(blank=True, default="", max_length=254)),
                ("name", models.CharField(blank=True, default="", max_length=256)),
                ("message", models.TextField(blank=True, default="")),
                ("language", models.CharField(default="vi", max_length=16)),
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
                ("due_at", models.DateTimeField(help_text="Legal deadline for the answer.")),
                ("deletion_due_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answered_by", models.CharField(blank=True, default="", max_length=250)),
                ("answer", models.TextField(blank=True, default="")),
                (
                    "obstacle",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Reason why it could not be completed automatically.",
                    ),
                ),
            ],
            options={
                "verbose_name": "data request",
                "verbose_name_plural": "data requests",
                "indexes": [
                    models.Index(fields=["state", "due_at", "id"], name="data_request_by_state"),
                    models.Index(fields=["user", "-created_at"], name="data_request_by_user"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "open"), ("answered_at__isnull", False), _connector="OR"
                        ),
                        name="data_request_closed_has_time",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "deletion"), ("state", "open"), ("user__isnull", False)),
                        fields=("user",),
                        name="data_request_one_deletion",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DataExport",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "request",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="export",
                        to="accounts.datarequest",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="data_exports",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("ready_at", models.DateTimeField(blank=True, null=True)),
                ("expires_at", models.DateTimeField()),
                ("as_json", models.BinaryField(default=bytes)),
                ("as_workbook", models.BinaryField(default=bytes)),
            ],
        ),
    ]
