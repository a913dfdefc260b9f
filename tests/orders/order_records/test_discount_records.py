"""Discounts recorded on an order: amounts, bearers and shares of lines and parts."""

from __future__ import annotations

import uuid
from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.models import Price, Variant
from orders.actions.order_records.recalculate_order import recalculate_columns
from orders.actions.order_records.record_order import record_order
from orders.actions.placement.draft_orders import create_draft, edit_draft
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import RequestedDelivery, RequestedDiscount, RequestedLine
from orders.models import CostBearer, Discount, DiscountKind, DiscountShare, Order, OrderSource, ValueType
from orders.pricing import DiscountInput
from shop.core.actors import Actor
from tests.factories import (
    NOW,
    carrier_deliveries,
    make_basket,
    make_channel,
    make_contact,
    make_order,
    make_seller,
    make_variant,
)
from tests.invariants import check_discounts

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")


def set_rule_price(variant: Variant, price: int, rule: uuid.UUID | None) -> None:
    """Set the price that a promotion rule leaves of the list price."""
    Price.objects.filter(variant=variant).update(discounted=price, promotion_key=rule)


def order_with(*discounts: RequestedDiscount) -> Order:
    """Return an order of two parts: 640,000 and 90,000 đồng, delivery 30,000 each, less the discounts."""
    pillow = make_variant(make_seller("HTX Thiên An"), price=320_000)
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    basket = make_basket((pillow, 2), (noodles, 2))
    requested = replace(
        build_basket_request(basket),
        deliveries=carrier_deliveries(basket),
        province_code="01",
        discounts=discounts,
    )
    order, _lines = record_order(
        build_quote(requested, now=NOW),
        basket=basket,
        contact=make_contact(),
        source=OrderSource.WEB,
        now=NOW,
        is_confirmed=True,
    )
    recalculate_columns(order)
    return order


def edit(order: Order, variant: Variant, quantity: int, price: int | None) -> None:
    edit_draft(
        order_id=order.pk,
        lines=[RequestedLine(uuid.uuid4(), variant.pk, quantity, forced_price=price)],
        deliveries={variant.cooperative_id: RequestedDelivery(variant.cooperative.delivery_methods.get().pk)},
        contact=make_contact(),
        actor=STAFF,
        now=NOW,
    )


def test_catalogue_rule_price_is_recorded_as_discount_of_rule() -> None:
    rule = uuid.uuid4()
    pillow, blanket = make_variant(price=320_000), make_variant(make_seller("HTX Tài Hoan"), price=500_000)
    set_rule_price(pillow, 250_000, rule)
    set_rule_price(blanket, 400_000, rule)

    order = make_order((pillow, 2), (blanket, 1))

    discount = Discount.objects.get()
    assert (discount.kind, discount.source_key) == (DiscountKind.PROMOTION, str(rule))
    assert (discount.amount, discount.bearer, discount.order) == (240_000, CostBearer.COOPERATIVE, order)
    assert (discount.value_type, discount.value) == (ValueType.FIXED, Decimal(240_000))
    lines = order.lines.order_by("position")
    assert [line.list_gross - line.priced_gross for line in lines] == [140_000, 100_000]
    assert [share.amount for line in lines for share in line.discount_shares.all()] == [140_000, 100_000]
    check_discounts()


def test_order_discount_is_split_over_lines_without_remainder() -> None:
    tenth = DiscountInput("tenth", percent=Decimal(10))
    order = order_with(
        RequestedDiscount(tenth, DiscountKind.VOUCHER, CostBearer.PLATFORM, name="Tết", source_key="TET")
    )

    discount = Discount.objects.get()
    assert (discount.kind, discount.bearer) == (DiscountKind.VOUCHER, CostBearer.PLATFORM)
    assert (discount.name, discount.source_key, discount.amount) == ("Tết", "TET", 73_000)
    assert (discount.value_type, discount.value) == (ValueType.PERCENTAGE, Decimal(10))
    for line in order.lines.all():
        assert line.priced_gross - line.total_gross == sum(one.amount for one in line.discount_shares.all())
    assert order.total_gross == 717_000
    check_discounts()


def test_delivery_discount_is_split_over_parts() -> None:
    coach = DiscountInput("coach", amount=50_000, is_for_delivery=True)

    order = order_with(
        RequestedDiscount(coach, DiscountKind.MANUAL, CostBearer.PLATFORM, reason="Xe chạy chung")
    )

    discount = Discount.objects.get()
    assert (discount.amount, discount.reason) == (50_000, "Xe chạy chung")
    shares = DiscountShare.objects.order_by("part__number").values_list("part__number", "line", "amount")
    assert list(shares) == [(1, None, 25_000), (2, None, 25_000)]
    assert order.delivery_gross == 10_000
    check_discounts()


def test_zero_discount_is_not_recorded() -> None:
    order_with(RequestedDiscount(DiscountInput("none", amount=0), DiscountKind.VOUCHER, CostBearer.PLATFORM))

    assert not Discount.objects.exists()


def test_draft_keeps_only_discounts_of_last_edit() -> None:
    variant = make_variant(price=45_000)
    order = create_draft(channel=make_channel(), source=OrderSource.PHONE, actor=STAFF, now=NOW)
    edit(order, variant, 2, 40_000)

    edit(order, variant, 3, 35_000)

    discount = Discount.objects.get()
    assert (discount.kind, discount.amount) == (DiscountKind.MANUAL, 30_000)
    check_discounts()


def test_price_above_list_price_is_not_recorded_as_discount() -> None:
    variant = make_variant(price=45_000)
    order = create_draft(channel=make_channel(), source=OrderSource.PHONE, actor=STAFF, now=NOW)

    edit(order, variant, 2, 50_000)

    assert not Discount.objects.exists()
    check_discounts()
