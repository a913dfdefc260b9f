"""Pricing of any purchase: totals add up, and no price falls below zero."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.pricing import DeliveryInput, DiscountInput, LineInput, price_purchase

pytestmark = pytest.mark.once

COOPERATIVES = st.integers(1, 3)
RATES = st.sampled_from([Decimal(0), Decimal(5), Decimal(8), Decimal(10), Decimal("7.725")])


@st.composite
def purchases(draw):
    """Return lines, deliveries and discounts of a random purchase."""
    lines = []
    for key in range(draw(st.integers(0, 5))):
        unit_list_price = draw(st.integers(0, 10**7))
        lines.append(
            LineInput(
                key,
                draw(COOPERATIVES),
                unit_list_price,
                draw(st.integers(0, unit_list_price)),
                draw(st.integers(1, 50)),
                draw(RATES),
            )
        )
    deliveries = [
        DeliveryInput(cooperative, 30_000, draw(st.integers(0, 30_000)), draw(RATES))
        for cooperative in sorted({line.cooperative_id for line in lines})
    ]
    discounts = []
    for key in range(draw(st.integers(0, 3))):
        percent = draw(st.none() | st.decimals(0, 100, places=2))
        discounts.append(
            DiscountInput(
                key,
                percent=percent,
                amount=None if percent is not None else draw(st.integers(0, 10**8)),
                is_for_delivery=draw(st.booleans()),
                lines=draw(st.none() | st.frozensets(st.integers(0, 5))),
                cooperative_ids=draw(st.none() | st.frozensets(COOPERATIVES)),
            )
        )
    return lines, deliveries, discounts, draw(st.booleans())


def priced(purchase):
    lines, deliveries, discounts, is_tax_included = purchase
    return price_purchase(lines, deliveries, discounts, is_tax_included=is_tax_included)


@given(purchases())
def test_totals_are_sums_of_lines_and_deliveries(purchase) -> None:
    result = priced(purchase)

    for side in ("net", "gross"):
        parts = [getattr(item.total, side) for item in (*result.lines, *result.deliveries)]
        assert getattr(result.total, side) == sum(parts)
        cooperative_ids = {line.cooperative_id for line in result.lines}
        assert getattr(result.goods, side) == sum(
            getattr(result.goods_of(cooperative_id), side) for cooperative_id in cooperative_ids
        )


@given(purchases())
def test_prices_are_not_negative_and_net_does_not_exceed_gross(purchase) -> None:
    result = priced(purchase)

    for item in (*result.lines, *result.deliveries):
        for taxed in (item.list_total, item.priced, item.total):
            assert 0 <= taxed.net <= taxed.gross
        assert item.total.gross <= item.priced.gross <= item.list_total.gross
        assert item.total.net <= item.priced.net <= item.list_total.net


@given(purchases())
def test_discount_shares_sum_to_discount_and_respect_its_scope(purchase) -> None:
    lines, _deliveries, discounts, _with_tax = purchase
    by_key = {line.key: line for line in lines}

    result = priced(purchase)

    for requested, discount in zip(discounts, result.discounts, strict=True):
        assert sum(discount.shares.values()) == discount.amount >= 0
        assert min(discount.shares.values(), default=0) >= 0
        if requested.amount is not None:
            assert discount.amount <= requested.amount
        for key in discount.shares:
            cooperative_id = key if requested.is_for_delivery else by_key[key].cooperative_id
            assert requested.cooperative_ids is None or cooperative_id in requested.cooperative_ids
            assert requested.is_for_delivery or requested.lines is None or key in requested.lines


@given(purchases())
def test_discounts_equal_difference_of_totals(purchase) -> None:
    lines, deliveries, _discounts, is_tax_included = purchase
    side = "gross" if is_tax_included else "net"
    before = price_purchase(lines, deliveries, is_tax_included=is_tax_included)

    after = priced(purchase)

    discounted = sum(discount.amount for discount in after.discounts)
    assert getattr(before.total, side) - getattr(after.total, side) == discounted


@given(purchases(), st.randoms(use_true_random=False))
def test_order_of_lines_does_not_change_totals_without_discounts(purchase, chance) -> None:
    lines, deliveries, _discounts, is_tax_included = purchase
    shuffled = list(lines)
    chance.shuffle(shuffled)

    one = price_purchase(lines, deliveries, is_tax_included=is_tax_included)
    other = price_purchase(shuffled, deliveries, is_tax_included=is_tax_included)

    assert one.total == other.total
    assert {line.key: line.total for line in one.lines} == {line.key: line.total for line in other.lines}


@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 39), st.integers(0, 10**7))
def test_splitting_line_does_not_change_discounted_total(unit, quantity, first, discount_amount) -> None:
    first = min(first, quantity - 1)
    single = [LineInput("a", 1, unit, unit, quantity)]
    halves = [LineInput("a", 1, unit, unit, first), LineInput("b", 1, unit, unit, quantity - first)]
    discount = [DiscountInput("d", amount=discount_amount)]

    assert price_purchase(single, (), discount).total == price_purchase(halves, (), discount).total


def test_tax_is_added_once_per_total() -> None:
    result = price_purchase([LineInput("a", 1, 33, 33, 3, Decimal(10))], is_tax_included=False)

    assert (result.total.net, result.total.gross) == (99, 109)


def test_discount_is_capped_at_goods_total() -> None:
    result = price_purchase(
        [LineInput("a", 1, 45_000, 45_000, 2)],
        [DeliveryInput(1, 30_000, 30_000)],
        [DiscountInput("d", amount=10**9)],
    )

    assert (result.goods.gross, result.delivery.gross, result.discounts[0].amount) == (0, 30_000, 90_000)


def test_discounts_apply_one_after_another() -> None:
    result = price_purchase(
        [LineInput("a", 1, 100_000, 100_000, 1)],
        (),
        [DiscountInput("ten", percent=Decimal(10)), DiscountInput("half", percent=Decimal(50))],
    )

    assert [discount.amount for discount in result.discounts] == [10_000, 45_000]
    assert result.total.gross == 45_000


@pytest.mark.parametrize("discount", [DiscountInput("d"), DiscountInput("d", percent=Decimal(1), amount=1)])
def test_discount_must_be_percentage_or_amount(discount) -> None:
    with pytest.raises(ValueError, match="percentage or an amount"):
        price_purchase([LineInput("a", 1, 1, 1, 1)], (), [discount])


def test_empty_purchase_costs_nothing() -> None:
    result = price_purchase([], [], [DiscountInput("d", amount=5)])

    assert (result.total.gross, result.list_total.gross, result.discounts[0].amount) == (0, 0, 0)
