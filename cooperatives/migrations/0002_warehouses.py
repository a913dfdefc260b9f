import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_users"),
        ("cooperatives", "0001_cooperatives"),
        ("core", "0001_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Zone",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("name", models.CharField(max_length=100)),
                ("description", models.TextField(blank=True, default="")),
                (
                    "is_default",
                    models.BooleanField(
                        default=False, help_text="Whether it covers every country that no other zone names."
                    ),
                ),
                ("channels", models.ManyToManyField(blank=True, related_name="zones", to="core.channel")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ZoneCountry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "zone",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="countries",
                        to="cooperatives.zone",
                    ),
                ),
                ("country", models.CharField(max_length=2)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("country", "zone"), name="zone_country_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Warehouse",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("external_reference", models.CharField(blank=True, max_length=250, null=True, unique=True)),
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="warehouses",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("name", models.CharField(max_length=250)),
                ("slug", models.SlugField(max_length=255, unique=True)),
                (
                    "address",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.address"
                    ),
                ),
                ("email", models.EmailField(blank=True, default="", max_length=254)),
                (
                    "click_and_collect",
                    models.CharField(
                        choices=[
                            ("disabled", "no pickup here"),
                            ("local", "pickup of the items in stock here"),
                            ("all", "pickup of all items here"),
                        ],
                        default="disabled",
                        max_length=10,
                    ),
                ),
                ("is_private", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "zones",
                    models.ManyToManyField(blank=True, related_name="warehouses", to="cooperatives.zone"),
                ),
            ],
            options={
                "verbose_name": "warehouse",
                "verbose_name_plural": "warehouses",
                "indexes": [models.Index(fields=["cooperative", "slug"], name="warehouse_by_cooperative")],
            },
        ),
        migrations.CreateModel(
            name="WarehouseChannel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "warehouse",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channel_rows",
                        to="cooperatives.warehouse",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="warehouse_rows",
                        to="core.channel",
                    ),
                ),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "warehouse"), name="warehouse_channel_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="warehouse",
            name="channels",
            field=models.ManyToManyField(
                related_name="warehouses", through="cooperatives.WarehouseChannel", to="core.channel"
            ),
        ),
    ]
