"""Limits of a variant per order and per buyer."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from catalog.models import Variant
from orders.actions.basket.basket_lines import (
    QuantityExceedsLimit,
    add_variant_to_basket,
    change_line_quantity,
)
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.placement.place_order import BasketChanged, place_order
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.purchase_limits import BuyerLimitReached
from orders.actions.quotes.quote_types import QuoteProblem
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import Basket
from orders.views.quote_display import line_messages
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.factories import (
    NOW,
    carrier_deliveries,
    make_basket,
    make_channel,
    make_contact,
    make_order,
    make_user,
    make_variant,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")
LATER = NOW + datetime.timedelta(hours=1)


def make_honey(**fields):
    limits = {"quantity_limit_per_customer": 5} | fields
    return make_variant(name="Mật ong", price=100_000, on_hand=90, **limits)


def add_item(variant, quantity, *, user=None, now=LATER):
    return add_variant_to_basket(
        basket_id=None,
        user_id=user.pk if user else None,
        channel=make_channel(),
        variant_id=variant.pk,
        quantity=quantity,
        now=now,
    )


def order_basket(basket, **contact):
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(**contact),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=Actor.guest(),
        now=LATER,
    )


def test_orders_of_an_account_count_together() -> None:
    user, honey = make_user(), make_honey()
    make_order((honey, 3), user=user)

    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit") as refusal:
        add_item(honey, 3, user=user)

    assert refusal.value.details == {"limit": 2}
    assert str(refusal.value.message) == (
        "Mỗi người mua được đặt tối đa 5 chiếc. Bạn đã đặt 3, còn đặt được 2."
    )
    assert add_item(honey, 2, user=user).lines.get().quantity == 2
    assert add_item(honey, 5).lines.get().quantity == 5


@pytest.mark.parametrize(
    ("contact", "is_same_buyer"),
    [
        ({}, True),
        ({"phone": "+84987000111", "email": "HOA@example.com"}, True),
        ({"phone": "+84987000111", "email": "lan@example.com"}, False),
    ],
)
def test_guest_is_known_by_phone_or_email(contact, is_same_buyer) -> None:
    honey = make_honey()
    make_order((honey, 4), email="hoa@example.com")
    basket = make_basket((honey, 2))

    if not is_same_buyer:
        assert order_basket(basket, **contact).lines.get().quantity == 2
        return
    with assert_refused(BuyerLimitReached, "buyer_limit_reached") as refusal:
        order_basket(basket, **contact)

    assert str(refusal.value.message) == (
        "Mật ong: Mỗi người mua được đặt tối đa 5 chiếc. Các đơn hàng cùng số điện thoại hoặc email được tính"
        " chung. Hãy đặt ít hơn hoặc gọi cho chúng tôi."
    )
    (line,) = refusal.value.details["quote"].lines
    assert (line.problems, line.limit) == ([QuoteProblem.OVER_LIMIT], 5)
    assert line_messages(line, "VND") == ["Mỗi người mua được đặt tối đa 5 chiếc."]


def test_strangers_phone_or_email_reveals_no_order_before_placement() -> None:
    honey = make_honey()
    make_order((honey, 4), user=make_user(), email="hoa@example.com")
    basket = make_basket((honey, 2))

    quote = open_checkout(basket_id=basket.pk, contact=make_contact(email="hoa@example.com"), now=LATER)

    (line,) = quote.lines
    assert (line.problems, line.limit, line.ordered_before) == ([], 5, 0)
    line_id = basket.lines.get().pk
    change_line_quantity(basket_id=basket.pk, line_id=line_id, quantity=5, now=LATER)
    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit") as refusal:
        change_line_quantity(basket_id=basket.pk, line_id=line_id, quantity=6, now=LATER)
    assert refusal.value.details == {"limit": 5}
    assert str(refusal.value.message) == "Mỗi người mua được đặt tối đa 5 chiếc."


def test_other_refusals_come_before_the_orders_of_a_phone() -> None:
    honey = make_honey()
    make_order((honey, 4), email="hoa@example.com")
    basket = make_basket((honey, 2))

    with assert_refused(BasketChanged, "basket_changed"):
        place_order(
            basket_id=basket.pk,
            contact=make_contact(),
            deliveries=carrier_deliveries(basket),
            consents=frozenset({ConsentPurpose.ORDER}),
            actor=Actor.guest(),
            now=LATER,
            agreed_total=1,
        )


def test_signed_in_buyer_sees_the_accounts_orders_only() -> None:
    user, honey = make_user(), make_honey()
    make_order((honey, 2), user=user)
    make_order((honey, 2), phone="+84987000222")
    basket = make_basket((honey, 3), user=user)

    with assert_refused(BuyerLimitReached, "buyer_limit_reached"):
        order_basket(basket, phone="+84987000222")

    (line,) = build_quote(build_basket_request(basket), now=LATER).lines
    assert (line.problems, line.limit, line.ordered_before) == ([], 3, 2)


def test_cancelled_orders_and_items_never_sent_do_not_count() -> None:
    user, honey = make_user(), make_honey()
    cancelled = make_order((honey, 5), user=user)
    cancel_order(order_id=cancelled.pk, reason="Đổi ý", actor=STAFF, now=NOW)
    order = make_order((honey, 5), user=user)
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=STAFF, now=NOW)
    report_shortage(part_id=part.pk, available={order.lines.get().pk: 2}, actor=STAFF, now=NOW)

    basket = add_item(honey, 3, user=user)

    (line,) = build_quote(build_basket_request(Basket.objects.get(pk=basket.pk)), now=LATER).lines
    assert (line.problems, line.limit, line.ordered_before) == ([], 3, 2)


def test_limit_counts_orders_of_its_days_only() -> None:
    user, honey = make_user(), make_honey(quantity_limit_days=7)
    make_order((honey, 5), user=user)

    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit") as refusal:
        add_item(honey, 1, user=user, now=NOW + datetime.timedelta(days=7, seconds=-1))

    assert str(refusal.value.message) == (
        "Mỗi người mua được đặt tối đa 5 chiếc trong 7 ngày. Bạn đã đặt đủ 5."
    )
    basket = add_item(honey, 5, user=user, now=NOW + datetime.timedelta(days=7))
    assert basket.lines.get().quantity == 5


def test_limit_per_order_leaves_further_orders_free() -> None:
    user = make_user()
    honey = make_honey(quantity_limit_per_customer=None, quantity_limit_per_order=3)
    make_order((honey, 3), user=user)

    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit") as refusal:
        add_item(honey, 4, user=user)

    assert refusal.value.details == {"limit": 3}
    assert str(refusal.value.message) == "Mỗi đơn hàng mua được tối đa 3 chiếc."
    assert add_item(honey, 3, user=user).lines.get().quantity == 3


def test_goods_without_limit_per_buyer_cost_no_query() -> None:
    user = make_user()
    plain, limited = make_variant(), make_honey()
    counts = []
    for variant in (plain, limited):
        request = build_basket_request(make_basket((variant, 1), user=user))
        build_quote(request, now=NOW)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            build_quote(request, now=NOW)
        counts.append(len(queries))

    assert counts[1] == counts[0] + 1
    assert Variant.objects.filter(quantity_limit_per_customer=None).count() == 1


@pytest.mark.parametrize(
    "limits",
    [
        {"quantity_limit_per_order": 0},
        {"quantity_limit_per_order": 1_000_001},
        {"quantity_limit_per_customer": 0},
        {"quantity_limit_per_customer": 1_000_001},
        {"quantity_limit_days": 0},
        {"quantity_limit_days": 366},
        {"quantity_limit_days": 7, "quantity_limit_per_customer": None},
    ],
)
def test_database_refuses_limits_that_no_action_writes(limits) -> None:
    make_honey()

    with pytest.raises(IntegrityError), transaction.atomic():
        Variant.objects.update(**limits)
