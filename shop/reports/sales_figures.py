"""Counts and amounts of the sales report, which add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SalesFigures:
    """Counts of orders and parts, and totals in minor units with tax.

    `goods` and `delivery` are after discounts and before refunds, `paid` is the net total of orders that are
    paid in full. `commission` is after refunds that cooperatives bear.
    """

    orders: int = 0
    parts: int = 0
    goods: int = 0
    delivery: int = 0
    refunded: int = 0
    paid: int = 0
    commission: int = 0

    @property
    def total(self) -> int:
        """The net total: products and delivery, less refunds."""
        return self.goods + self.delivery - self.refunded

    @property
    def unpaid(self) -> int:
        """The net total of orders that are not paid in full."""
        return self.total - self.paid

    @property
    def average(self) -> int:
        """The average order value in whole minor units, or 0 without orders."""
        return (self.total + self.orders // 2) // self.orders if self.orders else 0

    def __add__(self, other: SalesFigures) -> SalesFigures:
        return SalesFigures(
            orders=self.orders + other.orders,
            parts=self.parts + other.parts,
            goods=self.goods + other.goods,
            delivery=self.delivery + other.delivery,
            refunded=self.refunded + other.refunded,
            paid=self.paid + other.paid,
            commission=self.commission + other.commission,
        )


def sum_figures(rows: Iterable[SalesFigures]) -> SalesFigures:
    """Add rows up. An order in several groups is counted in each, so add up periods, not groups."""
    return sum(rows, SalesFigures())
