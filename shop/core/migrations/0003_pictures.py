from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_taxes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Picture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("original", models.FileField(max_length=200, upload_to="pictures/original/")),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
                ("alt", models.CharField(blank=True, default="", max_length=250)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "being made"), ("ready", "ready"), ("refused", "not usable")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("width", models.PositiveIntegerField(default=0)),
                ("height", models.PositiveIntegerField(default=0)),
                ("renditions", models.JSONField(blank=True, default=dict)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "picture",
                "verbose_name_plural": "pictures",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["id"], name="picture_waiting"
                    )
                ],
            },
        ),
    ]
