"""A second store house sells at once what is counted into it."""

from __future__ import annotations

import pytest

from catalog.actions.stock import count_stock
from catalog.models import Stock
from cooperatives.actions.warehouses import WarehouseDetails, open_warehouse
from cooperatives.models import Collecting
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import NOW, THAI_NGUYEN, make_channel, make_seller, make_variant

pytestmark = pytest.mark.django_db
WHO = {"actor": Actor.system("test"), "now": NOW}


def opened(cooperative, **more):
    details = WarehouseDetails(
        name="Kho Nà Ít",
        street="Thôn Nà Ít",
        province_code=THAI_NGUYEN,
        commune_code="01948",
        province_name="Thái Nguyên",
        commune_name="Xã Phủ Thông",
        **more,
    )
    return open_warehouse(cooperative=cooperative, details=details, **WHO)


def test_goods_counted_into_a_second_store_house_reach_buyers() -> None:
    variant = make_variant(on_hand=0)

    house = opened(variant.cooperative)
    count_stock(
        cooperative=variant.cooperative, variant_id=variant.pk, warehouse_id=house.pk, counted=4, **WHO
    )

    rows = Stock.objects.reachable(channel_id=make_channel().pk, country="VN").filter(warehouse=house)
    assert [row.free for row in rows] == [4]
    assert variant.product.listings.get().is_available
    assert house.address.lines()[1:] == ["Thôn Nà Ít", "Xã Phủ Thông", "Thái Nguyên"]
    change = Change.objects.get(what="warehouse.opened")
    assert (change.key, change.root_key) == (str(house.pk), str(variant.cooperative_id))


def test_buyers_collect_there_only_where_it_says_so() -> None:
    seller = make_seller()

    kept, shop = opened(seller), opened(seller, collecting=Collecting.LOCAL)

    assert (kept.collecting, kept.is_private) == ("disabled", True)
    assert (shop.collecting, shop.is_private) == ("local", False)
    assert kept.slug != shop.slug
