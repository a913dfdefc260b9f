"""Convert money between whole minor units and the schema's `Money` and `TaxedMoney`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, Protocol

from django.utils.translation import gettext as _

from shop.api.errors import InputError
from shop.api.object_types import Type
from shop.core.money import minor_digits, round_half_up

_MAX_MINOR_UNITS = 10**15


class Amount(Protocol):
    """The source of the fields of `Money`: minor units and their currency."""

    @property
    def amount(self) -> int: ...
    @property
    def currency(self) -> str: ...


class Taxed(Protocol):
    """The source of the fields of `TaxedMoney`, in minor units."""

    @property
    def net(self) -> int: ...
    @property
    def gross(self) -> int: ...
    @property
    def currency(self) -> str: ...


class MoneyAmount(NamedTuple):
    """The schema's `Money`. `amount` is in minor units. Resolvers may also return `shop.core.money.Money`."""

    amount: int
    currency: str


class TaxedAmount(NamedTuple):
    """The schema's `TaxedMoney`, in minor units."""

    net: int
    gross: int
    currency: str


def to_major_units(amount: int, currency: str) -> Decimal:
    """Convert minor units to the schema's amounts. Đồng stay unchanged, and cents become dollars."""
    return Decimal(amount).scaleb(-minor_digits(currency))


def to_minor_units(amount: float | Decimal, currency: str) -> Decimal:
    """Convert the schema's amounts to minor units. A filter's amount may give a fraction."""
    return Decimal(str(amount)).scaleb(minor_digits(currency))


def parse_minor_units(amount: Decimal, currency: str, *, field: str) -> int:
    """Convert a client's amount to whole minor units.

    Raises InputError if it has more decimals than the currency or exceeds 10^15 minor units.
    """
    scaled = to_minor_units(amount, currency)
    rounded = round_half_up(scaled) if abs(scaled) < _MAX_MINOR_UNITS else -1
    if scaled != rounded:
        raise InputError(
            "INVALID", _("This is not a valid amount in %(currency)s.") % {"currency": currency}, field=field
        )
    return rounded


money_object = Type("Money")
money_object.columns(currency="currency", fractionalAmount="amount")


@money_object.field()
def amount(sums: list[Amount], *_: object) -> Sequence[float]:
    scales = {currency: 10 ** minor_digits(currency) for currency in {one_sum.currency for one_sum in sums}}
    return [one_sum.amount / scales[one_sum.currency] for one_sum in sums]


@money_object.field()
def fraction_digits(sums: list[Amount], *_: object) -> Sequence[int]:
    digits = {currency: minor_digits(currency) for currency in {one_sum.currency for one_sum in sums}}
    return [digits[one_sum.currency] for one_sum in sums]


taxed_money_object = Type("TaxedMoney")
taxed_money_object.columns(currency="currency")


@taxed_money_object.field()
def gross(prices: list[Taxed], *_: object) -> Sequence[MoneyAmount]:
    return [MoneyAmount(price.gross, price.currency) for price in prices]


@taxed_money_object.field()
def net(prices: list[Taxed], *_: object) -> Sequence[MoneyAmount]:
    return [MoneyAmount(price.net, price.currency) for price in prices]


@taxed_money_object.field()
def tax(prices: list[Taxed], *_: object) -> Sequence[MoneyAmount]:
    return [MoneyAmount(price.gross - price.net, price.currency) for price in prices]


TYPES = (money_object, taxed_money_object)
