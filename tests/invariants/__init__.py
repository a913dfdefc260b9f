"""Assert the rules of `manage.py verify` over all rows."""

from __future__ import annotations

from collections.abc import Iterable

from shop.management.verification import ledger, money, order_totals, stock_and_parcels
from shop.management.verification.rows import OrderRows


def check_everything(*, newest: int | None = None) -> None:
    """Check every rule over all rows; `newest` limits recalculation to the orders changed last."""
    rows = OrderRows()
    check_stock()
    check_availability()
    check_sums(rows)
    check_counted(rows)
    check_discounts(rows)
    check_parcels(rows)
    check_weights(rows)
    check_substitutes(rows)
    check_cash(rows)
    check_outstanding_cash()
    check_unmatched_transfers()
    check_refunds(rows)
    check_unconfirmed_orders(rows)
    check_slots()
    check_ledger(rows, newest)
    check_derived(rows, newest)


def check_stock() -> None:
    _is_clean(stock_and_parcels.find_wrong_stock())


def check_availability() -> None:
    _is_clean(stock_and_parcels.find_wrong_availability())


def check_parcels(rows: OrderRows | None = None) -> None:
    _is_clean(stock_and_parcels.find_wrong_parcels(rows or OrderRows()))


def check_weights(rows: OrderRows | None = None) -> None:
    _is_clean(stock_and_parcels.find_wrong_weights(rows or OrderRows()))


def check_substitutes(rows: OrderRows | None = None) -> None:
    _is_clean(stock_and_parcels.find_wrong_substitutes(rows or OrderRows()))


def check_unconfirmed_orders(rows: OrderRows | None = None) -> None:
    _is_clean(stock_and_parcels.find_work_on_unconfirmed_orders(rows or OrderRows()))


def check_slots() -> None:
    _is_clean(stock_and_parcels.find_wrong_slots())


def check_sums(rows: OrderRows | None = None) -> None:
    _is_clean(order_totals.find_wrong_totals(rows or OrderRows()))


def check_counted(rows: OrderRows | None = None) -> None:
    _is_clean(order_totals.find_wrong_counts(rows or OrderRows()))


def check_discounts(rows: OrderRows | None = None) -> None:
    _is_clean(order_totals.find_wrong_discounts(rows or OrderRows()))


def check_derived(rows: OrderRows | None = None, newest: int | None = None) -> None:
    _is_clean(order_totals.find_stale_orders(rows or OrderRows(), newest))


def check_cash(rows: OrderRows | None = None) -> None:
    _is_clean(money.find_wrong_cash(rows or OrderRows()))


def check_outstanding_cash() -> None:
    _is_clean(money.find_wrong_outstanding_cash())


def check_refunds(rows: OrderRows | None = None) -> None:
    _is_clean(money.find_wrong_refunds(rows or OrderRows()))


def check_unmatched_transfers() -> None:
    _is_clean(money.find_wrong_unmatched_transfers())


def check_ledger(rows: OrderRows | None = None, newest: int | None = None) -> None:
    rows = rows or OrderRows()
    _is_clean(ledger.find_unbalanced_postings())
    _is_clean(ledger.find_wrongly_booked_events())
    _is_clean(ledger.find_wrong_balances(rows))
    _is_clean(ledger.find_unbooked_parts(rows, newest))
    _is_clean(ledger.find_wrong_settlements())


def _is_clean(faults: Iterable[str]) -> None:
    assert list(faults) == []
