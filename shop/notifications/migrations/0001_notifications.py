import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_users"),
    ]

    operations = [
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=120, unique=True)),
                (
                    "contact_method",
                    models.CharField(choices=[("email", "email"), ("sms", "text message")], max_length=10),
                ),
                ("recipient", models.CharField(max_length=254)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("language", models.CharField(default="vi", max_length=16)),
                ("subject", models.CharField(blank=True, default="", max_length=250)),
                ("text", models.TextField()),
                ("html", models.TextField(blank=True, default="")),
                ("sealed_secret", models.TextField(blank=True, default="")),
                ("secret_expires_at", models.DateTimeField(blank=True, null=True)),
                ("unsubscribe_url", models.CharField(blank=True, default="", max_length=500)),
                ("created_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, default="", max_length=250)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("given_up_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("given_up_at", None), ("sent_at", None)),
                        fields=["due_at", "id"],
                        name="notification_waiting",
                    )
                ],
            },
        ),
    ]
