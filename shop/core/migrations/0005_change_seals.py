import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_changes"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeSeal",
            fields=[
                ("number", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("sealed_at", models.DateTimeField(db_index=True)),
                ("count", models.PositiveIntegerField()),
                ("last_id", models.PositiveBigIntegerField()),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="SealedChange",
            fields=[
                ("change_id", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                (
                    "seal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rows", to="core.changeseal"
                    ),
                ),
                ("facts", models.CharField(max_length=64)),
                ("name_digest", models.CharField(blank=True, max_length=64)),
                ("name_salt", models.CharField(blank=True, max_length=32)),
                ("content_digest", models.CharField(blank=True, max_length=64)),
                ("content_salt", models.CharField(blank=True, max_length=32)),
            ],
        ),
    ]
