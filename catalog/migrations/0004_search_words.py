"""Words of names beside all words, words that mean the same, and slips of the pen; and the index over them.

On SQLite FTS5, kept by triggers, on PostgreSQL GIN. SQLite loses triggers when Django rebuilds a table: a later
migration that alters catalog_product or core_translation must run `backwards` and then `forwards` again around
it. The search's tests fail where that was forgotten.
"""

from importlib import import_module

from django.db import migrations, models

index_before = import_module("catalog.migrations.0002_search_index")

SQLITE = [
    """
    CREATE VIRTUAL TABLE catalog_search USING fts5(
        search_name, search_text, content='catalog_product', content_rowid='id', tokenize='ascii',
        prefix='2 3', detail='column'
    )
    """,
    """
    CREATE TRIGGER catalog_search_added AFTER INSERT ON catalog_product BEGIN
        INSERT INTO catalog_search (rowid, search_name, search_text)
        VALUES (new.id, new.search_name, new.search_text);
    END
    """,
    """
    CREATE TRIGGER catalog_search_removed AFTER DELETE ON catalog_product BEGIN
        INSERT INTO catalog_search (catalog_search, rowid, search_name, search_text)
        VALUES ('delete', old.id, old.search_name, old.search_text);
    END
    """,
    """
    CREATE TRIGGER catalog_search_changed AFTER UPDATE OF search_name, search_text ON catalog_product
    WHEN old.search_name <> new.search_name OR old.search_text <> new.search_text BEGIN
        INSERT INTO catalog_search (catalog_search, rowid, search_name, search_text)
        VALUES ('delete', old.id, old.search_name, old.search_text);
        INSERT INTO catalog_search (rowid, search_name, search_text)
        VALUES (new.id, new.search_name, new.search_text);
    END
    """,
    "INSERT INTO catalog_search (catalog_search) VALUES ('rebuild')",
    """
    CREATE VIRTUAL TABLE catalog_search_said USING fts5(
        text, content='core_translation', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER catalog_search_said_added AFTER INSERT ON core_translation
    WHEN new.kind = 'catalog.product' AND new.field = 'name' BEGIN
        INSERT INTO catalog_search_said (rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    CREATE TRIGGER catalog_search_said_removed AFTER DELETE ON core_translation
    WHEN old.kind = 'catalog.product' AND old.field = 'name' BEGIN
        INSERT INTO catalog_search_said (catalog_search_said, rowid, text) VALUES ('delete', old.id, old.text);
    END
    """,
    """
    CREATE TRIGGER catalog_search_said_changed AFTER UPDATE OF text ON core_translation
    WHEN new.kind = 'catalog.product' AND new.field = 'name' AND old.text <> new.text BEGIN
        INSERT INTO catalog_search_said (catalog_search_said, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO catalog_search_said (rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    INSERT INTO catalog_search_said (rowid, text)
    SELECT id, text FROM core_translation WHERE kind = 'catalog.product' AND field = 'name'
    """,
]
SQLITE_BACK = [
    "DROP TRIGGER IF EXISTS catalog_search_said_added",
    "DROP TRIGGER IF EXISTS catalog_search_said_removed",
    "DROP TRIGGER IF EXISTS catalog_search_said_changed",
    "DROP TABLE IF EXISTS catalog_search_said",
    "DROP TRIGGER IF EXISTS catalog_search_added",
    "DROP TRIGGER IF EXISTS catalog_search_removed",
    "DROP TRIGGER IF EXISTS catalog_search_changed",
    "DROP TABLE IF EXISTS catalog_search",
]
POSTGRESQL = [
    """
    CREATE INDEX catalog_search_text ON catalog_product USING gin (to_tsvector('simple', search_text))
    """,
    """
    CREATE INDEX catalog_search_name ON catalog_product
    USING gin (array_to_tsvector(array_remove(string_to_array(search_name, ' '), '')))
    """,
    """
    CREATE INDEX catalog_search_said ON core_translation USING gin (to_tsvector('simple', text))
    WHERE kind = 'catalog.product' AND field = 'name'
    """,
]
POSTGRESQL_BACK = [
    "DROP INDEX catalog_search_said",
    "DROP INDEX catalog_search_name",
    "DROP INDEX catalog_search_text",
]


def forwards(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in SQLITE_BACK if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_BACK:
        schema_editor.execute(statement)


def name_by_slug(apps, schema_editor):
    """Until goods are next edited, their names are known by their slugs, without marks."""
    schema_editor.execute("UPDATE catalog_product SET search_name = replace(slug, '-', ' ')")


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
                ("goods", models.PositiveIntegerField(default=0)),
            ],
            options={
                "verbose_name": "word of the catalogue",
                "verbose_name_plural": "words of the catalogue",
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
            options={"verbose_name": "words of one meaning", "verbose_name_plural": "words of one meaning"},
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
                ("left", models.CharField(max_length=60)),
                (
                    "word",
                    models.ForeignKey(
                        on_delete=models.CASCADE, related_name="misspellings", to="catalog.knownword"
                    ),
                ),
            ],
            options={
                "verbose_name": "slip of the pen",
                "verbose_name_plural": "slips of the pen",
                "constraints": [
                    models.UniqueConstraint(fields=("left", "word"), name="misspelling_once")
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
                "verbose_name": "word of one meaning",
                "verbose_name_plural": "words of one meaning",
                "indexes": [models.Index(fields=["folded"], name="synonym_by_folded")],
                "constraints": [
                    models.UniqueConstraint(fields=("set", "folded"), name="synonym_once"),
                    models.CheckConstraint(
                        condition=models.Q(("folded", ""), _negated=True), name="synonym_has_letters"
                    ),
                ],
            },
        ),
        migrations.RunPython(index_before.backwards, index_before.forwards),
        migrations.AddField("product", "search_name", models.TextField(blank=True, default="")),
        migrations.RunPython(name_by_slug, migrations.RunPython.noop),
        migrations.RunPython(forwards, backwards),
    ]
