"""A closed period never changes: the database itself refuses to book into it, to alter its figures, to drop it.

SQLite loses triggers when Django rebuilds a table: a later migration that alters these tables must run
`backwards` and then `forwards` again around it. `tests/orders/test_ledger.py` fails where that was forgotten.
"""

from django.db import migrations

FIGURES = (
    *("cooperative_id", "currency", "number", "opened_at", "closed_at", "carried_forward", "goods", "delivery"),
    *("refunds", "commission", "tax_withheld", "corrections", "cash_held", "payable"),
)
WORDS = "a closed period never changes"
CLOSED = "EXISTS (SELECT 1 FROM orders_settlement WHERE id = NEW.settlement_id AND state <> 'open')"
# Paid is the one thing that a closed period may still become.
ALTERED = "OLD.state <> 'open' AND (NEW.state = 'open' OR {})".format(
    " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in FIGURES)
)
TRIGGERS = (
    ("orders_ledgerentry", "INSERT", f"NEW.settlement_id IS NOT NULL AND {CLOSED}"),
    ("orders_settlement", "UPDATE", ALTERED),
    ("orders_settlement", "DELETE", "OLD.state <> 'open'"),
)


def forwards(apps, schema_editor):
    sqlite = schema_editor.connection.vendor == "sqlite"
    for table, work, where in TRIGGERS:
        name = f"{table}_closed_no_{work.lower()}"
        if sqlite:
            where = where.replace("IS DISTINCT FROM", "IS NOT")
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {work} ON {table} WHEN {where}"
                f" BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
            )
        else:
            answer = "OLD" if work == "DELETE" else "NEW"
            schema_editor.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                f" IF {where} THEN RAISE EXCEPTION '{WORDS}'; END IF; RETURN {answer}; END $$"
            )
            schema_editor.execute(
                f"CREATE TRIGGER {name} BEFORE {work} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
            )


def backwards(apps, schema_editor):
    sqlite = schema_editor.connection.vendor == "sqlite"
    for table, work, _where in TRIGGERS:
        name = f"{table}_closed_no_{work.lower()}"
        schema_editor.execute(f"DROP TRIGGER {name}" if sqlite else f"DROP TRIGGER {name} ON {table}")
        if not sqlite:
            schema_editor.execute(f"DROP FUNCTION {name}()")


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_append_only")]
    operations = [migrations.RunPython(forwards, backwards)]
