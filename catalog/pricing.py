"""Pure rules of prices, knowing no row."""

from __future__ import annotations

from decimal import Decimal

from shop.core.money import half_up, percent_of


def price_for(amount: int, content: int, measure: int) -> int:
    """What `measure` of something costs if `content` of it costs `amount` minor units, rounded once.

    The price per kilogram of a packet: `price_for(45_000, 500, 1000)` is 90,000.
    """
    return half_up(Decimal(amount) * measure / content)


def reduced(listed: int, *, percent: Decimal, amount: int) -> int:
    """A list price less so many percent and so many minor units: never below nothing, rounded once."""
    return max(0, listed - percent_of(listed, percent) - amount)
