"""The change log only grows, and is sealed: see `shop.core.change_log.seal_changes`.

The database refuses to delete changes and seals, and to alter them except for emptying the columns that may
hold personal data. SQLite loses triggers when Django rebuilds a table: a later migration that alters these
tables must run `backwards` and then `forwards` again around it. `tests/shop/core/test_change_log.py` fails where
that was forgotten.
"""

import django.db.models.deletion
from django.db import migrations, models

WORDS = "the change log only grows"
CHANGE = (
    *("id", "at", "action", "kind", "key", "root_kind", "root_key", "cooperative", "actor_kind", "actor_key"),
    *("entry_point", "sent_key"),
)
SEALED = ("change_id", "seal_id", "facts", "name_digest", "content_digest")
SEAL = ("number", "sealed_at", "count", "last_id", "digest")


def fixed(*columns):
    return [f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns]


def may_be_emptied(column, empty):
    return f"(NEW.{column} IS DISTINCT FROM OLD.{column} AND NEW.{column} IS DISTINCT FROM {empty})"


def altered(vendor):
    """Table, and when an update of it is refused."""
    data = "'{}'" if vendor == "sqlite" else "'{}'::jsonb"
    words = [may_be_emptied("actor_name", "''"), may_be_emptied("reason", "''"), may_be_emptied("data", data)]
    salts = [may_be_emptied("name_salt", "''"), may_be_emptied("content_salt", "''")]
    return (
        ("core_change", [*fixed(*CHANGE), *words, may_be_emptied("snapshot", "NULL")]),
        ("core_sealedchange", [*fixed(*SEALED), *salts]),
        ("core_changeseal", fixed(*SEAL)),
    )


def forwards(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for table, conditions in altered(vendor):
        where = " OR ".join(conditions)
        if vendor == "sqlite":
            where = where.replace("IS DISTINCT FROM", "IS NOT")
            refuse = f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"
            schema_editor.execute(
                f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN {where} {refuse}"
            )
            schema_editor.execute(f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}")
            continue
        schema_editor.execute(
            f"CREATE FUNCTION {table}_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$"
        )
        does = f"EXECUTE FUNCTION {table}_only_grows()"
        schema_editor.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({where}) {does}"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {does}"
        )


def backwards(apps, schema_editor):
    sqlite = schema_editor.connection.vendor == "sqlite"
    for table, _conditions in altered(schema_editor.connection.vendor):
        for work in ("update", "delete"):
            schema_editor.execute(f"DROP TRIGGER {table}_no_{work}" + ("" if sqlite else f" ON {table}"))
        if not sqlite:
            schema_editor.execute(f"DROP FUNCTION {table}_only_grows()")


class Migration(migrations.Migration):
    dependencies = [("core", "0009_picture_claims")]
    operations = [
        migrations.CreateModel(
            name="ChangeSeal",
            fields=[
                ("number", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("sealed_at", models.DateTimeField(db_index=True)),
                ("count", models.PositiveIntegerField()),
                ("last_id", models.PositiveBigIntegerField()),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="SealedChange",
            fields=[
                ("change_id", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("facts", models.CharField(max_length=64)),
                ("name_digest", models.CharField(blank=True, max_length=64)),
                ("name_salt", models.CharField(blank=True, max_length=32)),
                ("content_digest", models.CharField(blank=True, max_length=64)),
                ("content_salt", models.CharField(blank=True, max_length=32)),
                (
                    "seal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rows",
                        to="core.changeseal",
                    ),
                ),
            ],
        ),
        migrations.RunPython(forwards, backwards),
    ]
