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
from shop.core.states import WrongMove
from tests.invariants import check_cash, check_cash_away
from tests.orders.cash_on_delivery.cash_at_hand import CARRIER, WHO, delivered
from tests.races.together import together

pytestmark = pytest.mark.django_db(transaction=True)
REMITTER = Remitter(CashHolder.CARRIER, CARRIER)


def kinds(answers):
    return sorted(type(answer).__name__ for answer in answers)


def remitting(parcel, key):
    return partial(remit_cash, remitter=REMITTER, parcel_ids=[parcel.pk], key=key, **WHO)


def test_parallel_remittances_remit_cash_once() -> None:
    parcel = delivered(cash=True)

    answers = together([remitting(parcel, "a"), remitting(parcel, "b")])

    assert kinds(answers) == ["CashNotHeld", "CashRemittance"], answers
    refusal = next(answer for answer in answers if isinstance(answer, CashNotHeld))
    assert refusal.details == {"parcels": [parcel.pk]}
    assert RemittanceLine.objects.get().parcel == parcel
    check_cash_away()


def test_remittance_repeated_in_parallel_is_recorded_once() -> None:
    parcel = delivered(cash=True)

    answers = together([remitting(parcel, "a")] * 10)

    assert {getattr(answer, "pk", answer) for answer in answers} == {CashRemittance.objects.get().pk}


def test_without_lock_second_remittance_fails_with_database_error(monkeypatch) -> None:
    parcel = delivered(cash=True)
    both_read, early = threading.Barrier(2, timeout=20), threading.local()
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
        monkeypatch.setattr(cash_remittance.locks, "lock_parcels", lambda _ids: early.parcels)

    def work(key):
        if connection.vendor == "sqlite":
            early.parcels = lock_parcels([parcel.pk])
            both_read.wait()
        return remitting(parcel, key)()

    answers = together([partial(work, "a"), partial(work, "b")])

    assert kinds(answers) == ["CashRemittance", "IntegrityError"], answers


def test_parallel_reports_collect_cash_once() -> None:
    parcel = delivered()
    reporting = partial(report_collected_cash, parcel_id=parcel.pk, **WHO)

    answers = together([reporting, reporting])

    assert kinds(answers) == ["Parcel", "WrongMove"], answers
    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    check_cash()


def test_without_lock_cash_is_collected_twice(monkeypatch) -> None:
    parcel = delivered()
    both_read, early = threading.Barrier(2, timeout=20), threading.local()
    lock_parcel = locks.lock_parcel
    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            read_rows = list(rows.order_by("pk"))
            both_read.wait()
            return next(iter(read_rows), None)

        monkeypatch.setattr(locks, "lock_row", read_without_lock)
    else:
        monkeypatch.setattr(locks, "lock_parcel", lambda _parcel_id: early.rows)

    def reporting():
        if connection.vendor == "sqlite":
            early.rows = lock_parcel(parcel.pk)
            both_read.wait()
        return report_collected_cash(parcel_id=parcel.pk, **WHO)

    answers = together([reporting, reporting])

    assert kinds(answers) == ["Parcel", "Parcel"], answers
    assert Change.objects.filter(action="parcel.cash_collected").count() == 2


def test_cash_is_collected_before_parcel_is_voided_or_not_at_all() -> None:
    parcels = [delivered() for _ in range(6)]
    works = []
    for parcel in parcels:
        works.append(partial(report_collected_cash, parcel_id=parcel.pk, **WHO))
        works.append(partial(void_parcel, parcel_id=parcel.pk, reason="hàng về", **WHO))

    answers = together(works)

    for n, parcel in enumerate(parcels):
        reported, voided = answers[2 * n : 2 * n + 2]
        now = Parcel.objects.get(pk=parcel.pk)
        assert isinstance(voided, Parcel)
        assert now.state == ParcelState.VOIDED
        if isinstance(reported, Parcel):
            assert (now.cod_state, now.cod_collected) == (CodState.COLLECTED, 230_000)
        else:
            assert isinstance(reported, WrongMove)
            assert (now.cod_state, now.cod_collected) == (CodState.EXPECTED, 0)
    check_cash()
    check_cash_away()


def short_remittance() -> CashRemittance:
    """A remittance of 230,000 by the carrier, of which 30,000 is missing."""
    remittance = remitting(delivered(cash=True), "a")()
    return reconcile_remittance(remittance_id=remittance.pk, received=200_000, reason="thiếu", **WHO)


def compensating(remittance):
    return partial(
        resolve_remittance_difference,
        remittance_id=remittance.pk,
        amount=30_000,
        is_ours=False,
        reason="chuyển bù",
        **WHO,
    )


def owed_by_carriers() -> int:
    return LedgerEntry.objects.filter(account=LedgerAccount.CARRIER_CASH).balance()


def test_parallel_compensations_are_recorded_once() -> None:
    remittance = short_remittance()

    answers = together([compensating(remittance)] * 4)

    assert kinds(answers) == ["CashRemittance", *["NoRemittanceDifference"] * 3], answers
    assert any(isinstance(answer, NoRemittanceDifference) for answer in answers)
    remittance.refresh_from_db()
    assert (remittance.compensated, owed_by_carriers()) == (30_000, 0)
    assert Change.objects.filter(action="remittance.difference_resolved").count() == 1
    check_cash_away()


def test_without_lock_compensation_is_recorded_twice(monkeypatch) -> None:
    remittance = short_remittance()
    both_read, early = threading.Barrier(2, timeout=20), threading.local()
    lock_remittance = locks.lock_remittance
    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            read_rows = list(rows.order_by("pk"))
            both_read.wait()
            return next(iter(read_rows), None)

        monkeypatch.setattr(locks, "lock_row", read_without_lock)
    else:
        monkeypatch.setattr(locks, "lock_remittance", lambda _remittance_id: early.row)

    def work():
        if connection.vendor == "sqlite":
            early.row = lock_remittance(remittance.pk)
            both_read.wait()
        return compensating(remittance)()

    answers = together([work, work])

    assert kinds(answers) == ["CashRemittance", "CashRemittance"], answers
    assert owed_by_carriers() == -30_000
