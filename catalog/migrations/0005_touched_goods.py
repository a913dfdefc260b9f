"""A journal of whose places on the shelf may have changed: which goods, in the order of writing.

Whoever keeps something about goods in memory reads on from where it stopped. `words` tells that what searches
find may have changed. `token` tells that a row is still the one that was read: after a rollback or a restored
copy another one may have its number. Product 0 stands for all of them. Rows are taken away from time to time,
see `catalog.actions.search_terms.known_words`.

SQLite loses triggers when Django rebuilds a table: a later migration that alters one of these tables must run
`backwards` and then `forwards` again around it. The tests of the shelf fail where that was forgotten.
"""

from typing import NamedTuple

from django.db import migrations


class Watched(NamedTuple):
    """A table, the goods that a row of it concerns, what is looked at, the columns that count (none: all of
    them), and whether searches find by them."""

    table: str
    goods: str
    events: tuple[str, ...]
    columns: tuple[str, ...] = ()
    words: bool = False

    def trigger(self, event):
        return f"{self.table}_{'worded' if self.words else 'touched'}_{event.lower()}"


EVENTS = ("INSERT", "UPDATE", "DELETE")
WATCHED = (
    Watched(
        "catalog_listing",
        "SELECT {row}.product_id AS goods",
        ("UPDATE", "DELETE"),
        ("state", "visible_in_listings", "lowest_price", "is_available", "channel_id", "product_id"),
    ),
    # New goods have new words.
    Watched("catalog_listing", "SELECT {row}.product_id AS goods", ("INSERT",), words=True),
    Watched(
        "catalog_product",
        "SELECT {row}.id AS goods",
        ("UPDATE",),
        ("cooperative_id", "category_id", "season"),
    ),
    Watched(
        "catalog_product",
        "SELECT {row}.id AS goods",
        ("UPDATE",),
        ("search_name", "search_text"),
        words=True,
    ),
    Watched("catalog_product", "SELECT {row}.id AS goods", ("DELETE",)),
    Watched(
        "catalog_variant",
        "SELECT {row}.product_id AS goods",
        ("UPDATE", "DELETE"),
        ("unit", "product_id"),
    ),
    Watched(
        "catalog_price",
        "SELECT product_id AS goods FROM catalog_variant WHERE id = {row}.variant_id",
        EVENTS,
        ("amount",),
    ),
    Watched("catalog_product_certificates", "SELECT {row}.product_id AS goods", ("INSERT", "DELETE")),
    Watched(
        "cooperatives_certificate",
        "SELECT product_id AS goods FROM catalog_product_certificates WHERE certificate_id = {row}.id",
        ("UPDATE",),
    ),
    Watched(
        "cooperatives_cooperative",
        "SELECT id AS goods FROM catalog_product WHERE cooperative_id = {row}.id",
        ("UPDATE",),
        ("state", "province_code", "commune_code"),
    ),
    # What goods are called in other languages. Keys of other rows may be no numbers, and PostgreSQL casts
    # before it looks at WHERE.
    Watched(
        "core_translation",
        "SELECT CASE {row}.kind WHEN 'catalog.product' THEN CAST({row}.key AS bigint) END AS goods"
        " WHERE {row}.kind = 'catalog.product' AND {row}.field = 'name'",
        EVENTS,
        words=True,
    ),
)
SQLITE_TABLE = """
CREATE TABLE catalog_touched (
    id integer PRIMARY KEY AUTOINCREMENT, product_id bigint NOT NULL, words boolean NOT NULL DEFAULT false,
    token text NOT NULL DEFAULT (hex(randomblob(8)))
)
"""
POSTGRESQL_TABLE = """
CREATE TABLE catalog_touched (
    id bigserial PRIMARY KEY, product_id bigint NOT NULL, words boolean NOT NULL DEFAULT false,
    token text NOT NULL DEFAULT gen_random_uuid()::text
)
"""


def forwards(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    schema_editor.execute(SQLITE_TABLE if is_sqlite else POSTGRESQL_TABLE)
    for watched in WATCHED:
        for event in watched.events:
            name, table = watched.trigger(event), watched.table
            rule = _condition(watched.columns, is_sqlite) if event == "UPDATE" else ""
            writes = _writing(watched, "old" if event == "DELETE" else "new")
            if is_sqlite:
                schema_editor.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} {rule} BEGIN {writes} END")
                continue
            schema_editor.execute(_function(name, writes))
            schema_editor.execute(
                f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {rule}"
                f" EXECUTE FUNCTION {name}()"
            )
    if not is_sqlite:
        all_of_them = "INSERT INTO catalog_touched (product_id, words) VALUES (0, true);"
        schema_editor.execute(_function("catalog_touched_all", all_of_them))
        schema_editor.execute(
            "CREATE TRIGGER catalog_touched_all AFTER TRUNCATE ON catalog_listing FOR EACH STATEMENT"
            " EXECUTE FUNCTION catalog_touched_all()"
        )


def backwards(apps, schema_editor):
    is_sqlite = schema_editor.connection.vendor == "sqlite"
    both = {watched._replace(words=words) for watched in WATCHED for words in (False, True)}
    # All that an earlier state of this file may have made.
    for name in sorted({watched.trigger(event) for watched in both for event in EVENTS}):
        if is_sqlite:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
        else:
            schema_editor.execute(f"DROP FUNCTION IF EXISTS {name}() CASCADE")
    if not is_sqlite:
        schema_editor.execute("DROP FUNCTION catalog_touched_all() CASCADE")
    schema_editor.execute("DROP TABLE catalog_touched")


def again(apps, schema_editor):
    """The whole journal anew, as it is today: for migrations after which triggers are missing or are others."""
    backwards(apps, schema_editor)
    forwards(apps, schema_editor)


def _writing(watched, row):
    told = f"SELECT goods, {'true' if watched.words else 'false'} FROM ({watched.goods.format(row=row)}) AS each"
    return f"INSERT INTO catalog_touched (product_id, words) {told};"


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
