"""A journal of whose places on the shelf may have changed: which goods, in the order of writing.

Whoever keeps something about goods in memory reads on from where it stopped. `token` tells that a row is still
the one that was read: after a rollback or a restored copy another one may have its number. Product 0 stands for
all of them. Rows are taken away from time to time, see `catalog.actions.words`.

SQLite loses triggers when Django rebuilds a table: a later migration that alters one of these tables must run
`backwards` and then `forwards` again around it. The tests of the shelf fail where that was forgotten.
"""

from django.db import migrations

# Table: the columns that count (none: all of them), the goods concerned, and what is looked at.
WATCHED = {
    "catalog_listing": (
        ("state", "visible_in_listings", "lowest_price", "is_available", "channel_id", "product_id"),
        "SELECT {row}.product_id",
        ("INSERT", "UPDATE", "DELETE"),
    ),
    "catalog_product": (
        ("cooperative_id", "category_id", "season", "search_name", "search_text"),
        "SELECT {row}.id",
        ("UPDATE", "DELETE"),
    ),
    "catalog_variant": (
        ("unit", "product_id"),
        "SELECT {row}.product_id",
        ("UPDATE", "DELETE"),
    ),
    "catalog_price": (
        ("amount",),
        "SELECT product_id FROM catalog_variant WHERE id = {row}.variant_id",
        ("INSERT", "UPDATE", "DELETE"),
    ),
    "catalog_product_certificates": ((), "SELECT {row}.product_id", ("INSERT", "DELETE")),
    "cooperatives_certificate": (
        (),
        "SELECT product_id FROM catalog_product_certificates WHERE certificate_id = {row}.id",
        ("UPDATE",),
    ),
    "cooperatives_cooperative": (
        ("state", "province_code", "commune_code"),
        "SELECT id FROM catalog_product WHERE cooperative_id = {row}.id",
        ("UPDATE",),
    ),
    # What goods are called in other languages: searches remember what they found. Keys of other rows may be
    # no numbers, and PostgreSQL casts before it looks at WHERE.
    "core_translation": (
        (),
        "SELECT CASE {row}.kind WHEN 'catalog.product' THEN CAST({row}.key AS bigint) END"
        " WHERE {row}.kind = 'catalog.product' AND {row}.field = 'name'",
        ("INSERT", "UPDATE", "DELETE"),
    ),
}
SQLITE_TABLE = """
CREATE TABLE catalog_touched (
    id integer PRIMARY KEY AUTOINCREMENT, product_id bigint NOT NULL,
    token text NOT NULL DEFAULT (hex(randomblob(8)))
)
"""
POSTGRESQL_TABLE = """
CREATE TABLE catalog_touched (
    id bigserial PRIMARY KEY, product_id bigint NOT NULL, token text NOT NULL DEFAULT gen_random_uuid()::text
)
"""
WRITE = "INSERT INTO catalog_touched (product_id)"


def forwards(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    schema_editor.execute(SQLITE_TABLE if is_sqlite else POSTGRESQL_TABLE)
    for table, (columns, goods, events) in WATCHED.items():
        for event in events:
            name = f"{table}_touched_{event.lower()}"
            rule = _condition(columns, is_sqlite) if event == "UPDATE" else ""
            writes = f"{WRITE} {goods.format(row='old' if event == 'DELETE' else 'new')};"
            if is_sqlite:
                schema_editor.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} {rule} BEGIN {writes} END")
                continue
            schema_editor.execute(_function(name, writes))
            schema_editor.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {rule}"
                f" EXECUTE FUNCTION {name}()"
            )
    if not is_sqlite:
        schema_editor.execute(_function("catalog_touched_all", f"{WRITE} VALUES (0);"))
        schema_editor.execute(
            "CREATE TRIGGER catalog_touched_all AFTER TRUNCATE ON catalog_listing FOR EACH STATEMENT"
            " EXECUTE FUNCTION catalog_touched_all()"
        )


def backwards(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    for table, (_columns, _goods, events) in WATCHED.items():
        for event in events:
            name = f"{table}_touched_{event.lower()}"
            if is_sqlite:
                schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
            else:
                schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")
    if not is_sqlite:
        schema_editor.execute("DROP FUNCTION catalog_touched_all() CASCADE")
    schema_editor.execute("DROP TABLE catalog_touched")


def _condition(columns, is_sqlite):
    differs = "IS NOT" if is_sqlite else "IS DISTINCT FROM"
    changed = " OR ".join(f"old.{column} {differs} new.{column}" for column in columns)
    return f"WHEN ({changed})" if changed else ""


def _function(name, writes):
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {writes} RETURN NULL; END $$"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0004_search_words"),
        ("cooperatives", "0002_groups_work_for_cooperatives"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]
