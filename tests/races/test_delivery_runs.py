"""Delivery runs that take one parcel at once, and a delivery while its run ends."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection

from orders import locks
from orders.actions.fulfilment import delivery_runs, handovers
from orders.actions.fulfilment.deliver_parcels import fail_delivery, hand_over_parcel
from orders.actions.fulfilment.delivery_runs import (
    ParcelNotForRun,
    RunEnded,
    RunNotReopenable,
    create_run,
    deliver_run_parcel,
    end_run,
    reopen_run,
)
from orders.actions.fulfilment.handovers import IssuedCode, issue_handover_code
from orders.models import DeliveryRun, HandoverCode, HandoverStep, Order, Parcel, RunParcel
from orders.states import ParcelState
from shop.core.actors import Actor
from tests.factories import NOW, make_seller
from tests.races.parallel import run_in_threads
from tests.shop.members.part_factories import accepted_part, closed_parcel

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor.system("test")


def creating(parcel: Parcel) -> Any:
    return partial(
        create_run,
        cooperative=parcel.part.cooperative,
        parcel_ids=[parcel.pk],
        name="Xã Phủ Thông",
        driver_name="Tài",
        actor=ACTOR,
        now=NOW,
    )


def run_with_actions() -> tuple[Parcel, Any, Any]:
    """Return a parcel on its way in a run, and callables that deliver it and end the run."""
    parcel = closed_parcel(accepted_part(make_seller()))
    run = creating(parcel)()
    hand_over_parcel(parcel_id=parcel.pk, actor=ACTOR, now=NOW)
    delivering = partial(
        deliver_run_parcel, run_id=run.pk, parcel_id=parcel.pk, is_cash_collected=True, now=NOW
    )
    ending = partial(end_run, run_id=run.pk, cooperative=run.cooperative, actor=ACTOR, now=NOW)
    return parcel, delivering, ending


def run_with_code_actions() -> tuple[Any, Any]:
    """Return callables: the driver of a run makes a code for a buyer, and the run ends."""
    parcel, _delivering, ending = run_with_actions()
    issuing = partial(
        issue_handover_code,
        parcel_id=parcel.pk,
        step=HandoverStep.TO_BUYER,
        cooperative=parcel.part.cooperative,
        giver_name="Tài",
        run=DeliveryRun.objects.get(),
        now=NOW,
    )
    return issuing, ending


def test_parcel_joins_one_of_two_runs() -> None:
    parcel = closed_parcel(accepted_part(make_seller()))

    results = run_in_threads([creating(parcel)] * 3)

    assert sorted(type(result).__name__ for result in results) == [
        DeliveryRun.__name__,
        ParcelNotForRun.__name__,
        ParcelNotForRun.__name__,
    ]
    assert RunParcel.objects.open().filter(parcel=parcel).count() == 1


def test_without_lock_the_constraint_refuses_the_second_run(monkeypatch) -> None:
    """Another run takes the parcel once the first has found it free."""
    parcel = closed_parcel(accepted_part(make_seller()))
    find_waiting = delivery_runs.parcels_awaiting_run
    monkeypatch.setattr(
        locks,
        "lock_orders",
        lambda order_ids: {row.pk: row for row in Order.objects.filter(pk__in=order_ids)},
    )
    create = creating(parcel)
    if connection.vendor == "sqlite":  # there the transaction is the lock, so it is free before that begins
        create()
        monkeypatch.setattr(delivery_runs, "parcels_awaiting_run", lambda _seller: Parcel.objects.all())
    else:
        is_first = [True]

        def find_then_create(cooperative: Any) -> Any:
            waiting = find_waiting(cooperative)
            if is_first.pop() if is_first else False:
                waiting = Parcel.objects.filter(pk__in=list(waiting.values_list("pk", flat=True)))
                run_in_threads([create])
            return waiting

        monkeypatch.setattr(delivery_runs, "parcels_awaiting_run", find_then_create)

    with pytest.raises(IntegrityError):
        create()

    assert RunParcel.objects.open().filter(parcel=parcel).count() == 1


def test_delivery_comes_before_the_end_of_its_run_or_is_refused() -> None:
    parcel, delivering, ending = run_with_actions()

    delivered, ended = run_in_threads([delivering, ending])

    parcel.refresh_from_db()
    assert ended is None
    assert (type(delivered), parcel.state) in (
        (type(None), ParcelState.DELIVERED),
        (RunEnded, ParcelState.HANDED_OVER),
    )


def test_without_lock_a_parcel_is_delivered_after_its_run_ended(monkeypatch) -> None:
    """The run ends once the delivery has found it open."""
    parcel, delivering, ending = run_with_actions()
    stale_run = DeliveryRun.objects.get()

    def read_then_end(run_id: int) -> DeliveryRun:
        monkeypatch.undo()
        if connection.vendor != "sqlite":  # there the transaction is the lock, so it ended before that began
            run_in_threads([ending])
        return stale_run

    if connection.vendor == "sqlite":
        ending()
    monkeypatch.setattr(locks, "lock_run", read_then_end)

    delivering()

    parcel.refresh_from_db()
    assert DeliveryRun.objects.get().ended_at == NOW
    assert parcel.state == ParcelState.DELIVERED


def test_no_code_of_a_driver_is_open_after_the_run_ended() -> None:
    issuing, ending = run_with_code_actions()

    issued, ended = run_in_threads([issuing, ending])

    assert ended is None
    assert type(issued) in (IssuedCode, RunEnded)
    assert not HandoverCode.objects.filter(closed_at=None).exists()


def test_without_lock_a_code_is_open_after_its_run_ended(monkeypatch) -> None:
    """The run ends once the giver's page has found the parcel in it, and before the code is saved."""
    issuing, ending = run_with_code_actions()
    is_found, has_closed_codes = threading.Event(), threading.Event()
    hash_digits, lock_parcels = handovers._hash_digits, locks.lock_parcels

    def hash_after_closing(code: HandoverCode, digits: str) -> str:
        is_found.set()
        has_closed_codes.wait(timeout=20)
        return hash_digits(code, digits)

    def lock_after_closing(parcel_ids: Iterable[int]) -> dict[int, Parcel]:
        has_closed_codes.set()
        return lock_parcels(parcel_ids)

    def end_once_found() -> None:
        is_found.wait(timeout=20)
        ending()

    if connection.vendor == "sqlite":  # there the transaction is the lock, so it ended before that began
        stale_run = DeliveryRun.objects.get()
        ending()
        RunParcel.objects.update(released_at=None)  # as the giver's page has found it
        monkeypatch.setattr(locks, "lock_run", lambda run_id: stale_run)
        issuing()
    else:
        monkeypatch.setattr(locks, "lock_run", lambda run_id: DeliveryRun.objects.get(pk=run_id))
        monkeypatch.setattr(locks, "lock_parcels", lock_after_closing)
        monkeypatch.setattr(handovers, "_hash_digits", hash_after_closing)
        results = run_in_threads([issuing, end_once_found])
        assert [type(result) for result in results] == [IssuedCode, type(None)]

    assert DeliveryRun.objects.get().ended_at == NOW
    assert HandoverCode.objects.filter(closed_at=None).exists()


