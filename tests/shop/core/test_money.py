from __future__ import annotations

import operator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.core.money import Money, gross_of, minor_digits, net_of, percent_of, round_half_up, split_amount

pytestmark = pytest.mark.once

amounts = st.integers(-(10**12), 10**12)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)
rates = st.decimals(0, 30, places=3)


@given(amounts, weights)
def test_shares_add_up_to_the_amount(amount, weights) -> None:
    assert sum(split_amount(amount, weights)) == amount


@given(amounts, weights)
def test_each_share_is_within_one_unit_of_its_exact_value(amount, weights) -> None:
    shares = split_amount(amount, weights)
    total_weight = sum(weights)

    for share, weight in zip(shares, weights, strict=True):
        exact = Decimal(amount) * weight / total_weight if total_weight else Decimal(amount) / len(weights)
        assert abs(share - exact) < 1


@given(st.integers(0, 10**12), weights)
def test_zero_weight_gets_nothing_and_no_share_is_negative(amount, weights) -> None:
    shares = split_amount(amount, weights)

    assert min(shares) >= 0
    if any(weights):
        assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)


@given(st.integers(0, 10**9), weights)
def test_negative_amount_is_split_like_the_positive_one(amount, weights) -> None:
    assert split_amount(-amount, weights) == [-share for share in split_amount(amount, weights)]


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (100, [0, 0, 0], [34, 33, 33]),
        (1, [1, 2], [0, 1]),
        (10, [5, 0, 5], [5, 0, 5]),
        (0, [3, 4], [0, 0]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (0, [], []),
        (7, [10**9, 1], [7, 0]),
    ],
)
def test_remainder_goes_to_the_largest_fractions_first(amount, weights, shares) -> None:
    assert split_amount(amount, weights) == shares


@pytest.mark.parametrize(("amount", "weights"), [(1, []), (5, [1, -1]), (0, [-1])])
def test_invalid_weights_are_an_error(amount, weights) -> None:
    with pytest.raises(ValueError, match=r"no weights|negative"):
        split_amount(amount, weights)


@given(st.integers(0, 10**12), rates)
def test_tax_removed_and_added_again_differs_by_at_most_one_unit(gross, rate) -> None:
    net = net_of(gross, rate)

    assert 0 <= net <= gross
    assert abs(gross_of(net, rate) - gross) <= 1


@given(st.integers(0, 10**12), rates)
def test_gross_is_never_below_net(net, rate) -> None:
    assert gross_of(net, rate) >= net


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.5", 1), ("1.5", 2), ("2.5", 3), ("-0.5", -1), ("-2.5", -3), ("2.49", 2)]
)
def test_halves_are_rounded_away_from_zero(amount, rounded) -> None:
    assert round_half_up(Decimal(amount)) == rounded


def test_percent_of_an_amount_is_rounded_once() -> None:
    assert percent_of(45_005, Decimal(10)) == 4_501
    assert percent_of(333, Decimal("33.333")) == 111


def test_net_and_gross_of_a_price_at_eight_percent() -> None:
    assert (net_of(108_000, Decimal(8)), gross_of(100_000, Decimal(8))) == (100_000, 108_000)
    assert (net_of(320_000, Decimal(8)), net_of(45_000, Decimal(0))) == (296_296, 45_000)


def test_dong_have_no_minor_unit_and_dollars_have_cents() -> None:
    assert [minor_digits(code) for code in ("VND", "vnd", "USD", "EUR", "BHD")] == [0, 0, 2, 2, 3]


def test_amounts_of_two_currencies_cannot_be_combined() -> None:
    price = Money(45_000, "VND")

    assert price + Money(5_000, "VND") == Money(50_000, "VND")
    assert [(price - price).amount, (-price).amount, (price * 3).amount] == [0, -45_000, 135_000]
    assert Money(1, "VND") < price
    assert price.split([1, 2]) == [Money(15_000, "VND"), Money(30_000, "VND")]
    for mix in (operator.add, operator.sub, operator.lt):
        with pytest.raises(ValueError, match="do not mix"):
            mix(price, Money(1, "USD"))
