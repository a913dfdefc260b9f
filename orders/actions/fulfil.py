"""A cooperative's work on its part: accept, pack, hand over, deliver; and what goes wrong on the way."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock import move_stock, write_promises
from catalog.models import Reason, Stock
from orders import locks, notices
from orders.actions.standing import open_quantities, update_standing
from orders.models import (
    Allocation,
    EventKind,
    Method,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Payment,
    PaymentEvent,
)
from orders.states import (
    COD_MOVES,
    PARCEL_MOVES,
    PART_MOVES,
    CodState,
    ParcelState,
    PartState,
)
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change
from shop.core.states import WrongMove, advance


class NotThatMany(Refused):
    """More of a line than is still open, or nothing at all. `details["open"]` maps lines to what is open."""

    code = "not_that_many"
    default_words = _("That is not what is still to be packed.")


class WhyNeeded(Refused):
    code = "reason_needed"
    default_words = _("Say why.")


@dataclass(frozen=True, slots=True)
class Dispatch:
    """How a parcel leaves: carrier and tracking, or a coach's plate and driver."""

    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    vehicle: str = ""
    driver_phone: str = ""
    note: str = ""


@transaction.atomic(durable=True)
def accept_part(*, part_id: int, actor: Actor, now: datetime.datetime) -> OrderPart:
    """The cooperative says yes. Raises Missing, WrongMove."""
    order, part = locks.lock_part(part_id)
    advance(part, PartState.ACCEPTED, PART_MOVES)
    part.accepted_at = now
    part.save(update_fields=["accepted_at"])
    record(order, part, "part.accepted", part, actor=actor, now=now)
    update_standing(order)
    return part


