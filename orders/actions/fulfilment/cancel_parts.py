"""End a part before handover: the cooperative declines it, or somebody cancels it."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from catalog.actions.stock.stock_movements import write_promises
from cooperatives.models import PickupSlot
from orders import locks, notices
from orders.actions.fulfilment.void_parcels import undo_parcel
from orders.actions.order_records.catch_weight_pricing import drop_questions
from orders.actions.order_records.part_changes import record_for_part
from orders.actions.order_records.recalculate_order import update_standing
from orders.actions.payouts.refund_execution import give_surplus_back
from orders.actions.vouchers.redeem_vouchers import give_back_use
from orders.models import Allocation, Order, OrderPart, Parcel
from orders.states import GONE, PART_MOVES, OrderStatus, ParcelState, PartState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonNeeded, Refused
from shop.core.models import done_before, record_change
from shop.core.states import WrongMove, advance


class AlreadyPacked(Refused):
    """The buyer may cancel only until the cooperative has packed."""

    code = "already_packed"
    default_words = _("The cooperative has packed this already. Please call them.")


class AlreadyHandedOver(Refused):
    code = "already_handed_over"
    default_words = _("These goods have left the store house already.")


@transaction.atomic(durable=True)
def decline_part(
    *, part_id: int, reason: str, key: str | None = None, actor: Actor, now: datetime.datetime
) -> OrderPart:
    """Decline a part as the cooperative, with a reason, and release its stock.

    Raises KeyReused, Missing, ReasonNeeded, WrongMove.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    order, part = locks.lock_part(part_id)
    if done_before(key, "part.declined", part):
        return part
    call_off(order, part, PartState.DECLINED, reason.strip(), key=key, actor=actor, now=now)
    return part


@transaction.atomic(durable=True)
def cancel_part_as_buyer(
    *, part_id: int, reason: str = "", key: str | None = None, actor: Actor, now: datetime.datetime
) -> OrderPart:
    """Cancel a part as its buyer, before anything is packed.

    Raises KeyReused, Missing, AlreadyPacked, WrongMove.
    """
    order, part = locks.lock_part(part_id)
    if done_before(key, "part.cancelled", part):
        return part
    packed = Parcel.objects.counting().filter(part=part).exclude(state=ParcelState.PACKING)
    if packed.exists():
        raise AlreadyPacked()
    call_off(order, part, PartState.CANCELLED, reason.strip(), key=key, actor=actor, now=now)
    return part


@transaction.atomic(durable=True)
def cancel_part(
    *, part_id: int, reason: str, key: str | None = None, actor: Actor, now: datetime.datetime
) -> OrderPart:
    """Cancel a part before it is handed over.

    Raises KeyReused, Missing, ReasonNeeded, AlreadyHandedOver, WrongMove.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    order, part = locks.lock_part(part_id)
    if not done_before(key, "part.cancelled", part):
        call_off(order, part, PartState.CANCELLED, reason.strip(), key=key, actor=actor, now=now)
    return part


@transaction.atomic(durable=True)
def refuse_part(
    *, part_id: int, reason: str, key: str | None = None, actor: Actor, now: datetime.datetime
) -> OrderPart:
    """Decline the part if it is not accepted yet, otherwise cancel it.

    Raises KeyReused, Missing, ReasonNeeded, AlreadyHandedOver, WrongMove.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    order, part = locks.lock_part(part_id)
    to = PartState.DECLINED if part.state in (PartState.NEW, PartState.DECLINED) else PartState.CANCELLED
    if not done_before(key, f"part.{to}", part):
        call_off(order, part, to, reason.strip(), key=key, actor=actor, now=now)
    return part


@transaction.atomic(durable=True)
def cancel_order(*, order_id: uuid.UUID, reason: str, actor: Actor, now: datetime.datetime) -> Order:
    """Cancel all active parts of an order.

    Raises Missing (a draft is deleted, not cancelled), ReasonNeeded, PartAlreadyHandedOver, and WrongMove if
    no part is active.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    order = locks.lock_order(order_id)
    if order.is_draft:
        raise Missing()
    if not end_standing_parts(order, reason.strip(), actor=actor, now=now):
        raise WrongMove(came_from=order.status, to=OrderStatus.CANCELLED)
    order.cancelled_at = now
    order.save(update_fields=["cancelled_at"])
    record_change("order.cancelled", order, actor=actor, now=now, why=reason)
    update_standing(order, now=now)
    give_surplus_back(order, reason=gettext_noop("The order was called off."), actor=actor, now=now)
    return order


def end_standing_parts(order: Order, reason: str, *, actor: Actor, now: datetime.datetime) -> int:
    """Step: cancel all active parts of a locked order and return how many there were.

    Locks their stock together and frees pickup slots in a global order, so that two concurrent
    cancellations cannot deadlock. Raises AlreadyHandedOver.
    """
    parts = order.parts.select_related("cooperative").standing()
    allocations = Allocation.objects.filter(line__part__in=parts.values("pk"))
    locks.lock_stock(set(allocations.values_list("stock_id", flat=True)))
    ended = list(parts.order_by("slot__way", "slot__day", "slot__starts", "number"))
    for part in ended:
        end_part(order, part, PartState.CANCELLED, reason, actor=actor, now=now)
    return len(ended)


def call_off(
    order: Order,
    part: OrderPart,
    to: PartState,
    reason: str,
    *,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Step: end a part and refund what was paid for it. Raises AlreadyHandedOver, WrongMove."""
    end_part(order, part, to, reason, key=key, actor=actor, now=now)
    why = gettext_noop("A part of the order will not come.")
    give_surplus_back(order, part=part, reason=why, actor=actor, now=now)


def end_part(
    order: Order,
    part: OrderPart,
    to: PartState,
    reason: str,
    *,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Step: end a part before handover: void its parcels, free its stock and pickup slot, cancel its dues.

    The caller refunds what was paid, once for all parts that end together. Raises AlreadyHandedOver,
    WrongMove.
    """
    parcels = list(Parcel.objects.counting().filter(part=part).in_order())
    if any(parcel.state in GONE for parcel in parcels):
        raise AlreadyHandedOver()
    advance(part, to, PART_MOVES)
    part.ended_at, part.end_reason = now, reason
    part.save(update_fields=["ended_at", "end_reason"])
    for parcel in parcels:
        undo_parcel(parcel, reason or str(PartState(to).label), actor=actor, now=now)
    drop_questions(part.lines.all(), now=now)
    _release_stock(part)
    if part.slot_id is not None:
        PickupSlot.objects.filter(pk=part.slot_id, taken__gt=0).update(taken=F("taken") - 1)
    record_for_part(order, part, f"part.{to}", part, actor=actor, now=now, why=reason, key=key)
    if not order.parts.standing().exists():
        give_back_use(order, actor=actor, now=now)
    update_standing(order, now=now)
    notices.part_ended(order, part, now=now)


def _release_stock(part: OrderPart) -> None:
    allocations = list(Allocation.objects.filter(line__part=part).order_by("stock", "pk"))
    rows = locks.lock_stock({allocation.stock_id for allocation in allocations})
    for allocation in allocations:
        rows[allocation.stock_id].allocated -= allocation.quantity
    Allocation.objects.filter(pk__in=[allocation.pk for allocation in allocations]).delete()
    write_promises(rows.values())
