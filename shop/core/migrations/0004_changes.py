from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0003_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("action", models.CharField(max_length=60)),
                ("kind", models.CharField(max_length=60)),
                ("key", models.CharField(max_length=40)),
                ("root_kind", models.CharField(max_length=60)),
                ("root_key", models.CharField(max_length=40)),
                ("cooperative", models.PositiveBigIntegerField(blank=True, null=True)),
                (
                    "actor_kind",
                    models.CharField(
                        choices=[
                            ("person", "person"),
                            ("guest", "guest"),
                            ("app", "app"),
                            ("system", "system"),
                        ],
                        max_length=10,
                    ),
                ),
                ("actor_key", models.CharField(blank=True, default="", max_length=40)),
                ("actor_name", models.CharField(blank=True, default="", max_length=250)),
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
                ("reason", models.TextField(blank=True, default="")),
                ("data", models.JSONField(blank=True, default=dict)),
                ("snapshot", models.JSONField(blank=True, null=True)),
                ("idempotency_key", models.CharField(blank=True, max_length=120, null=True, unique=True)),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "changes",
                "indexes": [
                    models.Index(fields=["root_kind", "root_key", "created_at"], name="change_by_root"),
                    models.Index(fields=["kind", "key"], name="change_by_row"),
                    models.Index(fields=["created_at"], name="change_by_time"),
                ],
            },
        ),
    ]