@transaction.atomic(durable=True)
def pack_parcel(
    *,
    part_id: int,
    quantities: Mapping[uuid.UUID, int],
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Begin a parcel with some of the part's lines; several parcels share a part.

    The same `key` again answers the first parcel. Raises Missing, NotThatMany, WrongMove.
    """
    order, part = locks.lock_part(part_id)
    if key is not None:
        first = Parcel.objects.filter(key=key, part=part).first()
        if first is not None:
            return first
    if part.state != PartState.ACCEPTED:
        raise WrongMove(came_from=part.state, to="packing")
    return begin_parcel(order, part, quantities, key=key, actor=actor, now=now)


def begin_parcel(
    order: Order,
    part: OrderPart,
    quantities: Mapping[uuid.UUID, int],
    *,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Step of `pack_parcel`, on a locked order."""
    lines = {line.pk: line for line in part.lines.order_by("position", "pk")}
    _check_quantities(quantities, lines)
    last = Parcel.objects.filter(part__order=order).aggregate(last=Max("number"))["last"] or 0
    parcel = Parcel.objects.create(part=part, number=last + 1, carrier=part.carrier, key=key)
    rows: list[ParcelLine] = []
    for line_id, quantity in quantities.items():
        rows += _take_allocated(parcel, lines[line_id], quantity)
    ParcelLine.objects.bulk_create(rows)
    stock = next((row.stock for row in rows if row.stock is not None), None)
    parcel.warehouse_id = stock.warehouse_id if stock else part.warehouse_id
    parcel.cod_expected = cash_share(order, part, parcel)
    parcel.cod_state = CodState.EXPECTED if parcel.cod_expected else CodState.NONE
    parcel.save(update_fields=["warehouse", "cod_expected", "cod_state"])
    record(order, part, "parcel.begun", parcel, actor=actor, now=now)
    update_standing(order)
    return parcel


@transaction.atomic(durable=True)
def close_parcel(*, parcel_id: int, actor: Actor, now: datetime.datetime) -> Parcel:
    """The parcel is packed and labelled. Raises Missing, WrongMove."""
    order, part, parcel = locks.lock_parcel(parcel_id)
    _move(parcel, ParcelState.PACKED, packed_at=now)
    record(order, part, "parcel.packed", parcel, actor=actor, now=now)
    update_standing(order)
    return parcel


@transaction.atomic(durable=True)
def hand_over_parcel(
    *, parcel_id: int, dispatch: Dispatch = Dispatch(), actor: Actor, now: datetime.datetime
) -> Parcel:
    """It leaves the store house: stock goes down by what is in it. Raises Missing, WrongMove."""
    order, part, parcel = locks.lock_parcel(parcel_id)
    return dispatch_parcel(order, part, parcel, dispatch, actor=actor, now=now)


def dispatch_parcel(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    dispatch: Dispatch,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Step of `hand_over_parcel`. A second try after a failed delivery moves no stock again."""
    came_from = _move(parcel, ParcelState.HANDED_OVER, handed_over_at=now)
    for column in ("carrier", "tracking_number", "tracking_url", "vehicle", "driver_phone", "note"):
        setattr(parcel, column, getattr(dispatch, column) or getattr(parcel, column))
    parcel.save()
    if came_from != ParcelState.FAILED_DELIVERY:
        _take_out(parcel, actor=actor, now=now)
    record(order, part, "parcel.handed_over", parcel, actor=actor, now=now)
    update_standing(order)
    notices.parcel_handed_over(order, part, parcel, now=now)
    return parcel


@transaction.atomic(durable=True)
def deliver_parcel(*, parcel_id: int, cash_collected: bool, actor: Actor, now: datetime.datetime) -> Parcel:
    """It has arrived; whether its cash was collected is a fact of its own. Raises Missing, WrongMove."""
    order, part, parcel = locks.lock_parcel(parcel_id)
    _move(parcel, ParcelState.DELIVERED, delivered_at=now)
    if cash_collected and parcel.cod_state == CodState.EXPECTED:
        collect_cash(order, parcel, actor=actor, now=now)
    record(order, part, "parcel.delivered", parcel, actor=actor, now=now)
    update_standing(order)
    return parcel


@transaction.atomic(durable=True)
def report_cash(*, parcel_id: int, actor: Actor, now: datetime.datetime) -> Parcel:
    """The cash of a delivered parcel has been collected after all. Raises Missing, WrongMove."""
    order, part, parcel = locks.lock_parcel(parcel_id)
    collect_cash(order, parcel, actor=actor, now=now)
    record(order, part, "parcel.cash_collected", parcel, actor=actor, now=now)
    update_standing(order)
    return parcel


@transaction.atomic(durable=True)
def fail_delivery(*, parcel_id: int, reason: str, actor: Actor, now: datetime.datetime) -> Parcel:
    """It could not be delivered; it may be handed over again. Raises Missing, WhyNeeded, WrongMove."""
    if not reason.strip():
        raise WhyNeeded(field="reason")
    order, part, parcel = locks.lock_parcel(parcel_id)
    _move(parcel, ParcelState.FAILED_DELIVERY, failed_at=now, reason=reason.strip())
    record(order, part, "parcel.failed", parcel, actor=actor, now=now, why=reason)
    update_standing(order)
    notices.delivery_failed(order, part, parcel, now=now)
    return parcel


@transaction.atomic(durable=True)
def void_parcel(*, parcel_id: int, reason: str, actor: Actor, now: datetime.datetime) -> Parcel:
    """Undo a parcel: its quantities are open again, and what left stock is back.

    After delivery only platform staff may (the members' door does not offer it). Raises Missing,
    WhyNeeded, WrongMove.
    """
    if not reason.strip():
        raise WhyNeeded(field="reason")
    order, part, parcel = locks.lock_parcel(parcel_id)
    if parcel.state == ParcelState.DELIVERED and actor.door == "members":
        raise WrongMove(came_from=parcel.state, to=ParcelState.VOIDED)
    undo_parcel(parcel, reason.strip(), actor=actor, now=now)
    record(order, part, "parcel.voided", parcel, actor=actor, now=now, why=reason)
    update_standing(order)
    return parcel


def undo_parcel(parcel: Parcel, reason: str, *, actor: Actor, now: datetime.datetime) -> None:
    """Step of `void_parcel`: promises again what the parcel held, so that it can be packed anew."""
    came_from = _move(parcel, ParcelState.VOIDED, voided_at=now, reason=reason)
    if came_from in (ParcelState.PACKING, ParcelState.PACKED):
        return
    lines = [line for line in parcel.lines.order_by("pk") if line.stock_id is not None]
    rows = locks.lock_stock({line.stock_id for line in lines if line.stock_id})
    for line in lines:
        row = rows[line.stock_id or 0]
        move_stock(
            row,
            line.quantity,
            reason=Reason.DISPATCH_UNDONE,
            actor=actor,
            now=now,
            document=f"parcel:{parcel.pk}",
        )
        row.allocated += line.quantity
        allocation, made = Allocation.objects.get_or_create(
            line_id=line.order_line_id, stock_id=row.pk, defaults={"quantity": line.quantity}
        )
        if not made:
            allocation.quantity += line.quantity
            allocation.save(update_fields=["quantity"])
    write_promises(rows.values())


def cash_share(order: Order, part: OrderPart, parcel: Parcel) -> int:
    """The cash a parcel brings: what its goods cost, and with the part's last parcel all that is left.

    So the parcels of a part bring its total exactly. Nothing where the order is not paid in cash.
    """
    if not Payment.objects.filter(order=order, method=Method.COD).exists():
        return 0
    lines = list(part.lines.order_by("position", "pk"))
    before = sum(
        Parcel.objects.counting()
        .filter(part=part)
        .exclude(pk=parcel.pk)
        .values_list("cod_expected", flat=True)
    )
    if not any(open_quantities(lines).values()):
        return max(0, part.total_gross - before)
    held: dict[uuid.UUID, int] = {}
    for row in parcel.lines.all():
        held[row.order_line_id] = held.get(row.order_line_id, 0) + row.quantity
    return sum(line.total_gross * held.get(line.pk, 0) // line.quantity for line in lines)


def collect_cash(order: Order, parcel: Parcel, *, actor: Actor, now: datetime.datetime) -> None:
    """Step: the parcel's cash is in somebody's hands; the payment is charged by it. Raises WrongMove."""
    advance(parcel, CodState.COLLECTED, COD_MOVES, column="cod_state")
    parcel.cod_collected = parcel.cod_expected
    parcel.save(update_fields=["cod_collected"])
    payment = Payment.objects.filter(order=order, method=Method.COD).order_by("created_at", "pk").first()
    if payment is None:
        raise Missing()
    PaymentEvent.objects.create(
        payment=payment,
        kind=EventKind.CHARGE_SUCCESS,
        amount=parcel.cod_collected,
        currency=order.currency,
        key=f"cod:parcel:{parcel.pk}:collected",
        actor_kind=actor.kind,
        actor_key=actor.key,
        at=now,
    )


def record(
    order: Order,
    part: OrderPart,
    what: str,
    row: OrderPart | Parcel,
    *,
    actor: Actor,
    now: datetime.datetime,
    why: str = "",
) -> None:
    """Step: a change of a part or parcel, filed under its order and cooperative."""
    record_change(
        what,
        row,
        actor=actor,
        now=now,
        root=order,
        cooperative_id=part.cooperative_id,
        why=why,
        data={"part": part.number} | ({"parcel": row.number} if isinstance(row, Parcel) else {}),
    )


def _move(parcel: Parcel, to: ParcelState, **facts: object) -> str:
    came_from = advance(parcel, to, PARCEL_MOVES)
    for column, value in facts.items():
        setattr(parcel, column, value)
    parcel.save(update_fields=list(facts))
    return came_from


def _check_quantities(quantities: Mapping[uuid.UUID, int], lines: Mapping[uuid.UUID, OrderLine]) -> None:
    if any(line_id not in lines for line_id in quantities):
        raise Missing()
    still_open = open_quantities(lines.values())
    within = all(1 <= quantity <= still_open[line_id] for line_id, quantity in quantities.items())
    if not quantities or not within:
        raise NotThatMany(open=still_open)


def _take_allocated(parcel: Parcel, line: OrderLine, quantity: int) -> Sequence[ParcelLine]:
    """Parcel lines out of the stocks that were promised; what was promised nowhere comes from no stock."""
    taken_elsewhere: dict[int, int] = {}
    waiting = ParcelLine.objects.filter(
        order_line=line, parcel__state__in=[ParcelState.PACKING, ParcelState.PACKED], stock__isnull=False
    )
    for row in waiting:
        taken_elsewhere[row.stock_id or 0] = taken_elsewhere.get(row.stock_id or 0, 0) + row.quantity
    rows = []
    for allocation in line.allocations.select_related("stock").order_by("pk"):
        here = min(quantity, allocation.quantity - taken_elsewhere.get(allocation.stock_id, 0))
        if here > 0:
            rows.append(ParcelLine(parcel=parcel, order_line=line, stock=allocation.stock, quantity=here))
            quantity -= here
    if quantity:
        rows.append(ParcelLine(parcel=parcel, order_line=line, quantity=quantity))
    return rows


def _take_out(parcel: Parcel, *, actor: Actor, now: datetime.datetime) -> None:
    """Stock falls by what the parcel holds, and is no longer promised."""
    lines = [line for line in parcel.lines.order_by("pk") if line.stock_id is not None]
    rows: dict[int, Stock] = locks.lock_stock({line.stock_id for line in lines if line.stock_id})
    for line in lines:
        row = rows[line.stock_id or 0]
        move_stock(
            row,
            -line.quantity,
            reason=Reason.DISPATCH,
            actor=actor,
            now=now,
            document=f"parcel:{parcel.pk}",
            grams=-line.grams if line.grams else None,
            lot_id=line.lot_id,
        )
        release_allocation(row, line.order_line_id, line.quantity)
    write_promises(rows.values())


def release_allocation(row: Stock, line_id: uuid.UUID, quantity: int) -> None:
    """Step: a locked stock row keeps that much less for the line; the caller saves the row."""
    allocation = Allocation.objects.filter(line=line_id, stock=row.pk).first()
    if allocation is None:
        return
    freed = min(quantity, allocation.quantity)
    row.allocated -= freed
    if freed == allocation.quantity:
        allocation.delete()
    else:
        allocation.quantity -= freed
        allocation.save(update_fields=["quantity"])