def reopening_of_an_ended_run() -> tuple[Parcel, Any]:
    """Return a parcel of a run that has ended, and the callable that reopens the run."""
    parcel, _delivering, ending = run_with_actions()
    ending()
    fail_delivery(parcel_id=parcel.pk, reason="Vắng nhà", actor=ACTOR, now=NOW)
    run = DeliveryRun.objects.get()
    return parcel, partial(reopen_run, run_id=run.pk, cooperative=run.cooperative, actor=ACTOR, now=NOW)


def test_parcel_joins_a_new_run_or_returns_to_the_reopened_one() -> None:
    parcel, reopening = reopening_of_an_ended_run()

    reopened, created = run_in_threads([reopening, creating(parcel)])

    assert (type(reopened), type(created)) in (
        (type(None), ParcelNotForRun),
        (RunNotReopenable, DeliveryRun),
    )
    assert RunParcel.objects.open().filter(parcel=parcel).count() == 1


def test_without_lock_the_constraint_refuses_the_reopened_run(monkeypatch) -> None:
    """A new run takes the parcel once the reopening has found it free."""
    parcel, reopening = reopening_of_an_ended_run()
    free_rows = delivery_runs._find_free_run_parcels(DeliveryRun.objects.get())
    create = creating(parcel)
    monkeypatch.setattr(locks, "lock_parcels", lambda _parcel_ids: {})

    def find_then_create(_run: DeliveryRun) -> list[int]:
        monkeypatch.undo()
        if connection.vendor != "sqlite":  # there the transaction is the lock, so the new run came before it
            run_in_threads([create])
        return free_rows

    if connection.vendor == "sqlite":
        monkeypatch.undo()
        create()
    monkeypatch.setattr(delivery_runs, "_find_free_run_parcels", find_then_create)

    with pytest.raises(IntegrityError):
        reopening()

    assert RunParcel.objects.open().filter(parcel=parcel).count() == 1
