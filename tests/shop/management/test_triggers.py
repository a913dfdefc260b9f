"""`migrate` restores every trigger, whatever was dropped or changed before."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from catalog.search import search_product_ids
from shop.core.database.triggers import create_triggers
from shop.management.triggers import ALL_TRIGGERS, install_triggers
from tests.factories import make_product

NAMES = {trigger.name for trigger in ALL_TRIGGERS if trigger.vendor in ("", connection.vendor)}


def existing() -> dict[str, str]:
    statement = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return dict(cursor.fetchall())


def drop(name: str, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if connection.vendor == "postgresql" else ""))


@pytest.mark.django_db
def test_migrated_database_has_every_trigger_once() -> None:
    assert existing().keys() == NAMES
    assert create_triggers(connection, ALL_TRIGGERS) == set()


@pytest.mark.django_db
def test_dropped_and_changed_triggers_are_recreated() -> None:
    before = existing()
    drop("orders_ledgerentry_no_delete", "orders_ledgerentry")
    drop("core_change_no_update", "core_change")
    name, table = "core_change_no_update", "core_change"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN SELECT 1; END"
            if connection.vendor == "sqlite"
            else f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
        )

    created = create_triggers(connection, ALL_TRIGGERS)

    assert created == {"orders_ledgerentry_no_delete", "core_change_no_update"}
    assert existing() == before


@pytest.mark.django_db
def test_products_made_without_triggers_are_found() -> None:
    drop("catalog_search_added", "catalog_product")
    product = make_product(name="Miến dong")
    connection.check_constraints()  # PostgreSQL creates no trigger while deferred checks are pending

    install_triggers(connection)

    assert list(search_product_ids("mien dong")) == [product.pk]


@pytest.mark.django_db(transaction=True)
def test_triggers_are_restored_when_all_migrations_are_applied() -> None:
    names = sorted(name for app, name in MigrationLoader(connection).disk_migrations if app == "catalog")

    call_command("migrate", "catalog", names[-2], verbosity=0)
    meanwhile, tables = existing(), set(connection.introspection.table_names())
    call_command("migrate", verbosity=0)

    with_table = {trigger.name for trigger in ALL_TRIGGERS if trigger.table in tables} & NAMES
    assert meanwhile.keys() == (set() if connection.vendor == "sqlite" else with_table)
    assert existing().keys() == NAMES
