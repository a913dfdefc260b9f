"""Closing warehouses: only empty ones, and their movements are kept."""

from __future__ import annotations

import pytest

from catalog.actions.stock.close_warehouse import LastWarehouse, WarehouseNotEmpty, close_warehouse
from catalog.actions.stock.receipts_and_losses import receive_stock
from catalog.actions.stock.stock_movements import count_stock
from catalog.models import Movement, Stock
from catalog.variant_stock import low_stock_variants
from cooperatives.actions.warehouses import WarehouseUsedForPickup
from cooperatives.models import Warehouse
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_channel, make_market_pickup, make_seller, make_variant, make_warehouse
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}


def close(warehouse, cooperative=None):
    return close_warehouse(
        cooperative=cooperative or warehouse.cooperative, warehouse_id=warehouse.pk, **ACTOR_AND_NOW
    )


def test_unused_warehouse_is_deleted() -> None:
    seller = make_seller()
    second = make_warehouse(seller, make_channel())

    deleted = close(second)

    assert deleted
    assert seller.warehouses.count() == 1
    assert Change.objects.get(action="warehouse.deleted").snapshot == {
        "name": second.name,
        "slug": second.slug,
    }


def test_used_warehouse_is_closed_and_keeps_its_movements() -> None:
    variant = make_variant(on_hand=4)
    seller = variant.cooperative
    first = seller.warehouses.get()
    make_warehouse(seller, make_channel())
    count_stock(
        cooperative=seller, variant_id=variant.pk, warehouse_id=first.pk, counted_quantity=0, **ACTOR_AND_NOW
    )

    deleted = close(first)

    first.refresh_from_db()
    assert not deleted
    assert (first.closed_at, first.channels.count(), first.zones.count()) == (NOW, 0, 0)
    assert list(Movement.objects.order_by("pk").values_list("quantity", flat=True)) == [4, -4]
    assert not Stock.objects.for_cooperative(seller).countable().exists()
    assert [variant.free for variant in low_stock_variants(seller, make_channel())] == [0]


def test_closed_warehouse_receives_no_stock() -> None:
    variant = make_variant(on_hand=0)
    first = variant.cooperative.warehouses.get()
    Warehouse.objects.filter(pk=first.pk).update(closed_at=NOW)

    with assert_refused(Missing, "missing"):
        receive_stock(
            cooperative=variant.cooperative,
            variant_id=variant.pk,
            warehouse_id=first.pk,
            quantity=3,
            **ACTOR_AND_NOW,
        )


@pytest.mark.parametrize("quantities", [{"on_hand": 1}, {"on_hand": -1}, {"allocated": 1}, {"reserved": 1}])
def test_warehouse_with_stock_or_allocations_cannot_be_closed(quantities) -> None:
    variant = make_variant(on_hand=0)
    make_warehouse(variant.cooperative, make_channel())
    Stock.objects.update(**quantities)

    with assert_refused(WarehouseNotEmpty, "warehouse_not_empty"):
        close(Stock.objects.get(variant=variant).warehouse)


def test_pickup_warehouse_and_last_warehouse_cannot_be_closed() -> None:
    seller = make_seller()
    only = seller.warehouses.get()

    with assert_refused(LastWarehouse, "last_warehouse"):
        close(only)
    make_warehouse(seller, make_channel())
    delivery_method = make_market_pickup(seller, make_channel())
    with assert_refused(WarehouseUsedForPickup, "warehouse_used_for_pickup"):
        close(delivery_method.warehouse)


def test_foreign_and_closed_warehouses_are_missing() -> None:
    seller, other = make_seller(), make_seller("HTX Tài Hoan")
    warehouse = make_warehouse(seller, make_channel())

    with assert_refused(Missing, "missing"):
        close(warehouse, cooperative=other)
    Warehouse.objects.filter(pk=warehouse.pk).update(closed_at=NOW)
    with assert_refused(Missing, "missing"):
        close(warehouse)
