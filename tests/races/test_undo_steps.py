"""Races of undoing: against itself, against the next step, and against closing the settlement."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from orders import locks
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.undo_steps import MoneyAlreadyMoved, ParcelStep, undo_parcel_step
from orders.actions.settlement.close_settlement import close_settlement
from orders.models import Parcel, PaymentEvent, Settlement
from shop.core.actors import Actor, ActorKind, EntryPoint
from tests.factories import NOW, get_stock, make_order, make_variant
from tests.invariants import check_everything
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR_AND_NOW: dict[str, Any] = {
    "actor": Actor(ActorKind.SYSTEM, EntryPoint.MEMBERS, name="test"),
    "now": NOW,
}


def handed_over() -> Parcel:
    part = make_order((make_variant(), 4)).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 4}, **ACTOR_AND_NOW)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    return hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)


def delivered() -> Parcel:
    return deliver_parcel(parcel_id=handed_over().pk, is_cash_collected=True, **ACTOR_AND_NOW)


def type_names(results: list[Any]) -> list[str]:
    return sorted(type(result).__name__ for result in results)


def test_parallel_undoing_restores_stock_once() -> None:
    parcel = handed_over()
    undoing = partial(undo_parcel_step, parcel_id=parcel.pk, step=ParcelStep.HANDOVER, **ACTOR_AND_NOW)

    results = run_in_threads([undoing] * 4)

    assert type_names(results) == ["Parcel", *["TransitionNotAllowed"] * 3]
    assert get_stock(parcel.lines.get().order_line.variant).on_hand == 10
    check_everything()


def test_parallel_undoing_reverses_cash_once() -> None:
    undoing = partial(undo_parcel_step, parcel_id=delivered().pk, step=ParcelStep.DELIVERY, **ACTOR_AND_NOW)

    results = run_in_threads([undoing] * 4)

    assert type_names(results) == ["Parcel", *["TransitionNotAllowed"] * 3]
    assert PaymentEvent.objects.filter(kind="charge_back").count() == 1
    check_everything()


def test_without_lock_stock_is_restored_twice(monkeypatch: Any) -> None:
    parcel = handed_over()
    first_is_done = threading.Event()
    with transaction.atomic():
        stale_parcels = [locks.lock_parcel(parcel.pk) for _ in range(2)]
    monkeypatch.setattr(locks, "lock_parcel", lambda _parcel_id: stale_parcels.pop())

    def undo_after(event: threading.Event | None) -> Parcel:
        if event is not None:
            assert event.wait(timeout=20)
        try:
            return undo_parcel_step(parcel_id=parcel.pk, step=ParcelStep.HANDOVER, **ACTOR_AND_NOW)
        finally:
            first_is_done.set()

    results = run_in_threads([partial(undo_after, None), partial(undo_after, first_is_done)])

    assert type_names(results) == ["Parcel", "Parcel"], results
    assert get_stock(parcel.lines.get().order_line.variant).on_hand == 14


def test_handover_is_undone_or_delivered_but_not_both() -> None:
    parcel = handed_over()

    undone, brought = run_in_threads(
        [
            partial(undo_parcel_step, parcel_id=parcel.pk, step=ParcelStep.HANDOVER, **ACTOR_AND_NOW),
            partial(deliver_parcel, parcel_id=parcel.pk, is_cash_collected=True, **ACTOR_AND_NOW),
        ]
    )

    parcel.refresh_from_db()
    assert type_names([undone, brought]) == ["Parcel", "TransitionNotAllowed"]
    assert parcel.state == ("packed" if isinstance(undone, Parcel) else "delivered")
    check_everything()


def test_delivery_is_undone_before_its_settlement_closes_or_not_at_all() -> None:
    parcel = delivered()
    settlement = Settlement.objects.open().get()

    undone, closed = run_in_threads(
        [
            partial(undo_parcel_step, parcel_id=parcel.pk, step=ParcelStep.DELIVERY, **ACTOR_AND_NOW),
            partial(close_settlement, settlement_id=settlement.pk, **ACTOR_AND_NOW),
        ]
    )

    settlement.refresh_from_db()
    assert isinstance(closed, Settlement)
    if isinstance(undone, MoneyAlreadyMoved):
        assert settlement.goods > 0
    else:
        assert (settlement.goods, settlement.cash_held) == (0, 0)
    check_everything()
