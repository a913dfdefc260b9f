import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0002_categories"),
        ("cooperatives", "0001_cooperatives"),
        ("core", "0002_taxes"),
        ("core", "0003_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Product",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("external_reference", models.CharField(blank=True, max_length=250, null=True, unique=True)),
                ("seo_title", models.CharField(blank=True, max_length=70, null=True)),
                ("seo_description", models.CharField(blank=True, max_length=300, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="products",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "product_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="products",
                        to="catalog.producttype",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="products",
                        to="catalog.category",
                    ),
                ),
                (
                    "producer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="products",
                        to="cooperatives.producer",
                    ),
                ),
                (
                    "tax_class",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="products",
                        to="core.taxclass",
                    ),
                ),
                ("slug", models.SlugField(max_length=255, unique=True)),
                ("name", models.CharField(max_length=250)),
                ("description", models.JSONField(blank=True, null=True)),
                ("description_text", models.TextField(blank=True, default="")),
                ("origin", models.CharField(blank=True, default="", max_length=250)),
                (
                    "ingredients",
                    models.CharField(
                        blank=True,
                        help_text="Ingredients of food, in descending order of quantity (Decree 43/2017 on labels).",
                        max_length=1000,
                        null=True,
                    ),
                ),
                ("packaging", models.CharField(blank=True, default="", max_length=250)),
                ("shelf_life", models.CharField(blank=True, default="", max_length=250)),
                ("storage", models.CharField(blank=True, default="", max_length=250)),
                ("return_terms", models.TextField(blank=True, default="")),
                (
                    "return_days",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Days after receipt within which the cooperative accepts complaints and returns.",
                    ),
                ),
                (
                    "season",
                    models.PositiveSmallIntegerField(
                        default=4095, validators=[django.core.validators.MaxValueValidator(4095)]
                    ),
                ),
                ("season_note", models.CharField(blank=True, default="", max_length=250)),
                ("weight", models.PositiveIntegerField(blank=True, help_text="grams", null=True)),
                (
                    "is_sample",
                    models.BooleanField(default=False, help_text="Whether the prices are sample data."),
                ),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                ("search_name", models.TextField(blank=True, default="")),
                ("search_text", models.TextField(blank=True, default="")),
                ("sort_key", models.CharField(blank=True, default="", max_length=500)),
                (
                    "certificates",
                    models.ManyToManyField(
                        blank=True, related_name="products", to="cooperatives.certificate"
                    ),
                ),
            ],
            options={
                "verbose_name": "product",
                "verbose_name_plural": "products",
                "indexes": [
                    models.Index(fields=["cooperative", "id"], name="product_by_cooperative"),
                    models.Index(fields=["sort_key", "id"], name="product_by_name"),
                    models.Index(fields=["category", "id"], name="product_by_category"),
                    models.Index(fields=["-created_at", "-id"], name="product_newest"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("season__lte", 4095)), name="product_season_is_months"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Variant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("external_reference", models.CharField(blank=True, max_length=250, null=True, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="variants",
                        to="catalog.product",
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="variants",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("sku", models.CharField(blank=True, max_length=255, null=True, unique=True)),
                ("name", models.CharField(blank=True, default="", max_length=255)),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("piece", "piece"),
                            ("fruit", "piece"),
                            ("animal", "head"),
                            ("bundle", "bundle"),
                            ("bunch", "bunch"),
                            ("packet", "packet"),
                            ("bag", "bag"),
                            ("sack", "sack"),
                            ("jar", "jar"),
                            ("bottle", "bottle"),
                            ("box", "box"),
                            ("set", "set"),
                            ("tray", "tray"),
                            ("kg", "kg"),
                            ("lang", "100 g"),
                            ("yen", "10 kg"),
                            ("litre", "litre"),
                        ],
                        default="piece",
                        max_length=10,
                    ),
                ),
                ("content_grams", models.PositiveIntegerField(blank=True, null=True)),
                ("content_ml", models.PositiveIntegerField(blank=True, null=True)),
                ("content_count", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "content_unit",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("piece", "piece"),
                            ("fruit", "piece"),
                            ("animal", "head"),
                            ("bundle", "bundle"),
                            ("bunch", "bunch"),
                            ("packet", "packet"),
                            ("bag", "bag"),
                            ("sack", "sack"),
                            ("jar", "jar"),
                            ("bottle", "bottle"),
                            ("box", "box"),
                            ("set", "set"),
                            ("tray", "tray"),
                            ("kg", "kg"),
                            ("lang", "100 g"),
                            ("yen", "10 kg"),
                            ("litre", "litre"),
                        ],
                        default="",
                        max_length=10,
                    ),
                ),
                ("weight", models.PositiveIntegerField(blank=True, help_text="grams", null=True)),
                ("barcode", models.CharField(blank=True, default="", max_length=40)),
                (
                    "is_sold_by_weight",
                    models.BooleanField(
                        default=False,
                        help_text="Whether the price depends on the weighed amount; the content is an estimate.",
                    ),
                ),
                (
                    "tolerance_percent",
                    models.PositiveSmallIntegerField(
                        default=20,
                        help_text="Percentage above the estimated weight that the buyer is not asked about.",
                    ),
                ),
                ("track_inventory", models.BooleanField(default=True)),
                ("quantity_limit_per_customer", models.PositiveIntegerField(blank=True, null=True)),
                ("quantity_limit_days", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("quantity_limit_per_order", models.PositiveIntegerField(blank=True, null=True)),
                ("low_stock_at", models.PositiveIntegerField(blank=True, null=True)),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "variant",
                "verbose_name_plural": "variants",
                "indexes": [
                    models.Index(fields=["product", "sort_order", "id"], name="variant_in_order"),
                    models.Index(
                        condition=models.Q(("barcode", ""), _negated=True),
                        fields=["barcode"],
                        name="variant_by_barcode",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("sku", ""), _negated=True), name="variant_sku_empty_is_null"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_sold_by_weight", False), ("content_grams__gt", 0), _connector="OR"
                        ),
                        name="variant_sold_by_weight_has_estimate",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quantity_limit_per_order", None),
                            ("quantity_limit_per_order__range", (1, 1_000_000)),
                            _connector="OR",
                        ),
                        name="variant_limit_per_order_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quantity_limit_per_customer", None),
                            ("quantity_limit_per_customer__range", (1, 1_000_000)),
                            _connector="OR",
                        ),
                        name="variant_limit_per_customer_in_range",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("quantity_limit_days", None),
                            models.Q(
                                ("quantity_limit_days__range", (1, 365)),
                                ("quantity_limit_per_customer__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="variant_limit_days_of_a_limit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductMedia",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="media",
                        to="catalog.product",
                    ),
                ),
                (
                    "picture",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="core.picture"
                    ),
                ),
                ("alt", models.CharField(blank=True, default="", max_length=250)),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "indexes": [models.Index(fields=["product", "sort_order", "id"], name="media_in_order")],
            },
        ),
        migrations.CreateModel(
            name="VariantMedia",
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
                        related_name="media_rows",
                        to="catalog.variant",
                    ),
                ),
                (
                    "media",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="variant_rows",
                        to="catalog.productmedia",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("variant", "media"), name="variant_media_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductAttributeValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attribute_rows",
                        to="catalog.product",
                    ),
                ),
                (
                    "value",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="product_rows",
                        to="catalog.attributevalue",
                    ),
                ),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("product", "value"), name="product_value_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="VariantAttributeValue",
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
                        related_name="attribute_rows",
                        to="catalog.variant",
                    ),
                ),
                (
                    "value",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="variant_rows",
                        to="catalog.attributevalue",
                    ),
                ),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("variant", "value"), name="variant_value_once")
                ],
            },
        ),
        migrations.AddField(
            model_name="product",
            name="default_variant",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="catalog.variant",
            ),
        ),
    ]
