"""The pick list: ticked off by several packers at once, with the lots that expire first."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from catalog.actions.stock.lots import LotDetails, receive_lot
from cooperatives.models import Role
from orders.actions.fulfilment.pack_parcels import pack_parcel
from orders.actions.fulfilment.pick_list import (
    PickListChanged,
    RequestedPick,
    find_open_pick_shares,
    tick_picks,
)
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import PickTick
from shop.core.actors import Actor
from tests.factories import fixed_now, get_stock, make_member, make_seller, make_variant
from tests.markup import html_of
from tests.refusals import all_rows, assert_refused
from tests.shop.members.part_factories import accepted_part
from tests.shop.members.test_bulk_packing import accepted_order

pytestmark = pytest.mark.django_db

PICK_LIST = "/xa-vien/goi/lay-hang/"
TICKS = "/xa-vien/goi/lay-hang/danh-dau/"


def keys_of(response) -> list[str]:
    return re.findall(r'name="pick" value="([^"]+)"', html_of(response))


def test_two_packers_see_each_others_ticks_and_a_tick_twice_is_one(packer, seller) -> None:
    variant = make_variant(seller, name="Khăn", on_hand=50)
    parts = [accepted_order((variant, 2)), accepted_order((variant, 3))]
    member = make_member(seller, Role.PACKER, first_name="Nguyễn Thị Hoa")
    other = Client()
    other.force_login(member)
    keys = keys_of(packer.get(PICK_LIST))
    seen = packer.get(PICK_LIST).context["state_hash"]
    assert packer.get(PICK_LIST, {"seen": seen}).status_code == 204

    other.post(TICKS, {"pick": keys})
    packer.post(TICKS, {"pick": keys})

    ticks = list(PickTick.objects.order_by("quantity").values_list("line__part", "quantity", "picked_by"))
    assert ticks == [(parts[0].pk, 2, member.pk), (parts[1].pk, 3, member.pk)]
    news = packer.get(PICK_LIST, {"seen": seen})
    assert f"{member.name}," in html_of(news)
    assert "Bỏ đánh dấu" in html_of(news)


def test_share_named_in_several_spellings_is_ticked_once(packer, seller) -> None:
    accepted_order((make_variant(seller, on_hand=5), 2))
    (key,) = keys_of(packer.get(PICK_LIST))
    share, _slash, quantity = key.rpartition("/")

    packer.post(TICKS, {"pick": [key, key.upper(), f"{share}/0{quantity}"]})

    assert PickTick.objects.get().quantity == 2


def test_tick_is_removed_again_and_by_order_names_orders_that_are_complete(packer, seller) -> None:
    part = accepted_order((make_variant(seller, name="Khăn"), 1), (make_variant(seller, name="Bí"), 2))
    by_order = f"{PICK_LIST}?theo=don"
    first, second = keys_of(packer.get(by_order))
    packer.post(TICKS, {"pick": first, "by": "don"})
    assert "Đủ hàng rồi" not in html_of(packer.get(by_order))

    answer = packer.post(TICKS, {"pick": second, "by": "don"}, headers={"HX-Request": "true"})

    assert f"Đủ hàng rồi: đóng đơn {part.order.code}" in html_of(answer)
    response = packer.post(TICKS, {"pick": first, "by": "don", "undo": "1"})
    assert response["Location"] == by_order
    assert PickTick.objects.get().quantity == int(second.rpartition("/")[2])


def test_list_names_the_lots_that_expire_first_across_orders(packer, seller) -> None:
    variant = make_variant(seller, name="Chuối sấy", on_hand=0)
    today = timezone.localdate()
    early, late = (
        receive_lot(
            cooperative=seller,
            variant_id=variant.pk,
            warehouse_id=get_stock(variant).warehouse_id,
            quantity=quantity,
            details=LotDetails(expires_on=today + timedelta(days=days)),
            actor=Actor.system(),
            now=fixed_now(),
        )
        for quantity, days in ((3, 30), (5, 60))
    )
    for _number in range(2):
        accepted_order((variant, 2))

    by_product = packer.get(PICK_LIST).context["groups"][0].items
    by_order = packer.get(f"{PICK_LIST}?theo=don").context["groups"]

    assert [item.lots for item in by_product] == [[(early, "3 chiếc"), (late, "1 chiếc")]]
    assert [group.items[0].lots for group in by_order] == [
        [(early, "2 chiếc")],
        [(early, "1 chiếc"), (late, "1 chiếc")],
    ]


def test_tick_ends_when_its_line_is_packed(packer, seller) -> None:
    part = accepted_part(seller)
    line = part.lines.get()
    packer.post(TICKS, {"pick": keys_of(packer.get(PICK_LIST))})

    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 1}, actor=Actor.system(), now=fixed_now())
    void_parcel(parcel_id=parcel.pk, reason="Rách", actor=Actor.system(), now=fixed_now())

    assert PickTick.objects.count() == 0
    (share,) = packer.get(PICK_LIST).context["groups"][0].items[0].shares
    assert (share.quantity, share.tick) == (2, None)


def test_tick_of_a_packed_line_is_refused_and_the_others_stay_unticked(packer, seller) -> None:
    variant = make_variant(seller, on_hand=9)
    packed, waiting = accepted_order((variant, 1)), accepted_order((variant, 1))
    keys = keys_of(packer.get(PICK_LIST))
    line = packed.lines.get()
    pack_parcel(part_id=packed.pk, quantities={line.pk: 1}, actor=Actor.system(), now=fixed_now())
    shares = find_open_pick_shares([waiting.lines.get()], today=fixed_now().date())
    picks = [RequestedPick(part.lines.get().pk, shares[0].warehouse_id, 1) for part in (packed, waiting)]

    with assert_refused(PickListChanged, "pick_list_changed"):
        tick_picks(cooperative=seller, picks=picks, actor=Actor.system(), now=fixed_now())

    page = html_of(packer.post(TICKS, {"pick": keys}, follow=True))
    assert "Danh sách vừa thay đổi." in page


def test_foreign_and_malformed_ticks_change_nothing(packer, seller) -> None:
    foreign_seller = make_seller("HTX khác")
    foreign = accepted_part(foreign_seller).lines.get()
    own = accepted_part(seller).lines.get()
    warehouse_id = get_stock(foreign.variant).warehouse_id
    before = all_rows()

    responses = [
        packer.post(TICKS, {"pick": key})
        for key in (f"{foreign.pk}/{warehouse_id}/2", f"{own.pk}/{warehouse_id}/2", f"{own.pk}//2")
    ]
    endless = f"{own.pk}//{'9' * 5000}"
    malformed = [
        packer.post(TICKS, {"pick": key}) for key in ("x", f"{own.pk}/x/2", f"{own.pk}//-1", "", endless)
    ]

    assert [response.status_code for response in responses] == [302] * 3
    assert [response.status_code for response in malformed] == [404] * 5
    assert all_rows() == before
