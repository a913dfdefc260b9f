"""Create the tables that searches read, and the journal of changed products. Triggers fill them:
`catalog.search.triggers`.

SQLite searches with FTS5. PostgreSQL searches a narrow table with GIN indexes. An index over an expression is not
enough: the planner may walk along the products instead, or parse each text again to recheck it, which takes
seconds. Pending lists are off, so that a search after many changes is as fast as before.

The journal lists changed products in the order of writing. `token` tells whether a row is still the one that was
read: after a rollback or a restored backup another row may have its number.
"""

from django.db import migrations

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
    """
    CREATE TABLE catalog_product_change (
        id integer PRIMARY KEY AUTOINCREMENT, product_id bigint NOT NULL,
        has_new_words boolean NOT NULL DEFAULT false, token text NOT NULL DEFAULT (hex(randomblob(8)))
    )
    """,
]
SQLITE_REVERSE = [
    "DROP TABLE catalog_product_change",
    "DROP TABLE catalog_search_translated",
    "DROP TABLE catalog_search",
]
POSTGRESQL = [
    "CREATE TABLE catalog_search (id bigint PRIMARY KEY, name tsvector NOT NULL, text tsvector NOT NULL)",
    "CREATE INDEX catalog_search_name ON catalog_search USING gin (name) WITH (fastupdate = off)",
    "CREATE INDEX catalog_search_text ON catalog_search USING gin (text) WITH (fastupdate = off)",
    """
    CREATE INDEX catalog_search_translated ON core_translation USING gin (to_tsvector('simple', text))
    WHERE kind = 'catalog.product' AND field = 'name'
    """,
    """
    CREATE TABLE catalog_product_change (
        id bigserial PRIMARY KEY, product_id bigint NOT NULL,
        has_new_words boolean NOT NULL DEFAULT false, token text NOT NULL DEFAULT gen_random_uuid()::text
    )
    """,
]
POSTGRESQL_REVERSE = [
    "DROP TABLE catalog_product_change",
    "DROP INDEX catalog_search_translated",
    "DROP TABLE catalog_search",
]


def create_tables(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def drop_tables(apps, schema_editor):
    for statement in SQLITE_REVERSE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL_REVERSE:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0013_wished_products"), ("core", "0011_translations")]
    operations = [migrations.RunPython(create_tables, drop_tables)]
