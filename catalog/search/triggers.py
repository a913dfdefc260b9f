"""Triggers that fill the search tables and the journal of changed products, and a refill of both.

`catalog_search` holds the folded words of products. On SQLite `catalog_search_translated` holds the folded
words of translated product names.

`catalog_product_change` is a journal. In the order of writing it names each product whose entry in the facet
index may have changed. `has_new_words` is set if search results may have changed too. Product 0 stands for
all products. `catalog.actions.search_terms.known_words` deletes old rows.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from shop.core.database.triggers import Trigger

_SQLITE = "sqlite"
_POSTGRESQL = "postgresql"


@dataclass(frozen=True, slots=True)
class _JournalledTable:
    """A table whose changes are journalled.

    `products` selects the affected product ids. Empty `columns` means any column.
    """

    table: str
    products: str
    events: tuple[str, ...]
    columns: tuple[str, ...] = ()
    has_new_words: bool = False

    def triggers(self) -> list[Trigger]:
        return [self._trigger(event) for event in self.events]

    def _trigger(self, event: str) -> Trigger:
        changed = " OR ".join(f"old.{column} IS DISTINCT FROM new.{column}" for column in self.columns)
        products = self.products.format(row="old" if event == "DELETE" else "new")
        return Trigger(
            f"{self.table}_{'worded' if self.has_new_words else 'touched'}_{event.lower()}",
            self.table,
            f"AFTER {event}",
            changed if event == "UPDATE" else "",
            body=f"INSERT INTO catalog_product_change (product_id, has_new_words)"
            f" SELECT product_id, {'true' if self.has_new_words else 'false'} FROM ({products}) AS each;",
        )


_EVENTS = ("INSERT", "UPDATE", "DELETE")
_ITS_PRODUCT = "SELECT {row}.product_id AS product_id"
_ITSELF = "SELECT {row}.id AS product_id"
_JOURNALLED = (
    _JournalledTable(
        "catalog_listing",
        _ITS_PRODUCT,
        ("UPDATE", "DELETE"),
        ("state", "visible_in_listings", "lowest_price", "is_available", "channel_id", "product_id"),
    ),
    # New products have new words.
    _JournalledTable("catalog_listing", _ITS_PRODUCT, ("INSERT",), has_new_words=True),
    _JournalledTable("catalog_product", _ITSELF, ("UPDATE",), ("cooperative_id", "category_id", "season")),
    _JournalledTable(
        "catalog_product", _ITSELF, ("UPDATE",), ("search_name", "search_text"), has_new_words=True
    ),
    _JournalledTable("catalog_product", _ITSELF, ("DELETE",)),
    _JournalledTable("catalog_variant", _ITS_PRODUCT, ("UPDATE", "DELETE"), ("unit", "product_id")),
    _JournalledTable(
        "catalog_price",
        "SELECT product_id FROM catalog_variant WHERE id = {row}.variant_id",
        _EVENTS,
        ("amount",),
    ),
    _JournalledTable("catalog_product_certificates", _ITS_PRODUCT, ("INSERT", "DELETE")),
    _JournalledTable(
        "cooperatives_certificate",
        "SELECT product_id FROM catalog_product_certificates WHERE certificate_id = {row}.id",
        ("UPDATE",),
    ),
    _JournalledTable(
        "cooperatives_cooperative",
        "SELECT id AS product_id FROM catalog_product WHERE cooperative_id = {row}.id",
        ("UPDATE",),
        ("state", "province_code", "commune_code"),
    ),
    # Products' names in other languages. Other kinds may have non-numeric keys, and PostgreSQL casts before
    # it evaluates WHERE.
    _JournalledTable(
        "core_translation",
        "SELECT CASE {row}.kind WHEN 'catalog.product' THEN CAST({row}.key AS bigint) END AS product_id"
        " WHERE {row}.kind = 'catalog.product' AND {row}.field = 'name'",
        _EVENTS,
        has_new_words=True,
    ),
)
_ALL_PRODUCTS = "INSERT INTO catalog_product_change (product_id, has_new_words) VALUES (0, true);"

_ADD = (
    "INSERT INTO catalog_search (rowid, search_name, search_text)"
    " VALUES (new.id, new.search_name, new.search_text);"
)
_REMOVE = (
    "INSERT INTO catalog_search (catalog_search, rowid, search_name, search_text)"
    " VALUES ('delete', old.id, old.search_name, old.search_text);"
)
_ADD_TRANSLATED = "INSERT INTO catalog_search_translated (rowid, text) VALUES (new.id, new.text);"
_REMOVE_TRANSLATED = (
    "INSERT INTO catalog_search_translated (catalog_search_translated, rowid, text)"
    " VALUES ('delete', old.id, old.text);"
)
_VECTOR = "array_to_tsvector(array_remove(string_to_array({}, ' '), ''))"
_NEW_VECTORS = f"new.id, {_VECTOR.format('new.search_name')}, {_VECTOR.format('new.search_text')}"
_UPSERT = (
    f"INSERT INTO catalog_search (id, name, text) VALUES ({_NEW_VECTORS})"
    " ON CONFLICT (id) DO UPDATE SET name = excluded.name, text = excluded.text;"
)
_NEW_WORDS = "old.search_name <> new.search_name OR old.search_text <> new.search_text"
_NAME = "{row}.kind = 'catalog.product' AND {row}.field = 'name'"
_NEW_NAME, _OLD_NAME = _NAME.format(row="new"), _NAME.format(row="old")


def _product_trigger(name: str, event: str, condition: str = "", *, body: str, vendor: str) -> Trigger:
    return Trigger(name, "catalog_product", f"AFTER {event}", condition, body=body, vendor=vendor)


def _name_trigger(name: str, event: str, condition: str, body: str) -> Trigger:
    return Trigger(name, "core_translation", f"AFTER {event}", condition, body=body, vendor=_SQLITE)


TRIGGERS = (
    *(trigger for journalled in _JOURNALLED for trigger in journalled.triggers()),
    Trigger(
        "catalog_product_change_all",
        "catalog_listing",
        "AFTER TRUNCATE",
        body=_ALL_PRODUCTS,
        vendor=_POSTGRESQL,
    ),
    _product_trigger("catalog_search_added", "INSERT", body=_ADD, vendor=_SQLITE),
    _product_trigger("catalog_search_removed", "DELETE", body=_REMOVE, vendor=_SQLITE),
    _product_trigger(
        "catalog_search_changed", "UPDATE", _NEW_WORDS, body=_REMOVE + " " + _ADD, vendor=_SQLITE
    ),
    _name_trigger("catalog_search_translated_added", "INSERT", _NEW_NAME, _ADD_TRANSLATED),
    _name_trigger("catalog_search_translated_removed", "DELETE", _OLD_NAME, _REMOVE_TRANSLATED),
    _name_trigger(
        "catalog_search_translated_changed",
        "UPDATE",
        f"{_NEW_NAME} AND old.text <> new.text",
        _REMOVE_TRANSLATED + " " + _ADD_TRANSLATED,
    ),
    _product_trigger("catalog_search_added", "INSERT", body=_UPSERT, vendor=_POSTGRESQL),
    _product_trigger(
        "catalog_search_removed",
        "DELETE",
        body="DELETE FROM catalog_search WHERE id = old.id;",
        vendor=_POSTGRESQL,
    ),
    _product_trigger("catalog_search_changed", "UPDATE", _NEW_WORDS, body=_UPSERT, vendor=_POSTGRESQL),
    _product_trigger(
        "catalog_search_emptied", "TRUNCATE", body="DELETE FROM catalog_search;", vendor=_POSTGRESQL
    ),
)

_FILL = {
    _SQLITE: (
        "INSERT INTO catalog_search (catalog_search) VALUES ('rebuild')",
        "INSERT INTO catalog_search_translated (catalog_search_translated) VALUES ('delete-all')",
        "INSERT INTO catalog_search_translated (rowid, text)"
        f" SELECT id, text FROM core_translation WHERE {_NAME.format(row='core_translation')}",
    ),
    _POSTGRESQL: (
        "DELETE FROM catalog_search",
        "INSERT INTO catalog_search (id, name, text)"
        f" SELECT id, {_VECTOR.format('search_name')}, {_VECTOR.format('search_text')} FROM catalog_product",
    ),
}


def fill_search_tables(connection: BaseDatabaseWrapper) -> None:
    """In a transaction: fill the search tables from the products, and journal all products as changed.

    Call this after the triggers were missing, for example after a restore. Does nothing in a shop without
    products.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM catalog_product LIMIT 1")
        if cursor.fetchone() is None:
            return
        for statement in (*_FILL[connection.vendor], _ALL_PRODUCTS):
            cursor.execute(statement)
