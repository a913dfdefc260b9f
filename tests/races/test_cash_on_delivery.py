"""Races of cash on delivery: remitting, collecting, voiding and compensating."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from django.db import connection

from orders import locks
from orders.actions.cash_on_delivery import cash_remittance
from orders.actions.cash_on_delivery.cash_remittance import (
    CashNotHeld,
    Remitter,
    reconcile_remittance,
    remit_cash,
)
from orders.actions.cash_on_delivery.remittance_differences import (
    NoRemittanceDifference,
    resolve_remittance_difference,
)
from orders.actions.fulfilment.deliver_parcels import report_collected_cash
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import CashRemittance, LedgerAccount, LedgerEntry, Parcel, PaymentEvent, RemittanceLine
from orders.states import CashHolder, CodState, ParcelState
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from tests.invariants import check_cash, check_outstanding_cash
from tests.orders.cash_on_delivery.cash_helpers import ACTOR_AND_NOW, CARRIER, make_delivered_parcel
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
REMITTER = Remitter(CashHolder.CARRIER, CARRIER)


def type_names(results):
    return sorted(type(result).__name__ for result in results)


def remitting(parcel, idempotency_key):
    return partial(
        remit_cash,
        remitter=REMITTER,
        parcel_ids=[parcel.pk],
        idempotency_key=idempotency_key,
        **ACTOR_AND_NOW,
    )


def test_parallel_remittances_remit_cash_once() -> None:
    parcel = make_delivered_parcel(cash=True)

    results = run_in_threads([remitting(parcel, "a"), remitting(parcel, "b")])

    assert type_names(results) == ["CashNotHeld", "CashRemittance"], results
    refusal = next(result for result in results if isinstance(result, CashNotHeld))
    assert refusal.details == {"parcels": [parcel.pk]}
    assert RemittanceLine.objects.get().parcel == parcel
    check_outstanding_cash()


def test_remittance_repeated_in_parallel_is_recorded_once() -> None:
    parcel = make_delivered_parcel(cash=True)

    results = run_in_threads([remitting(parcel, "a")] * 10)

    assert {getattr(result, "pk", result) for result in results} == {CashRemittance.objects.get().pk}


def test_without_lock_second_remittance_fails_with_database_error(monkeypatch) -> None:
    parcel = make_delivered_parcel(cash=True)
    both_read, stale_reads = threading.Barrier(2, timeout=20), threading.local()
    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            return list(rows.order_by("pk"))

        lock_parcels = locks.lock_parcels

        def read_together(parcel_ids):
            parcels = lock_parcels(parcel_ids)
            both_read.wait()
            return parcels

        monkeypatch.setattr(locks, "lock_rows", read_without_lock)
        monkeypatch.setattr(cash_remittance.locks, "lock_parcels", read_together)
    else:
        lock_parcels = locks.lock_parcels
        monkeypatch.setattr(cash_remittance.locks, "lock_parcels", lambda _ids: stale_reads.parcels)

    def work(idempotency_key):
        if connection.vendor == "sqlite":
            stale_reads.parcels = lock_parcels([parcel.pk])
            both_read.wait()
        return remitting(parcel, idempotency_key)()

    results = run_in_threads([partial(work, "a"), partial(work, "b")])

    assert type_names(results) == ["CashRemittance", "IntegrityError"], results


def test_parallel_reports_collect_cash_once() -> None:
    parcel = make_delivered_parcel()
    reporting = partial(report_collected_cash, parcel_id=parcel.pk, **ACTOR_AND_NOW)

    results = run_in_threads([reporting, reporting])

    assert type_names(results) == ["Parcel", "TransitionNotAllowed"], results
    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    check_cash()


def test_without_lock_cash_is_collected_twice(monkeypatch) -> None:
    parcel = make_delivered_parcel()
    both_read, stale_reads = threading.Barrier(2, timeout=20), threading.local()
    lock_parcel = locks.lock_parcel
    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            read_rows = list(rows.order_by("pk"))
            both_read.wait()
            return next(iter(read_rows), None)

        monkeypatch.setattr(locks, "lock_row", read_without_lock)
    else:
        monkeypatch.setattr(locks, "lock_parcel", lambda _parcel_id: stale_reads.rows)

    def reporting():
        if connection.vendor == "sqlite":
            stale_reads.rows = lock_parcel(parcel.pk)
            both_read.wait()
        return report_collected_cash(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    results = run_in_threads([reporting, reporting])

    assert type_names(results) == ["Parcel", "Parcel"], results
    assert Change.objects.filter(action="parcel.cash_collected").count() == 2


def test_cash_is_collected_before_parcel_is_voided_or_not_at_all() -> None:
    parcels = [make_delivered_parcel() for _ in range(6)]
    calls = []
    for parcel in parcels:
        calls.append(partial(report_collected_cash, parcel_id=parcel.pk, **ACTOR_AND_NOW))
        calls.append(partial(void_parcel, parcel_id=parcel.pk, reason="hàng về", **ACTOR_AND_NOW))

    results = run_in_threads(calls)

    for n, parcel in enumerate(parcels):
        reported, voided = results[2 * n : 2 * n + 2]
        now = Parcel.objects.get(pk=parcel.pk)
        assert isinstance(voided, Parcel)
        assert now.state == ParcelState.VOIDED
        if isinstance(reported, Parcel):
            assert (now.cod_state, now.cod_collected) == (CodState.COLLECTED, 230_000)
        else:
            assert isinstance(reported, TransitionNotAllowed)
            assert (now.cod_state, now.cod_collected) == (CodState.EXPECTED, 0)
    check_cash()
    check_outstanding_cash()


def short_remittance() -> CashRemittance:
    """Return a remittance of 230,000 by the carrier; 30,000 is missing."""
    remittance = remitting(make_delivered_parcel(cash=True), "a")()
    return reconcile_remittance(
        remittance_id=remittance.pk, received=200_000, reason="thiếu", **ACTOR_AND_NOW
    )


def compensating(remittance):
    return partial(
        resolve_remittance_difference,
        remittance_id=remittance.pk,
        amount=30_000,
        is_platform_cost=False,
        reason="chuyển bù",
        **ACTOR_AND_NOW,
    )


def owed_by_carriers() -> int:
    return LedgerEntry.objects.filter(account=LedgerAccount.CARRIER_CASH).balance()


def test_parallel_compensations_are_recorded_once() -> None:
    remittance = short_remittance()

    results = run_in_threads([compensating(remittance)] * 4)

    assert type_names(results) == ["CashRemittance", *["NoRemittanceDifference"] * 3], results
    assert any(isinstance(result, NoRemittanceDifference) for result in results)
    remittance.refresh_from_db()
    assert (remittance.resolved_difference, owed_by_carriers()) == (30_000, 0)
    assert Change.objects.filter(action="remittance.difference_resolved").count() == 1
    check_outstanding_cash()


def test_without_lock_compensation_is_recorded_twice(monkeypatch) -> None:
    remittance = short_remittance()
    both_read, stale_reads = threading.Barrier(2, timeout=20), threading.local()
    lock_remittance = locks.lock_remittance
    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            read_rows = list(rows.order_by("pk"))
            both_read.wait()
            return next(iter(read_rows), None)

        monkeypatch.setattr(locks, "lock_row", read_without_lock)
    else:
        monkeypatch.setattr(locks, "lock_remittance", lambda _remittance_id: stale_reads.row)

    def work():
        if connection.vendor == "sqlite":
            stale_reads.row = lock_remittance(remittance.pk)
            both_read.wait()
        return compensating(remittance)()

    results = run_in_threads([work, work])

    assert type_names(results) == ["CashRemittance", "CashRemittance"], results
    assert owed_by_carriers() == -30_000
