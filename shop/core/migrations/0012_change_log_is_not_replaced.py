"""No statement replaces or empties the change log.

The triggers of `0010_change_seals` see updates and deletions. SQLite's REPLACE deletes rows without running
triggers on deletion, and so does PostgreSQL's TRUNCATE.
"""

from django.db import migrations

WORDS = "the change log only grows"
# Each table with its unique columns.
TABLES = {
    "core_change": ("id", "sent_key"),
    "core_sealedchange": ("change_id",),
    "core_changeseal": ("number",),
}


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
                f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_grows()"
            )


def backwards(apps, schema_editor):
    for table in TABLES:
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.execute(f"DROP TRIGGER {table}_no_replace")
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")


class Migration(migrations.Migration):
    dependencies = [("core", "0011_second_person")]
    operations = [migrations.RunPython(forwards, backwards)]
