"""Assert the rules of `manage.py verify` over all rows."""

from __future__ import annotations

from collections.abc import Iterable

from shop.management.verification import ledger, money, order_totals, parcels, stock
from shop.management.verification.rows import OrderRows


def check_everything(*, order_limit: int | None = None) -> None:
    """Check every rule over all rows; `order_limit` restricts recalculation to the orders changed last."""
    rows = OrderRows()
    check_stock()
    check_availability()
    check_sums(rows)
    check_report_columns(rows)
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
    check_ledger(rows, order_limit)
    check_derived(rows, order_limit)


def check_stock() -> None:
    _assert_no_faults(stock.find_wrong_stock())
    _assert_no_faults(stock.find_wrong_lot_balances())
    _assert_no_faults(stock.find_wrong_recalls())


def check_availability() -> None:
    _assert_no_faults(stock.find_wrong_availability())


def check_parcels(rows: OrderRows | None = None) -> None:
    _assert_no_faults(parcels.find_wrong_parcels(rows or OrderRows()))


def check_weights(rows: OrderRows | None = None) -> None:
    _assert_no_faults(parcels.find_wrong_weights(rows or OrderRows()))


def check_substitutes(rows: OrderRows | None = None) -> None:
    _assert_no_faults(parcels.find_wrong_substitutes(rows or OrderRows()))


def check_unconfirmed_orders(rows: OrderRows | None = None) -> None:
    _assert_no_faults(parcels.find_work_on_unconfirmed_orders(rows or OrderRows()))


def check_slots() -> None:
    _assert_no_faults(parcels.find_wrong_slots())


def check_sums(rows: OrderRows | None = None) -> None:
    _assert_no_faults(order_totals.find_wrong_totals(rows or OrderRows()))


def check_report_columns(rows: OrderRows | None = None) -> None:
    _assert_no_faults(order_totals.find_wrong_report_columns(rows or OrderRows()))


def check_discounts(rows: OrderRows | None = None) -> None:
    _assert_no_faults(order_totals.find_wrong_discounts(rows or OrderRows()))


def check_derived(rows: OrderRows | None = None, order_limit: int | None = None) -> None:
    _assert_no_faults(order_totals.find_stale_orders(rows or OrderRows(), order_limit))


def check_cash(rows: OrderRows | None = None) -> None:
    _assert_no_faults(money.find_wrong_cash(rows or OrderRows()))


def check_outstanding_cash() -> None:
    _assert_no_faults(money.find_wrong_outstanding_cash())


def check_refunds(rows: OrderRows | None = None) -> None:
    _assert_no_faults(money.find_wrong_refunds(rows or OrderRows()))


def check_unmatched_transfers() -> None:
    _assert_no_faults(money.find_wrong_unmatched_transfers())


def check_ledger(rows: OrderRows | None = None, order_limit: int | None = None) -> None:
    rows = rows or OrderRows()
    _assert_no_faults(ledger.find_unbalanced_postings())
    _assert_no_faults(ledger.find_wrongly_booked_events())
    _assert_no_faults(ledger.find_wrong_balances(rows))
    _assert_no_faults(ledger.find_unbooked_parts(rows, order_limit))
    _assert_no_faults(ledger.find_wrong_settlements())
    _assert_no_faults(ledger.find_wrong_debts())


def _assert_no_faults(faults: Iterable[str]) -> None:
    assert list(faults) == []
