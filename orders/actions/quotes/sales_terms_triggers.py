"""Triggers that add a row to the journal `orders_termschange` when a table of the sales terms changes."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from shop.core.database.triggers import Trigger

_ADD_ROW = "INSERT INTO orders_termschange (table_name) VALUES ('{}');"
_EVENTS = ("INSERT", "UPDATE", "DELETE")
# The tables that the terms of sale are read from.
_TABLES = (
    "core_shopsettings",
    "core_taxclass",
    "core_taxrate",
    "cooperatives_deliverymethod",
    "cooperatives_deliveryrate",
    "cooperatives_marketday",
    "cooperatives_shippingservice",
    "cooperatives_shippingserviceprice",
    "cooperatives_zone",
    "cooperatives_zone_channels",
    "cooperatives_zonecountry",
    "cooperatives_warehouse",
    "orders_commissionrate",
    "orders_ordercodekey",
)
# Most addresses are buyers' own. Those of pickup places belong to warehouses.
_OF_WAREHOUSE = "EXISTS (SELECT 1 FROM cooperatives_warehouse WHERE address_id = NEW.id)"

TRIGGERS = (
    *(
        Trigger(f"{table}_terms_{event.lower()}", table, f"AFTER {event}", body=_ADD_ROW.format(table))
        for table in _TABLES
        for event in _EVENTS
    ),
    Trigger(
        "accounts_address_terms_update",
        "accounts_address",
        "AFTER UPDATE",
        _OF_WAREHOUSE,
        body=_ADD_ROW.format("accounts_address"),
    ),
    Trigger(  # a commission rate covers a branch of the categories
        "catalog_category_terms_update",
        "catalog_category",
        "AFTER UPDATE",
        "OLD.path IS DISTINCT FROM NEW.path",
        body=_ADD_ROW.format("catalog_category"),
    ),
)


def mark_terms_changed(connection: BaseDatabaseWrapper) -> None:
    """In a transaction: add a row to the journal. Call this after the triggers were missing."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_ROW.format("all"))
