"""Undo, as its buyer, the confirmation that a part has arrived."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db import transaction

from orders import locks
from orders.actions.fulfilment.undo_steps import (
    UNDO_PERIOD,
    MoneyAlreadyMoved,
    ParcelStep,
    UndoPeriodOver,
    undo_locked_parcel_step,
)
from orders.models import OrderPart, Parcel
from orders.states import CodState, ParcelState
from shop.core.actors import Actor, EntryPoint
from shop.core.models import Change


def find_undoable_receipts(parcels: Collection[Parcel], now: datetime.datetime) -> list[Parcel]:
    """Return those of these parcels whose receipt their buyer confirmed within the last ten minutes.

    It takes one query, and none if nothing was delivered within that time.
    """
    recent = {
        str(parcel.pk): parcel
        for parcel in parcels
        if parcel.state == ParcelState.DELIVERED
        and parcel.delivered_at is not None
        and now - parcel.delivered_at <= UNDO_PERIOD
    }
    if not recent:
        return []
    rows = Change.objects.filter(
        kind=Parcel._meta.label_lower, key__in=recent, action="parcel.delivered"
    ).oldest_first()
    entry_points = dict(rows.values_list("key", "entry_point"))
    return [parcel for key, parcel in recent.items() if entry_points.get(key) == EntryPoint.MARKET]


@transaction.atomic(durable=True)
def undo_part_receipt(*, part_id: int, actor: Actor, now: datetime.datetime) -> OrderPart:
    """Bring the parcels that the buyer confirmed by mistake back on their way.

    Cash that was recorded meanwhile stays recorded. Raises Missing, UndoPeriodOver, MoneyAlreadyMoved,
    ComplaintAlreadyFiled, ItemsAlreadyReturned.
    """
    order, part = locks.lock_part(part_id)
    parcels = find_undoable_receipts(list(Parcel.objects.active_outgoing().filter(part=part).in_order()), now)
    if not parcels:
        raise UndoPeriodOver()
    for parcel in parcels:
        if parcel.cod_state not in (CodState.NONE, CodState.EXPECTED):
            raise MoneyAlreadyMoved()
        undo_locked_parcel_step(
            order, part, parcel, ParcelStep.DELIVERY, idempotency_key=None, actor=actor, now=now
        )
    return part
