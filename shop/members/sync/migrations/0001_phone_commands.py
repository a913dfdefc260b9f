import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_users"),
        ("cooperatives", "0001_cooperatives"),
        ("core", "0003_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="PhoneCommand",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                ("key", models.UUIDField()),
                ("name", models.CharField(max_length=40)),
                ("digest", models.CharField(max_length=64)),
                ("device_time", models.DateTimeField()),
                ("clock_difference", models.DurationField()),
                ("received_at", models.DateTimeField()),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("done", "done"), ("refused", "refused")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("code", models.CharField(blank=True, default="", max_length=60)),
                ("message", models.TextField(blank=True, default="")),
                ("details", models.JSONField(blank=True, default=dict)),
                ("result", models.JSONField(blank=True, default=dict)),
                ("row_kind", models.CharField(blank=True, default="", max_length=10)),
                ("row_id", models.PositiveBigIntegerField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "command from a phone",
                "verbose_name_plural": "commands from phones",
                "indexes": [models.Index(fields=["received_at"], name="phone_command_by_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="phone_command_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at", None), ("outcome", "")),
                            models.Q(
                                models.Q(("outcome", ""), _negated=True), ("answered_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="phone_command_answer_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PhonePhoto",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                ("key", models.UUIDField()),
                ("size", models.PositiveIntegerField()),
                ("received", models.PositiveIntegerField(default=0)),
                (
                    "picture",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.picture",
                    ),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "photo from a phone",
                "verbose_name_plural": "photos from phones",
                "indexes": [models.Index(fields=["created_at"], name="phone_photo_by_age")],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="phone_photo_once"),
                    models.CheckConstraint(
                        condition=models.Q(("received__lte", models.F("size"))),
                        name="phone_photo_not_longer_than_its_size",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PhonePhotoPiece",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "photo",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="pieces",
                        to="sync.phonephoto",
                    ),
                ),
                ("start", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("photo", "start"), name="phone_photo_piece_once")
                ],
            },
        ),
    ]
