"""What always holds, asserted: the rules are those of `manage.py verify`, over all rows."""

from __future__ import annotations

from collections.abc import Iterable

from shop.management.verification import goods, ledger, money, sums
from shop.management.verification.rows import Rows


def check_everything(*, newest: int | None = None) -> None:
    """Every rule, over all rows; what is derived again only of so many orders, latest changed first."""
    rows = Rows()
    check_stock()
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


def check_stock() -> None:
    _is_clean(goods.find_wrong_stock())


def check_availability() -> None:
    _is_clean(goods.find_wrong_availability())


def check_parcels(rows: Rows | None = None) -> None:
    _is_clean(goods.find_wrong_parcels(rows or Rows()))


def check_weights(rows: Rows | None = None) -> None:
    _is_clean(goods.find_wrong_weights(rows or Rows()))


def check_waiting(rows: Rows | None = None) -> None:
    _is_clean(goods.find_work_on_unconfirmed_orders(rows or Rows()))


def check_slots() -> None:
    _is_clean(goods.find_wrong_slots())


def check_sums(rows: Rows | None = None) -> None:
    _is_clean(sums.find_wrong_sums(rows or Rows()))


def check_counted(rows: Rows | None = None) -> None:
    _is_clean(sums.find_wrong_counts(rows or Rows()))


def check_discounts(rows: Rows | None = None) -> None:
    _is_clean(sums.find_wrong_discounts(rows or Rows()))


def check_derived(rows: Rows | None = None, newest: int | None = None) -> None:
    _is_clean(sums.find_stale_orders(rows or Rows(), newest))


def check_cash(rows: Rows | None = None) -> None:
    _is_clean(money.find_wrong_cash(rows or Rows()))


def check_cash_away() -> None:
    _is_clean(money.find_wrong_cash_away())


def check_refunds(rows: Rows | None = None) -> None:
    _is_clean(money.find_wrong_refunds(rows or Rows()))


def check_unclaimed() -> None:
    _is_clean(money.find_wrong_unmatched_transfers())


def check_ledger(rows: Rows | None = None, newest: int | None = None) -> None:
    rows = rows or Rows()
    _is_clean(ledger.find_unlevel_postings())
    _is_clean(ledger.find_wrongly_booked_events())
    _is_clean(ledger.find_wrong_balances(rows))
    _is_clean(ledger.find_unbooked_parts(rows, newest))
    _is_clean(ledger.find_wrong_settlements())


def _is_clean(faults: Iterable[str]) -> None:
    assert list(faults) == []
