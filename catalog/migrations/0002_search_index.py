"""An index over the folded words of goods: FTS5 on SQLite, kept by triggers, GIN on PostgreSQL.

SQLite loses triggers when Django rebuilds a table: a later migration that alters catalog_product must run
`forwards` again, after `backwards`. The search's tests fail where that was forgotten.
"""

from django.db import migrations

SQLITE = [
    """
    CREATE VIRTUAL TABLE catalog_search USING fts5(
        slug, search_text, content='catalog_product', content_rowid='id', tokenize='ascii', prefix='1 2 3'
    )
    """,
    """
    CREATE TRIGGER catalog_search_added AFTER INSERT ON catalog_product BEGIN
        INSERT INTO catalog_search (rowid, slug, search_text) VALUES (new.id, new.slug, new.search_text);
    END
    """,
    """
    CREATE TRIGGER catalog_search_removed AFTER DELETE ON catalog_product BEGIN
        INSERT INTO catalog_search (catalog_search, rowid, slug, search_text)
        VALUES ('delete', old.id, old.slug, old.search_text);
    END
    """,
    """
    CREATE TRIGGER catalog_search_changed AFTER UPDATE OF slug, search_text ON catalog_product BEGIN
        INSERT INTO catalog_search (catalog_search, rowid, slug, search_text)
        VALUES ('delete', old.id, old.slug, old.search_text);
        INSERT INTO catalog_search (rowid, slug, search_text) VALUES (new.id, new.slug, new.search_text);
    END
    """,
    "INSERT INTO catalog_search (catalog_search) VALUES ('rebuild')",
]
SQLITE_BACK = [
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
    CREATE INDEX catalog_search_slug ON catalog_product USING gin (to_tsvector('simple', replace(slug, '-', ' ')))
    """,
]
POSTGRESQL_BACK = ["DROP INDEX catalog_search_slug", "DROP INDEX catalog_search_text"]


def forwards(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def backwards(apps, schema_editor):
    for statement in SQLITE_BACK if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
