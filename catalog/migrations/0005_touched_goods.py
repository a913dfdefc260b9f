"""Add the journal of changed products, in the order of their changes.

`token` shows whether a row is still the one that was read: after a rollback or a restore another row may have its
number. Triggers write the journal (`catalog.search.triggers`).
"""

from django.db import migrations

SQLITE = """
CREATE TABLE catalog_touched (
    id integer PRIMARY KEY AUTOINCREMENT, product_id bigint NOT NULL, words boolean NOT NULL DEFAULT false,
    token text NOT NULL DEFAULT (hex(randomblob(8)))
)
"""
POSTGRESQL = """
CREATE TABLE catalog_touched (
    id bigserial PRIMARY KEY, product_id bigint NOT NULL, words boolean NOT NULL DEFAULT false,
    token text NOT NULL DEFAULT gen_random_uuid()::text
)
"""


def forwards(apps, schema_editor):
    schema_editor.execute(SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL)


def backwards(apps, schema_editor):
    schema_editor.execute("DROP TABLE catalog_touched")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0004_search_words")]
    operations = [migrations.RunPython(forwards, backwards)]
