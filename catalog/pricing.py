"""Functions that compute prices. They read no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shop.core.money import percent_of, round_half_up


def price_of_measure(amount: int, content: int, measure: int) -> int:
    """Return the price of `measure` if `content` costs `amount` minor units, rounded once.

    For example, the price per kilogram of a packet: `price_of_measure(45_000, 500, 1000)` is 90,000.
    """
    return round_half_up(Decimal(amount) * measure / content)


def reduce_price(list_price: int, *, percent: Decimal, amount: int) -> int:
    """Return a list price less a percentage and an amount in minor units.

    It is never negative, and rounded once.
    """
    return max(0, list_price - percent_of(list_price, percent) - amount)


@dataclass(frozen=True, slots=True)
class WholesaleTier:
    """A wholesale price: each unit costs `amount` minor units on a line of at least `minimum_quantity`."""

    minimum_quantity: int
    amount: int


def reached_tier(
    tiers: Sequence[WholesaleTier], *, quantity: int, selling_price: int | None
) -> WholesaleTier | None:
    """Return the tier that prices a line of `quantity`, or None if `selling_price` does.

    `tiers` are in the order of their quantities. The buyer pays the lower of the wholesale price and the
    price after promotions, never a reduction of both. The wholesale price wins a tie.
    """
    reached = [tier for tier in tiers if tier.minimum_quantity <= quantity]
    if not reached or selling_price is None or selling_price < reached[-1].amount:
        return None
    return reached[-1]


def within_order_limit(tiers: Sequence[WholesaleTier], order_limit: int | None) -> list[WholesaleTier]:
    """Return the tiers that one order can reach."""
    return [tier for tier in tiers if order_limit is None or tier.minimum_quantity <= order_limit]


def find_next_tier(tiers: Sequence[WholesaleTier], *, quantity: int, unit_price: int) -> WholesaleTier | None:
    """Return the nearest tier above `quantity` that is cheaper than `unit_price`, or None."""
    cheaper = (tier for tier in tiers if tier.minimum_quantity > quantity and tier.amount < unit_price)
    return next(cheaper, None)
