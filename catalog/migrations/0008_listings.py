import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0007_forbidden_phrases"),
        ("core", "0001_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="Listing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="listings",
                        to="catalog.product",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="listings",
                        to="core.channel",
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("in_review", "being checked"),
                            ("published", "on sale"),
                            ("paused", "paused"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.TextField(blank=True, default="")),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("available_from", models.DateTimeField(blank=True, null=True)),
                ("visible_in_listings", models.BooleanField(default=True)),
                ("lowest_price", models.BigIntegerField(blank=True, null=True)),
                ("lowest_list_price", models.BigIntegerField(blank=True, null=True)),
                ("is_available", models.BooleanField(default=False)),
            ],
            options={
                "verbose_name": "listing",
                "verbose_name_plural": "listings",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "published")),
                        fields=["channel", "-published_at", "-id"],
                        name="listing_newest",
                    ),
                    models.Index(
                        condition=models.Q(("state", "published")),
                        fields=["channel", "lowest_price", "id"],
                        name="listing_by_price",
                    ),
                    models.Index(
                        condition=models.Q(("state", "in_review")),
                        fields=["submitted_at", "id"],
                        name="listing_waiting",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("product", "channel"), name="listing_once")],
            },
        ),
        migrations.CreateModel(
            name="Price",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "variant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="catalog.variant",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="prices", to="core.channel"
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("amount", models.BigIntegerField(blank=True, null=True)),
                ("prior_amount", models.BigIntegerField(blank=True, null=True)),
                ("cost", models.BigIntegerField(blank=True, null=True)),
                ("discounted", models.BigIntegerField(blank=True, null=True)),
                ("promotion_key", models.UUIDField(blank=True, null=True)),
                (
                    "unusual_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="When an app set an unusual price that is not confirmed yet.",
                        null=True,
                    ),
                ),
            ],
            options={
                "verbose_name": "price",
                "verbose_name_plural": "prices",
                "indexes": [
                    models.Index(
                        condition=models.Q(("promotion_key__isnull", False)),
                        fields=["promotion_key"],
                        name="price_by_promotion",
                    ),
                    models.Index(
                        condition=models.Q(("unusual_since__isnull", False)),
                        fields=["unusual_since", "id"],
                        name="price_unusual",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("variant", "channel"), name="price_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount", None), ("amount__gte", 0), _connector="OR"),
                        name="price_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discounted", None),
                            models.Q(("discounted__gte", 0), ("discounted__lte", models.F("amount"))),
                            _connector="OR",
                        ),
                        name="price_discounted_within_list_price",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("discounted", None), ("promotion_key", None)),
                            ("discounted__isnull", False),
                            _connector="OR",
                        ),
                        name="price_promotion_has_a_discount",
                    ),
                ],
            },
        ),
    ]
