"""Reordering: add the lines of a past order to the basket and report what has changed since."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Listing, Price, Stock
from catalog.states import ListingState
from cooperatives.models import Cooperative
from orders.actions.basket.reorder_past_order import Difference, DifferenceKind, add_past_order_to_basket
from orders.actions.fulfilment.cancel_parts import cancel_part_as_buyer
from orders.models import Basket, BasketLine, Order, OrderCodeKey
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import ShopSettings
from tests.factories import (
    HANOI,
    NOW,
    make_basket,
    make_channel,
    make_divisions,
    make_order,
    make_seller,
    make_user,
    make_variant,
    unknown_uuid,
)
from tests.markup import html_of
from tests.orders.pages.order_proofs import prove_order
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def reorder(order: Order, *, basket: Basket | None = None, user_id: int | None = None):
    return add_past_order_to_basket(
        order_id=order.pk,
        basket_id=basket.pk if basket else None,
        user_id=user_id,
        channel=make_channel(),
        now=NOW,
    )


def quantities() -> dict[str, int]:
    lines = BasketLine.objects.select_related("variant__product")
    return {line.variant.product.name: line.quantity for line in lines}


def test_unchanged_order_fills_new_basket_without_differences() -> None:
    user = make_user()
    order = make_order((make_variant(name="Gối"), 2), (make_variant(name="Khăn"), 1), user=user)

    result = reorder(order, user_id=user.pk)

    assert (result.added_line_count, result.differences) == (2, [])
    assert (result.basket.user_id, quantities()) == (user.pk, {"Gối": 2, "Khăn": 1})


def test_repeat_adds_nothing_and_counts_existing_quantities() -> None:
    pillow, scarf = make_variant(name="Gối"), make_variant(name="Khăn")
    order = make_order((pillow, 2), (scarf, 3))
    basket = make_basket((pillow, 5), (scarf, 1))

    for _attempt in range(2):
        result = reorder(order, basket=basket)
        assert (result.basket.pk, result.added_line_count) == (basket.pk, 2)

    assert quantities() == {"Gối": 5, "Khăn": 3}


def test_differences_are_reported_and_available_lines_added() -> None:
    paused_seller = make_seller("HTX Nghỉ")
    names = ("Rời kệ", "Hết", "Ít", "Đắt", "Rẻ", "Nhiều quá", "Còn")
    variants = {name: make_variant(name=name, price=50_000, on_hand=20) for name in names}
    variants["Nghỉ"] = make_variant(paused_seller, name="Nghỉ")
    deleted = make_variant(name="Mất hẳn")
    order = make_order(*[(variant, 4) for variant in variants.values()], (deleted, 1))
    Listing.objects.filter(product=variants["Rời kệ"].product).update(state=ListingState.WITHDRAWN)
    order.lines.filter(variant=deleted).update(variant=None)
    Stock.objects.filter(variant=variants["Hết"]).update(on_hand=4)
    Stock.objects.filter(variant=variants["Ít"]).update(on_hand=7)
    Price.objects.filter(variant=variants["Đắt"]).update(amount=60_000)
    Price.objects.filter(variant=variants["Rẻ"]).update(discounted=45_000)
    variants["Nhiều quá"].quantity_limit_per_customer = 2
    variants["Nhiều quá"].save()
    Cooperative.objects.filter(pk=paused_seller.pk).update(paused_from=NOW)

    result = reorder(order)

    assert sorted(result.differences, key=lambda difference: difference.name) == [
        Difference("Hết", DifferenceKind.SOLD_OUT),
        Difference("Mất hẳn", DifferenceKind.GONE),
        Difference("Nghỉ", DifferenceKind.PAUSED, seller="HTX Nghỉ"),
        Difference("Nhiều quá", DifferenceKind.FEWER, 4, 2),
        Difference("Rẻ", DifferenceKind.CHEAPER, 50_000, 45_000),
        Difference("Rời kệ", DifferenceKind.GONE),
        Difference("Ít", DifferenceKind.FEWER, 4, 3),
        Difference("Đắt", DifferenceKind.DEARER, 50_000, 60_000),
    ]
    assert quantities() == {"Còn": 4, "Nhiều quá": 2, "Rẻ": 4, "Ít": 3, "Đắt": 4}


def test_sold_out_order_creates_no_basket_and_unplaced_order_is_missing() -> None:
    variant = make_variant(on_hand=1)
    order = make_order((variant, 1))

    result = reorder(order)

    assert (result.basket, result.added_line_count) == (None, 0)
    assert not Basket.objects.exists()
    Order.objects.filter(pk=order.pk).update(placed_at=None, confirmed_at=None)
    for order_id in (order.pk, unknown_uuid()):
        with assert_refused(Missing, "missing"):
            add_past_order_to_basket(
                order_id=order_id, basket_id=None, user_id=None, channel=make_channel(), now=NOW
            )


def test_query_count_does_not_depend_on_number_of_lines() -> None:
    ShopSettings.objects.create()
    OrderCodeKey.objects.create(key="5a" * 32)  # as in every shop that has an order
    counts = []
    for size in (1, 6):
        order = make_order(*[(make_variant(), 1) for _ in range(size)])
        with CaptureQueriesContext(connection) as captured:
            reorder(order)
        counts.append(len(captured))

    assert counts[0] == counts[1] < 25


def test_reorder_from_order_page_lists_changes_on_basket_page_once(client: Client) -> None:
    make_divisions()
    variant = make_variant(name="Gối thảo dược", price=320_000)
    order = make_order((variant, 2), now=timezone.now())
    prove_order(client, order)
    Price.objects.filter(variant=variant).update(amount=350_000)
    action = f'action="/en/don-hang/{order.pk}/dat-lai/"'
    assert action not in html_of(client.get(f"/en/don-hang/{order.pk}/"))
    cancel_part_as_buyer(part_id=order.parts.get().pk, actor=Actor.guest(), now=timezone.now())
    assert action in html_of(client.get(f"/en/don-hang/{order.pk}/"))

    response = client.post(f"/en/don-hang/{order.pk}/dat-lai/", follow=True)

    text = re.sub(r"\s+", " ", html_of(response))
    assert response.redirect_chain == [("/en/gio-hang/", 302)]
    assert f"The items of order {order.code} are in your basket. What has changed since then:" in text
    assert (
        '<span lang="vi">Gối thảo dược</span>: the price has gone up to 350,000 ₫. It was 320,000 ₫.' in text
    )
    assert re.search(r'class="notice wait" role="status">.{0,900}What has changed', text)
    assert "What has changed since then:" not in html_of(client.get("/en/gio-hang/"))
    Price.objects.filter(variant=variant).update(amount=300_000)  # good news
    text = re.sub(r"\s+", " ", html_of(client.post(f"/en/don-hang/{order.pk}/dat-lai/", follow=True)))
    assert re.search(r'class="notice good" role="status">.{0,900}the price has dropped to 300,000', text)
    checkout = html_of(client.get("/en/dat-hang/"))
    assert 'value="Nguyễn Thị Hoa"' in checkout
    assert f'value="{HANOI}" selected' in checkout
    assert client.post(f"/en/don-hang/{unknown_uuid()}/dat-lai/").status_code == 404
