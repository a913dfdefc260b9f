"""What always holds, whatever happened: each asked of the rows themselves, not of the code that keeps it."""

from __future__ import annotations

from tests.invariants.goods import (
    check_availability,
    check_parcels,
    check_slots,
    check_stock,
    check_waiting,
    check_weights,
)
from tests.invariants.money import (
    check_cash,
    check_cash_away,
    check_ledger,
    check_refunds,
    check_unclaimed,
)
from tests.invariants.rows import Rows
from tests.invariants.sums import check_counted, check_derived, check_discounts, check_sums

__all__ = [
    "check_availability",
    "check_cash",
    "check_cash_away",
    "check_counted",
    "check_derived",
    "check_discounts",
    "check_everything",
    "check_ledger",
    "check_parcels",
    "check_refunds",
    "check_slots",
    "check_stock",
    "check_sums",
    "check_unclaimed",
    "check_waiting",
    "check_weights",
]


def check_everything(*, newest: int | None = None) -> None:
    """Every rule, over all rows; what is derived again only of so many orders, latest changed first."""
    rows = Rows()
    check_stock(rows)
    check_availability()
    check_sums(rows)
    check_counted(rows)
    check_discounts(rows)
    check_parcels(rows)
    check_weights(rows)
    check_cash(rows)
    check_cash_away()
    check_unclaimed()
    check_refunds(rows)
    check_waiting(rows)
    check_slots()
    check_ledger(rows, newest)
    check_derived(rows, newest)
