"""No statement replaces or empties the ledger.

The triggers of `0002_append_only` see updates and deletions. SQLite's REPLACE deletes rows without running
triggers on deletion, and so does PostgreSQL's TRUNCATE.
"""

from django.db import migrations

WORDS = "the ledger only grows"
# Each table with its unique columns.
TABLES = {"orders_ledgerposting": ("id", "key"), "orders_ledgerentry": ("id",)}


def forwards(apps, schema_editor):
    for table, columns in TABLES.items():
        if schema_editor.connection.vendor == "sqlite":
            taken = " OR ".join(
                f"EXISTS (SELECT 1 FROM {table} WHERE {column} = NEW.{column})" for column in columns
            )
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {taken}"
                f" BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
            )
        else:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
                " FOR EACH STATEMENT EXECUTE FUNCTION orders_ledger_only_grows()"
            )


def backwards(apps, schema_editor):
    for table in TABLES:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {table}_no_replace")
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_second_person")]
    operations = [migrations.RunPython(forwards, backwards)]
