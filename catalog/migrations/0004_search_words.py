"""Add the words of names, synonyms, spelling corrections, and the tables that searches read.

SQLite uses FTS5. PostgreSQL uses a narrow table with GIN. An index over an expression is not enough: if the planner
scans the products instead, or rechecks what the index found, it parses every text again, which takes seconds. Pending
lists are off, so that a search after many changes is as fast as before. Triggers fill the tables
(`catalog.search.triggers`).
"""

from django.db import migrations, models

SQLITE = [
    """
    CREATE VIRTUAL TABLE catalog_search USING fts5(
        search_name, search_text, content='catalog_product', content_rowid='id', tokenize='ascii',
        prefix='2 3', detail='column'
    )
    """,
    """
    CREATE VIRTUAL TABLE catalog_search_translated USING fts5(
        text, content='core_translation', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
    )
    """,
]
SQLITE_BACK = ["DROP TABLE catalog_search_translated", "DROP TABLE catalog_search"]
POSTGRESQL = [
    "CREATE TABLE catalog_search (id bigint PRIMARY KEY, name tsvector NOT NULL, text tsvector NOT NULL)",
    "CREATE INDEX catalog_search_name ON catalog_search USING gin (name) WITH (fastupdate = off)",
    "CREATE INDEX catalog_search_text ON catalog_search USING gin (text) WITH (fastupdate = off)",
    """
    CREATE INDEX catalog_search_translated ON core_translation USING gin (to_tsvector('simple', text))
    WHERE kind = 'catalog.product' AND field = 'name'
    """,
]
POSTGRESQL_BACK = ["DROP INDEX catalog_search_translated", "DROP TABLE catalog_search"]


def forwards(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in SQLITE_BACK if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_ingredients"), ("core", "0001_initial")]
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
            options={"verbose_name": "synonym set", "verbose_name_plural": "synonym sets"},
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
                ("shortened_word", models.CharField(max_length=60)),
                (
                    "word",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="misspellings", to="catalog.knownword"
                    ),
                ),
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
            name="Synonym",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=60)),
                ("folded", models.CharField(max_length=60)),
                ("sort_order", models.PositiveSmallIntegerField(default=0)),
                (
                    "set",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="words", to="catalog.synonymset"
                    ),
                ),
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
        migrations.AddField("product", "search_name", models.TextField(blank=True, default="")),
        migrations.RunPython(forwards, backwards),
    ]
