"""Cash on delivery: what each parcel is to bring, and that it has been collected."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from orders.actions.events import record_event
from orders.actions.standing import open_quantities
from orders.models import EventKind, Method, Order, OrderPart, Parcel, Payment
from orders.states import COD_MOVES, CodState, ParcelState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.states import advance


def cash_share(order: Order, part: OrderPart, quantities: Mapping[uuid.UUID, int]) -> int:
    """The cash that a new parcel of these `quantities` brings; with the part's last one all that is left.

    So the parcels of a part bring its total exactly, and what an undone parcel has brought already is not
    asked for again. Nothing where the order is not paid in cash.
    """
    if not Payment.objects.filter(order=order, method=Method.COD).exists():
        return 0
    lines = list(part.lines.order_by("position", "pk"))
    others = Parcel.objects.filter(part=part)
    before = sum(others.counting().values_list("cod_expected", flat=True))
    before += sum(others.filter(state=ParcelState.VOIDED).values_list("cod_collected", flat=True))
    left = max(0, part.total_gross - before)
    still_open = open_quantities(lines)
    if all(still_open[line.pk] == quantities.get(line.pk, 0) for line in lines):
        return left
    return min(left, sum(line.total_gross * quantities.get(line.pk, 0) // line.quantity for line in lines))


def adjust_cash(order: Order, change: int, *, key: str, actor: Actor, now: datetime.datetime) -> None:
    """Step: so much more cash is expected on delivery, or less; nothing where none was expected."""
    payment = Payment.objects.filter(order=order, method=Method.COD).order_by("created_at", "pk").first()
    if payment is not None and change:
        kind = EventKind.CHARGE_REQUEST if change > 0 else EventKind.CANCEL_SUCCESS
        record_event(payment, kind, abs(change), key=key, actor=actor, now=now)


def collect_cash(order: Order, parcel: Parcel, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: the parcel's cash is in somebody's hands; the payment is charged by it. Raises WrongMove."""
    advance(parcel, CodState.COLLECTED, COD_MOVES, column="cod_state")
    parcel.cod_collected = parcel.cod_expected
    parcel.save(update_fields=["cod_collected"])
    payment = Payment.objects.filter(order=order, method=Method.COD).order_by("created_at", "pk").first()
    if payment is None:
        raise Missing()
    record_event(
        payment,
        EventKind.CHARGE_SUCCESS,
        parcel.cod_collected,
        key=f"cod:parcel:{parcel.pk}:collected",
        parcel=parcel,
        actor=actor,
        now=now,
    )
