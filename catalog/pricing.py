"""Pure price functions; they read no rows."""

from __future__ import annotations

from decimal import Decimal

from shop.core.money import percent_of, round_half_up


def price_of_measure(amount: int, content: int, measure: int) -> int:
    """Price of `measure` if `content` costs `amount` minor units, rounded once.

    The price per kilogram of a packet: `price_of_measure(45_000, 500, 1000)` is 90,000.
    """
    return round_half_up(Decimal(amount) * measure / content)


def reduce_price(list_price: int, *, percent: Decimal, amount: int) -> int:
    """Return a list price less a percentage and an amount in minor units: never negative, rounded once."""
    return max(0, list_price - percent_of(list_price, percent) - amount)
