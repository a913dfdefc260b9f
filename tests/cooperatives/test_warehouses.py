"""Opening and changing a cooperative's warehouses."""

from __future__ import annotations

import pytest

from catalog.actions.stock.stock_movements import count_stock
from catalog.models import Stock
from cooperatives.actions.warehouses import (
    WarehouseDetails,
    WarehouseUsedForPickup,
    change_warehouse,
    open_warehouse,
)
from cooperatives.models import ClickAndCollect
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, THAI_NGUYEN, make_channel, make_market_pickup, make_seller, make_variant
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}


def details(**overrides):
    fields = {"name": "Kho Nà Ít", "street": "Thôn Nà Ít", "commune_code": "01948"}
    division = {"province_code": THAI_NGUYEN, "province_name": "Thái Nguyên", "commune_name": "Xã Phủ Thông"}
    return WarehouseDetails(**fields | division | overrides)


def open_for(cooperative, *, idempotency_key=None, **fields):
    return open_warehouse(
        cooperative=cooperative, details=details(**fields), idempotency_key=idempotency_key, **ACTOR_AND_NOW
    )


def change(warehouse, *, cooperative=None, **fields):
    change_warehouse(
        cooperative=cooperative or warehouse.cooperative,
        warehouse_id=warehouse.pk,
        details=details(**fields),
        **ACTOR_AND_NOW,
    )


def test_stock_counted_into_new_warehouse_is_reachable() -> None:
    variant = make_variant(on_hand=0)

    warehouse = open_for(variant.cooperative)
    count_stock(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        warehouse_id=warehouse.pk,
        counted_quantity=4,
        **ACTOR_AND_NOW,
    )

    rows = Stock.objects.reachable(channel_id=make_channel().pk, country="VN").filter(warehouse=warehouse)
    assert [row.free for row in rows] == [4]
    assert variant.product.listings.get().is_available
    assert warehouse.address.lines()[1:] == ["Thôn Nà Ít", "Xã Phủ Thông", "Thái Nguyên"]
    change = Change.objects.get(action="warehouse.opened")
    assert (change.key, change.root_key) == (str(warehouse.pk), str(variant.cooperative_id))


def test_warehouse_allows_pickup_only_when_enabled() -> None:
    seller = make_seller()

    closed_to_buyers, shop = open_for(seller), open_for(seller, click_and_collect=ClickAndCollect.LOCAL)

    assert closed_to_buyers.click_and_collect == "disabled"
    assert closed_to_buyers.is_private
    assert shop.click_and_collect == "local"
    assert not shop.is_private
    assert closed_to_buyers.slug != shop.slug


def test_repeated_request_opens_one_warehouse() -> None:
    seller = make_seller()

    first, second = (open_for(seller, idempotency_key="k") for _attempt in range(2))

    assert first == second
    assert seller.warehouses.count() == 2


def test_warehouse_name_and_address_are_changed() -> None:
    warehouse = open_for(make_seller())

    change(warehouse, name="Kho Bộc Bố", street="Thôn Bộc", click_and_collect=ClickAndCollect.LOCAL)

    warehouse.refresh_from_db()
    assert warehouse.name == "Kho Bộc Bố"
    assert warehouse.slug == f"kho-{warehouse.cooperative.slug}-kho-na-it"
    assert warehouse.click_and_collect == "local"
    assert not warehouse.is_private
    assert warehouse.address.lines()[1:] == ["Thôn Bộc", "Xã Phủ Thông", "Thái Nguyên"]
    assert Change.objects.get(action="warehouse.changed").data["from"]["name"] == "Kho Nà Ít"


def test_pickup_of_warehouse_in_use_cannot_be_disabled() -> None:
    delivery_method = make_market_pickup(make_seller(), make_channel())

    with assert_refused(WarehouseUsedForPickup, "warehouse_used_for_pickup"):
        change(delivery_method.warehouse, click_and_collect=ClickAndCollect.DISABLED)


def test_warehouse_of_another_cooperative_is_missing() -> None:
    warehouse, other_seller = open_for(make_seller()), make_seller("HTX Tài Hoan")

    with assert_refused(Missing, "missing"):
        change(warehouse, cooperative=other_seller)
