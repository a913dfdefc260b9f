import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_back_in_stock_requests"),
        ("cooperatives", "0001_cooperatives"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bulletin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("week", models.DateField()),
                (
                    "cooperative",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bulletins",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("language", models.CharField(max_length=16)),
                ("text", models.TextField()),
                ("spoken_text", models.TextField(blank=True, default="")),
                ("created_at", models.DateTimeField()),
                ("last_mailed_follower_id", models.PositiveBigIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "bulletin",
                "verbose_name_plural": "bulletins",
                "indexes": [
                    models.Index(
                        condition=models.Q(("sent_at", None)), fields=["week", "id"], name="bulletin_to_send"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("week"),
                        django.db.models.functions.comparison.Coalesce("cooperative", models.Value(0)),
                        models.F("language"),
                        name="bulletin_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BulletinMention",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "bulletin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mentions",
                        to="catalog.bulletin",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                    ),
                ),
                ("sort_order", models.PositiveSmallIntegerField()),
            ],
            options={
                "verbose_name": "mention in a bulletin",
                "verbose_name_plural": "mentions in bulletins",
                "constraints": [
                    models.UniqueConstraint(fields=("bulletin", "product"), name="bulletin_mention_once")
                ],
            },
        ),
    ]
