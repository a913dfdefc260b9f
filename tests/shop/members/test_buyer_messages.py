"""Messages to buyers, ready to copy."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from django.utils.html import escape

from orders.actions.fulfilment.deliver_parcels import fail_delivery, hand_over_parcel
from orders.actions.fulfilment.delivery_runs import create_run, driver_link_token
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.recalls import start_recall
from orders.actions.refunds.answer_substitute import answer_substitute
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import RecallNotice
from shop.core.actors import Actor
from tests.factories import NOW, make_order, make_variant
from tests.markup import html_of
from tests.orders.fulfilment.test_lot_picks import make_lot

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}
GREETING = "Chào {buyer}, {cooperative} nhắn về đơn {code} của bạn."


def test_message_follows_the_part_and_has_no_link_to_the_order(packer, seller) -> None:
    part = make_order((make_variant(seller, on_hand=5), 1), phone="0912345678").parts.get()
    order = part.order
    path = f"/en/xa-vien/goi/{part.pk}/"
    greeting = escape(GREETING.format(buyer=order.buyer_name, cooperative=seller.name, code=order.code))
    assert "data-copy" not in html_of(packer.get(path))  # the buyer's number appears on acceptance

    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    page = html_of(packer.get(path))

    assert f'data-copy="{greeting} Chúng tôi đang chuẩn bị hàng."' in page
    assert 'href="https://zalo.me/0912345678"' in page
    assert "/don-hang/" not in page
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    assert f'data-copy="{greeting} Hàng đang trên đường tới bạn.' in html_of(packer.get(path))


def copied(page: str) -> list[str]:
    """Return the messages that the page offers to copy."""
    return [html.unescape(text) for text in re.findall(r'data-copy="([^"]*)"', page)]


def accepted_part(seller, quantity=2, **variant):
    part = make_order((make_variant(seller, on_hand=9, **variant), quantity), phone="0912345678").parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    return part


def greeting_of(part) -> str:
    order = part.order
    return GREETING.format(buyer=order.buyer_name, cooperative=part.cooperative.name, code=order.code)


def test_shortage_page_asks_and_the_order_says_what_is_missing(packer, seller) -> None:
    part = accepted_part(seller, name="Măng khô")
    line = part.lines.get()
    asked = copied(html_of(packer.get(f"/en/xa-vien/goi/{part.pk}/thieu/")))

    report_shortage(part_id=part.pk, available={line.pk: 1}, **ACTOR_AND_NOW)
    told = copied(html_of(packer.get(f"/en/xa-vien/goi/{part.pk}/")))

    assert asked == [
        f"{greeting_of(part)} Chúng tôi không đủ hàng như bạn đặt."
        " Gửi ít hơn hoặc thay bằng món tương tự được không?"
    ]
    assert len(told) == 1
    assert told[0].startswith(f"{greeting_of(part)} Chúng tôi không gửi được ")
    assert "Măng khô" in told[0]


def test_message_names_the_missing_goods_without_replaced_ones_in_the_orders_language(packer, seller) -> None:
    ginger = make_variant(seller, name="Gừng", unit="packet", on_hand=9)
    bamboo = make_variant(seller, name="Măng khô", on_hand=9)
    fresh = make_variant(seller, name="Măng tươi", on_hand=9)
    part = make_order((ginger, 3), (bamboo, 1), phone="0912345678").parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    lines = {line.product_name: line for line in part.lines.all()}
    offer = SubstituteOffer(
        line_id=lines["Măng khô"].pk, quantity=1, variant_id=fresh.pk, substitute_quantity=1
    )
    substitute = offer_substitute(part_id=part.pk, offer=offer, **ACTOR_AND_NOW)
    answer_substitute(substitute_id=substitute.pk, is_agreed=True, **ACTOR_AND_NOW)
    page = f"/en/xa-vien/goi/{part.pk}/"
    replaced = copied(html_of(packer.get(page)))

    report_shortage(part_id=part.pk, available={lines["Gừng"].pk: 1}, **ACTOR_AND_NOW)
    told = copied(html_of(packer.get(page)))

    assert replaced == [f"{greeting_of(part)} Chúng tôi đang chuẩn bị hàng."]
    assert told == [
        f"{greeting_of(part)} Chúng tôi không gửi được 2 gói Gừng. Bạn chỉ trả tiền phần hàng được gửi."
    ]


def test_questions_to_the_buyer_are_announced(packer, seller) -> None:
    part = accepted_part(seller, name="Măng khô")
    other = make_variant(seller, name="Măng tươi", on_hand=9)
    offer_substitute(
        part_id=part.pk,
        offer=SubstituteOffer(
            line_id=part.lines.get().pk, quantity=1, variant_id=other.pk, substitute_quantity=1
        ),
        **ACTOR_AND_NOW,
    )

    page = html_of(packer.get(f"/en/xa-vien/goi/{part.pk}/"))

    assert copied(page) == [
        f"{greeting_of(part)} Có món đã hết hàng. Bạn vào trang đơn hàng chọn có lấy món thay thế không nhé."
    ]


def test_recall_page_offers_the_advice_to_those_who_have_not_confirmed(manager, seller) -> None:
    variant = make_variant(seller, on_hand=0)
    lot = make_lot(variant, 5)
    parts = []
    for phone in ("0912345678", "0987654321"):
        part = make_order((variant, 1), phone=phone).parts.get()
        accept_part(part_id=part.pk, **ACTOR_AND_NOW)
        parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **ACTOR_AND_NOW)
        close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
        hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
        parts.append(part)
    before = copied(html_of(manager.get(f"/en/xa-vien/lo/{lot.pk}/thu-hoi/")))
    start_recall(lot_id=lot.pk, reason="Nấm mốc", advice="Đừng dùng, giữ lại gói hàng.", **ACTOR_AND_NOW)
    recall = lot.recalls.get()
    RecallNotice.objects.create(
        recall=recall, order=parts[0].order, created_at=NOW, notified_at=NOW, read_at=NOW
    )

    page = html_of(manager.get(f"/en/xa-vien/lo/{lot.pk}/thu-hoi/"))

    told = f"{greeting_of(parts[1])} Lô {lot.code} bị thu hồi: Đừng dùng, giữ lại gói hàng."
    assert (before, copied(page)) == ([], [told])
    assert 'href="https://zalo.me/0987654321"' in page


def test_run_and_its_driver_have_a_message_for_each_stop(client, packer, seller) -> None:
    part = accepted_part(seller)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 2}, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    run = create_run(
        cooperative=seller,
        parcel_ids={parcel.pk},
        name="Xã",
        driver_name="Tài",
        driver_phone="",
        vehicle="",
        idempotency_key=None,
        **ACTOR_AND_NOW,
    )
    waiting = copied(html_of(packer.get(f"/en/xa-vien/chuyen/{run.pk}/")))
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    driver = Client()
    address = f"/en/xa-vien/chuyen-di/{driver_link_token(run)}/"
    brought = copied(html_of(driver.get(address)))
    fail_delivery(parcel_id=parcel.pk, reason="Không ai ở nhà", **ACTOR_AND_NOW)

    failed = copied(html_of(driver.get(address)))

    greeting = f"Chào {part.order.buyer_name}, tôi "
    ending = f"đơn {part.order.code} của {seller.name}."
    assert waiting[-1] == f"{greeting_of(part)} Hàng sẽ đi chuyến giao tới. Bạn có ở nhà không?"
    assert brought == [f"{greeting}đang giao {ending} Bạn có ở nhà không?"]
    assert failed == [f"{greeting}chưa giao được {ending} Khi nào bạn có nhà?"]
