import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_attributes"),
        ("core", "0003_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Category",
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
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="children",
                        to="catalog.category",
                    ),
                ),
                ("path", models.CharField(blank=True, max_length=250, null=True, unique=True)),
                ("level", models.PositiveSmallIntegerField(default=0)),
                ("slug", models.SlugField(max_length=255, unique=True)),
                ("name", models.CharField(max_length=250)),
                ("description", models.JSONField(blank=True, null=True)),
                ("description_text", models.TextField(blank=True, default="")),
                (
                    "picture",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.picture",
                    ),
                ),
                ("sort_order", models.PositiveIntegerField(default=0)),
                ("is_hidden", models.BooleanField(default=False)),
                ("is_shown", models.BooleanField(default=True)),
            ],
            options={
                "verbose_name": "category",
                "verbose_name_plural": "categories",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("parent", models.F("id")), _negated=True),
                        name="category_not_its_own_parent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("is_hidden", False), ("is_shown", False), _connector="OR"),
                        name="category_hidden_or_shown",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MergedCategory",
            fields=[
                ("key", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("slug", models.SlugField(max_length=255)),
                (
                    "into",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merged_categories",
                        to="catalog.category",
                    ),
                ),
            ],
            options={
                "verbose_name": "merged category",
                "verbose_name_plural": "merged categories",
            },
        ),
    ]
