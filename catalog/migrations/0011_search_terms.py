import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0010_revisions"),
    ]

    operations = [
        migrations.CreateModel(
            name="KnownWord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("word", models.CharField(max_length=60, unique=True)),
                ("product_count", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "catalogue word",
                "verbose_name_plural": "catalogue words",
            },
        ),
        migrations.CreateModel(
            name="Misspelling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "word",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="misspellings",
                        to="catalog.knownword",
                    ),
                ),
                ("shortened_word", models.CharField(max_length=60)),
            ],
            options={
                "verbose_name": "misspelling",
                "verbose_name_plural": "misspellings",
                "constraints": [
                    models.UniqueConstraint(fields=("shortened_word", "word"), name="misspelling_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="SynonymSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name": "synonym set",
                "verbose_name_plural": "synonym sets",
            },
        ),
        migrations.CreateModel(
            name="Synonym",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="words",
                        to="catalog.synonymset",
                    ),
                ),
                ("text", models.CharField(max_length=60)),
                ("folded", models.CharField(max_length=60)),
                ("sort_order", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "verbose_name": "synonym",
                "verbose_name_plural": "synonyms",
                "indexes": [models.Index(fields=["folded"], name="synonym_by_folded")],
                "constraints": [
                    models.UniqueConstraint(fields=("set", "folded"), name="synonym_once"),
                    models.CheckConstraint(
                        condition=models.Q(("folded", ""), _negated=True), name="synonym_has_letters"
                    ),
                ],
            },
        ),
    ]
