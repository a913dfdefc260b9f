"""The ledger only grows: the database itself refuses to change or delete what is booked.

SQLite loses triggers when Django rebuilds a table: a later migration that alters these tables must run
`backwards` and then `forwards` again around it. `tests/orders/test_ledger.py` fails where that was forgotten.
"""

from django.db import migrations

TABLES = ("orders_ledgerposting", "orders_ledgerentry")
WORK = ("UPDATE", "DELETE")


def forwards(apps, schema_editor):
    sqlite = schema_editor.connection.vendor == "sqlite"
    if not sqlite:
        schema_editor.execute(
            "CREATE FUNCTION orders_ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'the ledger only grows'; END $$"
        )
    for table in TABLES:
        for work in WORK:
            name = f"{table}_no_{work.lower()}"
            does = (
                "BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END"
                if sqlite
                else "FOR EACH ROW EXECUTE FUNCTION orders_ledger_only_grows()"
            )
            schema_editor.execute(f"CREATE TRIGGER {name} BEFORE {work} ON {table} {does}")


def backwards(apps, schema_editor):
    sqlite = schema_editor.connection.vendor == "sqlite"
    for table in TABLES:
        for work in WORK:
            on = "" if sqlite else f" ON {table}"
            schema_editor.execute(f"DROP TRIGGER {table}_no_{work.lower()}{on}")
    if not sqlite:
        schema_editor.execute("DROP FUNCTION orders_ledger_only_grows()")


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
