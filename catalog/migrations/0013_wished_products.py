import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("catalog", "0012_stock"),
    ]

    operations = [
        migrations.CreateModel(
            name="WishedProduct",
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
                        related_name="wishes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.product"
                    ),
                ),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "wished product",
                "verbose_name_plural": "wished products",
                "indexes": [models.Index(fields=["user", "-added_at", "-id"], name="wish_newest")],
                "constraints": [models.UniqueConstraint(fields=("user", "product"), name="wish_once")],
            },
        ),
    ]
