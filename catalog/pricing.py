"""Pure price functions; they read no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class WholesaleTier:
    """A wholesale price: `amount` minor units for each of at least `minimum_quantity` on a line."""

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
