from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0009_share_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="SweepFailure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sweep", models.CharField(max_length=80)),
                ("row_key", models.CharField(max_length=120)),
                ("count", models.PositiveIntegerField(default=1)),
                ("first_failed_at", models.DateTimeField()),
                ("last_failed_at", models.DateTimeField()),
                ("next_try_at", models.DateTimeField()),
                ("last_error", models.CharField(max_length=500)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("acknowledged_at", None)),
                        fields=["first_failed_at"],
                        name="sweep_failure_unacknowledged",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("sweep", "row_key"), name="sweep_failure_once_per_row")
                ],
            },
        ),
    ]
