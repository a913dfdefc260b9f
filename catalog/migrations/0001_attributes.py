import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0002_taxes"),
    ]

    operations = [
        migrations.CreateModel(
            name="Attribute",
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
                ("slug", models.SlugField(max_length=250, unique=True)),
                ("name", models.CharField(max_length=255)),
                (
                    "kind",
                    models.CharField(
                        choices=[("product-type", "of products"), ("page-type", "of pages")],
                        default="product-type",
                        max_length=20,
                    ),
                ),
                (
                    "input_type",
                    models.CharField(
                        choices=[
                            ("dropdown", "one of a list"),
                            ("multiselect", "several of a list"),
                            ("file", "file"),
                            ("reference", "references"),
                            ("single-reference", "one reference"),
                            ("numeric", "number"),
                            ("rich-text", "formatted text"),
                            ("plain-text", "text"),
                            ("swatch", "colour"),
                            ("boolean", "yes or no"),
                            ("date", "date"),
                            ("date-time", "date and time"),
                        ],
                        default="dropdown",
                        max_length=20,
                    ),
                ),
                ("entity_type", models.CharField(blank=True, default="", max_length=20)),
                ("unit", models.CharField(blank=True, default="", max_length=100)),
                ("value_required", models.BooleanField(default=False)),
                ("visible_in_storefront", models.BooleanField(default=True)),
                ("filterable_in_storefront", models.BooleanField(default=False)),
                ("filterable_in_dashboard", models.BooleanField(default=False)),
                ("available_in_grid", models.BooleanField(default=False)),
                ("storefront_search_position", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "attribute",
                "verbose_name_plural": "attributes",
            },
        ),
        migrations.CreateModel(
            name="AttributeValue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("external_reference", models.CharField(blank=True, max_length=250, null=True, unique=True)),
                (
                    "attribute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="values",
                        to="catalog.attribute",
                    ),
                ),
                ("slug", models.SlugField(max_length=255)),
                ("name", models.CharField(max_length=255)),
                ("value", models.CharField(blank=True, default="", max_length=255)),
                ("file_url", models.CharField(blank=True, default="", max_length=500)),
                ("content_type", models.CharField(blank=True, default="", max_length=50)),
                ("rich_text", models.JSONField(blank=True, null=True)),
                ("plain_text", models.TextField(blank=True, default="")),
                ("numeric", models.DecimalField(blank=True, decimal_places=6, max_digits=20, null=True)),
                ("boolean", models.BooleanField(blank=True, null=True)),
                ("date_time", models.DateTimeField(blank=True, null=True)),
                ("reference_kind", models.CharField(blank=True, default="", max_length=60)),
                ("reference_key", models.CharField(blank=True, default="", max_length=40)),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("attribute", "slug"), name="attribute_value_slug_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ProductType",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("slug", models.SlugField(max_length=255, unique=True)),
                ("name", models.CharField(max_length=250)),
                (
                    "kind",
                    models.CharField(
                        choices=[("normal", "goods"), ("gift_card", "gift card")],
                        default="normal",
                        max_length=10,
                    ),
                ),
                ("has_variants", models.BooleanField(default=True)),
                ("is_shipping_required", models.BooleanField(default=True)),
                ("is_digital", models.BooleanField(default=False)),
                (
                    "is_perishable",
                    models.BooleanField(default=False, help_text="Whether buyers must see the shelf life."),
                ),
                ("weight", models.PositiveIntegerField(default=0, help_text="grams")),
                (
                    "tax_class",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="product_types",
                        to="core.taxclass",
                    ),
                ),
            ],
            options={
                "verbose_name": "product type",
                "verbose_name_plural": "product types",
            },
        ),
        migrations.CreateModel(
            name="ProductTypeAttribute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "product_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attribute_rows",
                        to="catalog.producttype",
                    ),
                ),
                (
                    "attribute",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="product_type_rows",
                        to="catalog.attribute",
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[("product", "describes the product"), ("variant", "distinguishes variants")],
                        max_length=8,
                    ),
                ),
                ("variant_selection", models.BooleanField(default=False)),
                ("sort_order", models.PositiveIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("product_type", "attribute", "scope"), name="product_type_attribute_once"
                    )
                ],
            },
        ),
    ]
