"""Sums of money as the contract shows them: from whole minor units to `amount` and `fractionalAmount`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from shop.api.errors import Mistake
from shop.api.object_types import Type
from shop.core.money import half_up, minor_digits

_LARGEST = 10**15  # minor units


class Sum(NamedTuple):
    """`Money` of the contract; `amount` in minor units. Also answered from `shop.core.money.Money`."""

    amount: int
    currency: str


class Taxed(NamedTuple):
    """`TaxedMoney` of the contract; in minor units."""

    net: int
    gross: int
    currency: str


def major(amount: int, currency: str) -> Decimal:
    """Minor units as the contract writes amounts: đồng as they are, cents as hundredths of dollars."""
    return Decimal(amount).scaleb(-minor_digits(currency))


def minor(amount: float | Decimal, currency: str) -> Decimal:
    """The contract's amounts in minor units; not whole where somebody looks for what no price can be."""
    return Decimal(str(amount)).scaleb(minor_digits(currency))


def minor_units(amount: Decimal, currency: str, *, field: str) -> int:
    """A sum as clients write it, in whole minor units. Raises Mistake where it has more decimals than the
    currency, or more digits than anybody has money."""
    scaled = minor(amount, currency)
    whole = half_up(scaled) if abs(scaled) < _LARGEST else -1
    if scaled != whole:
        raise Mistake("INVALID", f"This is no sum in {currency}.", field=field)
    return whole


money = Type("Money")
money.columns(currency="currency", fractionalAmount="amount")


@money.field()
def amount(sums: list[Any], *_: Any) -> Sequence[float]:
    scales = {currency: 10 ** minor_digits(currency) for currency in {each.currency for each in sums}}
    return [each.amount / scales[each.currency] for each in sums]


@money.field()
def fraction_digits(sums: list[Any], *_: Any) -> Sequence[int]:
    digits = {currency: minor_digits(currency) for currency in {each.currency for each in sums}}
    return [digits[each.currency] for each in sums]


taxed_money = Type("TaxedMoney")
taxed_money.columns(currency="currency")


@taxed_money.field()
def gross(prices: list[Any], *_: Any) -> Sequence[Sum]:
    return [Sum(price.gross, price.currency) for price in prices]


@taxed_money.field()
def net(prices: list[Any], *_: Any) -> Sequence[Sum]:
    return [Sum(price.net, price.currency) for price in prices]


@taxed_money.field()
def tax(prices: list[Any], *_: Any) -> Sequence[Sum]:
    return [Sum(price.gross - price.net, price.currency) for price in prices]


TYPES = (money, taxed_money)
