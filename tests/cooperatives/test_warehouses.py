"""A second store house sells at once what is counted into it."""

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
from tests.factories import NOW, THAI_NGUYEN, make_channel, make_market_way, make_seller, make_variant
from tests.unchanged import refused

pytestmark = pytest.mark.django_db
WHO = {"actor": Actor.system("test"), "now": NOW}


def details(**more):
    said = {"name": "Kho Nà Ít", "street": "Thôn Nà Ít", "commune_code": "01948"}
    place = {"province_code": THAI_NGUYEN, "province_name": "Thái Nguyên", "commune_name": "Xã Phủ Thông"}
    return WarehouseDetails(**said | place | more)


def opened(cooperative, *, key=None, **more):
    return open_warehouse(cooperative=cooperative, details=details(**more), key=key, **WHO)


def changed(house, *, cooperative=None, **more):
    change_warehouse(
        cooperative=cooperative or house.cooperative,
        warehouse_id=house.pk,
        details=details(**more),
        **WHO,
    )


def test_stock_counted_into_new_warehouse_is_reachable() -> None:
    variant = make_variant(on_hand=0)

    house = opened(variant.cooperative)
    count_stock(
        cooperative=variant.cooperative, variant_id=variant.pk, warehouse_id=house.pk, counted=4, **WHO
    )

    rows = Stock.objects.reachable(channel_id=make_channel().pk, country="VN").filter(warehouse=house)
    assert [row.free for row in rows] == [4]
    assert variant.product.listings.get().is_available
    assert house.address.lines()[1:] == ["Thôn Nà Ít", "Xã Phủ Thông", "Thái Nguyên"]
    change = Change.objects.get(action="warehouse.opened")
    assert (change.key, change.root_key) == (str(house.pk), str(variant.cooperative_id))


def test_warehouse_allows_pickup_only_when_enabled() -> None:
    seller = make_seller()

    kept, shop = opened(seller), opened(seller, click_and_collect=ClickAndCollect.LOCAL)

    assert (kept.click_and_collect, kept.is_private) == ("disabled", True)
    assert (shop.click_and_collect, shop.is_private) == ("local", False)
    assert kept.slug != shop.slug


def test_repeated_request_opens_one_warehouse() -> None:
    seller = make_seller()

    first, second = (opened(seller, key="k") for _sent in range(2))

    assert first == second
    assert seller.warehouses.count() == 2


def test_warehouse_name_and_address_are_changed() -> None:
    house = opened(make_seller())

    changed(house, name="Kho Bộc Bố", street="Thôn Bộc", click_and_collect=ClickAndCollect.LOCAL)

    house.refresh_from_db()
    assert (house.name, house.slug, house.click_and_collect, house.is_private) == (
        "Kho Bộc Bố",
        f"kho-{house.cooperative.slug}-kho-na-it",
        "local",
        False,
    )
    assert house.address.lines()[1:] == ["Thôn Bộc", "Xã Phủ Thông", "Thái Nguyên"]
    assert Change.objects.get(action="warehouse.changed").data["from"]["name"] == "Kho Nà Ít"


def test_pickup_of_warehouse_in_use_cannot_be_disabled() -> None:
    delivery_method = make_market_way(make_seller(), make_channel())

    with refused(WarehouseUsedForPickup, "still_collected"):
        changed(delivery_method.warehouse, click_and_collect=ClickAndCollect.DISABLED)


def test_warehouse_of_another_cooperative_is_missing() -> None:
    house, other = opened(make_seller()), make_seller("HTX Tài Hoan")

    with refused(Missing, "missing"):
        changed(house, cooperative=other)
