"""Wholesale prices: which price a line has, and that it stays the price agreed."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, transaction

from catalog.actions.products.variant_rows import ListPrice, UnusualPrice
from catalog.actions.products.variants import update_variant
from catalog.actions.products.wholesale_tiers import InvalidWholesalePrices, PriceNotAboveWholesale
from catalog.models import Price, WholesalePrice
from catalog.pricing import WholesaleTier
from orders.actions.basket.basket_lines import change_line_quantity
from orders.actions.basket.merge_baskets import merge_guest_basket
from orders.actions.basket.reorder_past_order import add_past_order_to_basket
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import QuoteRequest, RequestedLine
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import Basket, Discount, Order
from orders.views.quote_display import LineDisplay
from shop.core.actors import Actor
from shop.core.models import Change
from shop.history.changed_values import changed_values
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    make_basket,
    make_channel,
    make_order,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    make_voucher,
    set_wholesale_prices,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.markup import html_of
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")
LATER = NOW + datetime.timedelta(hours=1)


def make_ginger(**fields):
    """Make ginger at 15,000 a kilogram, 13,000 from 10 and 12,000 from 50."""
    variant = make_variant(name="Gừng tươi", price=15_000, unit="kg", on_hand=100, **fields)
    set_wholesale_prices(variant, {50: 12_000, 10: 13_000})
    return variant


def set_price(variant, amount, tiers=None, *, token=None):
    wholesale_tiers = None if tiers is None else [WholesaleTier(*tier) for tier in tiers]
    update_variant(
        variant_id=variant.pk,
        values={},
        prices=[ListPrice(make_channel(), amount, wholesale_tiers=wholesale_tiers)],
        confirmation_token=token,
        actor=ACTOR,
        now=NOW,
    )


def quote_line(basket):
    (line,) = build_quote(build_basket_request(Basket.objects.get(pk=basket.pk)), now=NOW).lines
    return line


def tiers_of(variant):
    rows = WholesalePrice.objects.filter(price__variant=variant).order_by("minimum_quantity")
    return list(rows.values_list("minimum_quantity", "amount"))


@pytest.mark.parametrize(
    ("quantity", "unit_price", "wholesale_from", "next_quantity"),
    [
        (9, 15_000, None, 10),
        (10, 13_000, 10, 50),
        (49, 13_000, 10, 50),
        (50, 12_000, 50, None),
    ],
)
def test_whole_line_has_price_of_reached_tier(quantity, unit_price, wholesale_from, next_quantity) -> None:
    basket = make_basket((make_ginger(), quantity))

    line = quote_line(basket)

    assert (line.unit_list_price, line.unit_price) == (unit_price, unit_price)
    assert (line.to_pay, line.wholesale_from) == (unit_price * quantity, wholesale_from)
    next_tier = LineDisplay(line, []).next_tier
    assert (next_tier.minimum_quantity if next_tier else None) == next_quantity
    assert line.problems == []


def test_next_tier_is_not_offered_beyond_stock_or_limit() -> None:
    scarce = make_variant(name="Gừng non", price=15_000, on_hand=9)
    limited = make_variant(name="Gừng khô", price=15_000, on_hand=90, quantity_limit_per_customer=9)
    for variant in (scarce, limited):
        set_wholesale_prices(variant, {10: 13_000})

    lines = [quote_line(make_basket((variant, 8))) for variant in (scarce, limited)]

    assert [(LineDisplay(line, []).next_tier, line.unit_price) for line in lines] == [
        (None, 15_000),
        (None, 15_000),
    ]


def test_changed_quantity_is_no_changed_price() -> None:
    basket = make_basket((make_ginger(), 9))

    change_line_quantity(basket_id=basket.pk, line_id=basket.lines.get().pk, quantity=10, now=NOW)

    line = quote_line(basket)
    assert (basket.lines.get().seen_price, line.unit_price, line.problems) == (13_000, 13_000, [])


def test_merged_quantities_reach_a_tier() -> None:
    user, variant = make_user(), make_ginger()
    guest_basket, user_basket = make_basket((variant, 4)), make_basket((variant, 6), user=user)

    merge_guest_basket(guest_basket_id=guest_basket.pk, user_id=user.pk, now=LATER)

    line = quote_line(user_basket)
    assert (line.requested.quantity, line.to_pay, line.problems) == (10, 130_000, [])


@pytest.mark.parametrize(
    ("discounted", "unit_list_price", "unit_price", "wholesale_from", "discount"),
    [
        (12_500, 15_000, 12_500, None, 25_000),
        (13_000, 13_000, 13_000, 10, 0),
        (14_000, 13_000, 13_000, 10, 0),
    ],
)
def test_promotion_and_wholesale_price_are_never_added_up(
    discounted, unit_list_price, unit_price, wholesale_from, discount
) -> None:
    variant = make_ginger()
    Price.objects.filter(variant=variant).update(discounted=discounted)

    order = make_order((variant, 10))

    line = order.lines.get()
    assert (line.unit_list_price, line.unit_price) == (unit_list_price, unit_price)
    assert (line.wholesale_from, line.total_gross) == (wholesale_from, 10 * unit_price)
    assert sum(Discount.objects.values_list("amount", flat=True)) == discount
    check_everything()


def test_voucher_comes_off_the_wholesale_price() -> None:
    variant = make_ginger()
    make_voucher("MUOI", value_type="percentage", value=10)
    basket = make_basket((variant, 10))
    Basket.objects.update(voucher_code="MUOI")

    line = quote_line(basket)

    assert (line.total, line.to_pay) == (130_000, 117_000)


def test_line_sold_by_weight_has_its_bound_at_the_wholesale_price() -> None:
    gourd = make_variant_sold_by_weight(on_hand=20)
    set_wholesale_prices(gourd, {5: 30_000})

    line = make_order((gourd, 5)).lines.get()

    assert (line.unit_price, line.total_gross, line.wholesale_from) == (30_000, 150_000, 5)
    # 20 % above the estimate of 5 × 2.4 kg.
    assert (line.bound_grams, line.bound_gross) == (14_400, 180_000)
    check_everything()


def test_price_agreed_stays_when_fewer_are_sent() -> None:
    order = make_order((make_ginger(), 12))
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=ACTOR, now=LATER)
    line = order.lines.get()

    refund = report_shortage(part_id=part.pk, available={line.pk: 7}, actor=ACTOR, now=LATER)

    assert refund.amount == 5 * 13_000
    assert Order.objects.get(pk=order.pk).current_total_gross == 7 * 13_000 + 30_000
    check_everything()


def test_options_do_not_count_together() -> None:
    seller = make_seller()
    first, second = (make_variant(seller, name=name, price=15_000) for name in ("Gừng", "Nghệ"))
    for variant in (first, second):
        set_wholesale_prices(variant, {5: 13_000})
    basket = make_basket((first, 4), (second, 4))

    lines = build_quote(build_basket_request(basket), now=NOW).lines

    assert [line.unit_price for line in lines] == [15_000, 15_000]


@pytest.mark.parametrize(
    "tiers",
    [
        [(1, 13_000)],
        [(1_000_001, 13_000)],
        [(10, 13_000), (10, 12_000)],
        [(10, 0)],
        [(10, 15_000)],
        [(10, 13_000), (20, 13_000)],
        [(10, 13_000), (20, 13_500)],
        [(quantity, 14_000 - quantity) for quantity in range(2, 8)],
    ],
)
def test_contradicting_wholesale_prices_are_refused(tiers) -> None:
    variant = make_ginger()

    with assert_refused(InvalidWholesalePrices, "invalid_wholesale_prices") as refusal:
        set_price(variant, 15_000, tiers)

    assert refusal.value.field == "wholesale"


def test_list_price_stays_above_the_wholesale_prices() -> None:
    variant = make_ginger()

    with assert_refused(PriceNotAboveWholesale, "price_not_above_wholesale") as refusal:
        set_price(variant, 13_000)
    assert "13.000" in str(refusal.value.message)

    set_price(variant, 13_000, [(10, 11_000)])
    assert tiers_of(variant) == [(10, 11_000)]


def test_price_far_below_the_usual_one_is_asked_about_once() -> None:
    variant = make_ginger()

    with assert_refused(UnusualPrice, "unusual_price") as refusal:
        set_price(variant, 15_000, [(10, 1_300)], token="")
    set_price(variant, 15_000, [(10, 1_300)], token=refusal.value.confirmation_token)

    assert tiers_of(variant) == [(10, 1_300)]


def test_two_unusual_prices_are_asked_about_one_after_the_other() -> None:
    variant = make_ginger()

    with assert_refused(UnusualPrice, "unusual_price") as first:
        set_price(variant, 150_000, [(10, 13_000)], token="")
    with assert_refused(UnusualPrice, "unusual_price") as second:
        set_price(variant, 150_000, [(10, 14_000)], token=first.value.confirmation_token)
    set_price(variant, 150_000, [(10, 14_000)], token=second.value.confirmation_token)

    assert tiers_of(variant) == [(10, 14_000)]


def test_change_of_wholesale_prices_is_recorded_once() -> None:
    variant = make_ginger()

    set_price(variant, 15_000, [(10, 13_000), (50, 12_000)])
    set_price(variant, 15_000, [])

    changes = Change.objects.filter(action="price.wholesale_changed").order_by("pk")
    assert [(change.data["from"], change.data["to"]) for change in changes] == [
        ([], [{"quantity": 10, "price": 13_000}, {"quantity": 50, "price": 12_000}]),
        ([{"quantity": 10, "price": 13_000}, {"quantity": 50, "price": 12_000}], []),
    ]
    assert tiers_of(variant) == []
    (shown,) = changed_values(changes[1])
    assert str(shown).replace("\u00a0", " ") == "từ 10: 13.000 ₫; từ 50: 12.000 ₫ → —"


@pytest.mark.parametrize("values", [(1, 13_000), (1_000_001, 11_000), (10, 0), (50, 11_000)])
def test_database_refuses_impossible_wholesale_prices(values) -> None:
    price = Price.objects.get(variant=make_ginger())

    with pytest.raises(IntegrityError), transaction.atomic():
        WholesalePrice.objects.create(price=price, minimum_quantity=values[0], amount=values[1])


def test_order_page_and_mail_name_the_wholesale_price(client) -> None:
    order = make_order((make_ginger(), 10), email="hoa@example.com")

    page = html_of(client.get(f"/don-hang/{order.pk}/"))
    mail = Notification.objects.get(key__startswith="order_placed:", recipient="hoa@example.com")

    assert "Giá sỉ từ 10 kg" in page
    assert "10 × 13.000\u00a0₫ = 130.000\u00a0₫, giá sỉ từ 10 kg" in mail.text
    assert "Giá sỉ từ 10 kg" in mail.html


@pytest.mark.parametrize(
    ("forced_price", "unit_list_price", "wholesale_from"),
    [(None, 13_000, 10), (13_000, 13_000, 10), (14_000, 15_000, None)],
)
def test_price_of_staff_replaces_the_wholesale_price(forced_price, unit_list_price, wholesale_from) -> None:
    line = RequestedLine(unknown_uuid(), make_ginger().pk, 10, forced_price=forced_price)

    quote = build_quote(QuoteRequest(make_channel(), [line], {}, is_by_staff=True), now=NOW)

    (quoted,) = quote.lines
    assert (quoted.unit_price, quoted.to_pay) == (forced_price or 13_000, 10 * (forced_price or 13_000))
    assert (quoted.unit_list_price, quoted.wholesale_from) == (unit_list_price, wholesale_from)


def test_reordering_sees_no_changed_price_at_the_same_quantity() -> None:
    variant = make_ginger()
    order = make_order((variant, 10))

    result = add_past_order_to_basket(
        order_id=order.pk, basket_id=None, user_id=None, channel=make_channel(), now=LATER
    )

    line = quote_line(result.basket)
    assert (result.differences, line.to_pay, line.problems) == ([], 130_000, [])


def test_change_of_the_list_price_alone_keeps_the_wholesale_prices() -> None:
    variant = make_ginger()

    set_price(variant, 16_000)

    assert tiers_of(variant) == [(10, 13_000), (50, 12_000)]
