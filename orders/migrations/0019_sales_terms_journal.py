"""The journal of changed sales terms. Triggers write it (`orders.actions.quotes.sales_terms_triggers`).

After a rollback on SQLite, or in a restored copy, another row may have the same id; its token differs.
"""

from django.db import migrations

SQLITE = """
CREATE TABLE orders_termschange (
    id integer PRIMARY KEY AUTOINCREMENT, table_name text NOT NULL,
    token text NOT NULL DEFAULT (hex(randomblob(8)))
)
"""
POSTGRESQL = """
CREATE TABLE orders_termschange (
    id bigserial PRIMARY KEY, table_name text NOT NULL, token text NOT NULL DEFAULT gen_random_uuid()::text
)
"""


def create_table(apps, schema_editor):
    schema_editor.execute(SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL)


def drop_table(apps, schema_editor):
    schema_editor.execute("DROP TABLE orders_termschange")


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_weight_questions")]
    operations = [migrations.RunPython(create_table, drop_table)]
