"""Run every rule over the whole shop, in batches, on one snapshot of its database."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

from orders.models import Order
from shop.core.change_log.audit import find_change_log_faults
from shop.management.demo_state.passwords import find_accounts_with_published_password
from shop.management.verification import ledger, money, order_totals, parcels, stock
from shop.management.verification.rows import OrderRows

_ORDERS_AT_ONCE = 500


def find_faults(*, now: datetime.datetime) -> Iterator[str]:
    """Yield one sentence per fault. Memory is bounded by a batch of orders."""
    yield from stock.find_wrong_stock()
    yield from stock.find_wrong_lot_balances()
    yield from stock.find_wrong_recalls()
    yield from stock.find_wrong_availability()
    yield from parcels.find_wrong_slots()
    for order_ids in _read_batches():
        yield from find_faults_of_orders(OrderRows(order_ids))
    yield from money.find_wrong_outstanding_cash()
    yield from money.find_wrong_unmatched_transfers()
    yield from ledger.find_unbalanced_postings()
    yield from ledger.find_wrongly_booked_events()
    yield from ledger.find_wrong_settlements()
    yield from ledger.find_wrong_debts()
    yield from find_change_log_faults(now=now)
    for user in find_accounts_with_published_password() if settings.OPEN_TO_NETWORK else ():
        yield f"account {user.pk} ({user.email}): still has the password that the demo publishes"


def find_faults_of_orders(rows: OrderRows) -> Iterator[str]:
    yield from order_totals.find_wrong_totals(rows)
    yield from order_totals.find_wrong_report_columns(rows)
    yield from order_totals.find_wrong_discounts(rows)
    yield from order_totals.find_stale_orders(rows)
    yield from parcels.find_wrong_parcels(rows)
    yield from parcels.find_wrong_weights(rows)
    yield from parcels.find_wrong_substitutes(rows)
    yield from parcels.find_work_on_unconfirmed_orders(rows)
    yield from money.find_wrong_cash(rows)
    yield from money.find_wrong_refunds(rows)
    yield from ledger.find_wrong_balances(rows)
    yield from ledger.find_unbooked_parts(rows)


def _read_batches() -> Iterator[Sequence[uuid.UUID]]:
    last = 0
    orders = Order.objects.order_by("number")
    while batch := list(orders.filter(number__gt=last).values_list("number", "pk")[:_ORDERS_AT_ONCE]):
        last = batch[-1][0]
        yield [pk for _number, pk in batch]


@contextmanager
def database_snapshot() -> Iterator[None]:
    """Read one consistent snapshot, forbid writes, and block no writers.

    On SQLite this is a plain BEGIN, because Django's transactions would take the writer lock.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        cursor.execute("BEGIN DEFERRED")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
            cursor.execute("PRAGMA query_only = OFF")
