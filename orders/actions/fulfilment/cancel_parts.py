"""End a part before handover, declined by the cooperative or cancelled by buyer or staff."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from catalog.actions.stock.stock_movements import save_reserved_and_allocated
from cooperatives.models import PickupSlot
from orders import locks, notifications
from orders.actions.fulfilment.substitute_holds import close_substitutes, read_held_stock_ids
from orders.actions.fulfilment.void_parcels import void_locked_parcel
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.part_changes import record_part_change
from orders.actions.order_records.pricing_by_weight import close_weight_questions
from orders.actions.payouts.surplus_refunds import refund_surplus
from orders.actions.vouchers.redeem_vouchers import release_voucher_use
from orders.models import Allocation, Order, OrderPart, Parcel, SubstituteHold
from orders.states import DISPATCHED_STATES, PART_TRANSITIONS, OrderStatus, ParcelState, PartState
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import record_change, was_done_with_key
from shop.core.states import TransitionNotAllowed, change_state


class PartAlreadyPacked(Refused):
    """The buyer may cancel only until the cooperative has packed."""

    code = "part_already_packed"
    default_message = _("The cooperative has already packed this. Please call them.")


class PartAlreadyHandedOver(Refused):
    code = "part_already_handed_over"
    default_message = _("These items have already left the warehouse.")


class PartChangedMeanwhile(Refused):
    """Somebody accepted or packed the part after the member saw it. `details` say what it is now."""

    code = "part_changed_meanwhile"
    default_message = _("Somebody else has worked on this order since you saw it.")


@dataclass(frozen=True, slots=True)
class SeenPart:
    """What a member saw of a part before ending it: its state, and how many parcels it had."""

    state: str
    parcel_count: int


@transaction.atomic(durable=True)
def decline_part(
    *, part_id: int, reason: str, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> OrderPart:
    """Decline a part as the cooperative, with a reason, and release its stock.

    Raises KeyReused, Missing, ReasonRequired, TransitionNotAllowed.
    """
    return _lock_and_end_part(
        part_id, PartState.DECLINED, reason, idempotency_key=idempotency_key, actor=actor, now=now
    )


@transaction.atomic(durable=True)
def cancel_part_as_buyer(
    *,
    part_id: int,
    reason: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> OrderPart:
    """Cancel a part as its buyer, before anything is packed.

    Raises KeyReused, Missing, PartAlreadyPacked, TransitionNotAllowed.
    """
    order, part = locks.lock_part(part_id)
    if was_done_with_key(idempotency_key, "part.cancelled", part):
        return part
    packed_parcels = Parcel.objects.active_outgoing().filter(part=part).exclude(state=ParcelState.PACKING)
    if packed_parcels.exists():
        raise PartAlreadyPacked()
    end_and_refund_part(
        order,
        part,
        PartState.CANCELLED,
        reason.strip(),
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    return part


@transaction.atomic(durable=True)
def cancel_part(
    *, part_id: int, reason: str, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> OrderPart:
    """Cancel a part before it is handed over.

    Raises KeyReused, Missing, ReasonRequired, PartAlreadyHandedOver, TransitionNotAllowed.
    """
    return _lock_and_end_part(
        part_id, PartState.CANCELLED, reason, idempotency_key=idempotency_key, actor=actor, now=now
    )


@transaction.atomic(durable=True)
def decline_or_cancel_part(
    *,
    part_id: int,
    reason: str,
    seen: SeenPart | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> OrderPart:
    """Decline the part if it is not accepted yet, otherwise cancel it.

    `seen` is what the member saw, if that may be old. Raises KeyReused, Missing, ReasonRequired,
    PartAlreadyHandedOver, PartChangedMeanwhile, TransitionNotAllowed.
    """
    return _lock_and_end_part(
        part_id, None, reason, seen=seen, idempotency_key=idempotency_key, actor=actor, now=now
    )


def _lock_and_end_part(
    part_id: int,
    state: PartState | None,
    reason: str,
    *,
    seen: SeenPart | None = None,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> OrderPart:
    """End a part with a reason. If `state` is None, a new part is declined and an accepted one cancelled.

    Raises ReasonRequired.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    order, part = locks.lock_part(part_id)
    if state is None:
        is_new = part.state in (PartState.NEW, PartState.DECLINED)
        state = PartState.DECLINED if is_new else PartState.CANCELLED
    if not was_done_with_key(idempotency_key, f"part.{state}", part):
        if seen is not None:
            _require_unchanged(part, seen)
        end_and_refund_part(
            order, part, state, reason.strip(), idempotency_key=idempotency_key, actor=actor, now=now
        )
    return part


def read_seen_part(part: OrderPart) -> SeenPart:
    """Return what a member sees of the part now."""
    return SeenPart(part.state, Parcel.objects.active_outgoing().filter(part=part).count())


def _require_unchanged(part: OrderPart, seen: SeenPart) -> None:
    """Raise PartChangedMeanwhile unless the part is as the member saw it, or can no longer end at all."""
    parcel_states = list(Parcel.objects.active_outgoing().filter(part=part).values_list("state", flat=True))
    current = SeenPart(part.state, len(parcel_states))
    if part.is_active and not DISPATCHED_STATES.intersection(parcel_states) and current != seen:
        raise PartChangedMeanwhile(state=current.state, parcels=current.parcel_count)


@transaction.atomic(durable=True)
def cancel_order(*, order_id: uuid.UUID, reason: str, actor: Actor, now: datetime.datetime) -> Order:
    """Cancel all active parts of an order.

    Raises Missing (a draft is deleted, not cancelled), ReasonRequired, PartAlreadyHandedOver, and
    TransitionNotAllowed if no part is active.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    order = locks.lock_order(order_id)
    if order.is_draft:
        raise Missing()
    _cancel_locked_order(order, reason, actor=actor, now=now)
    return order


@transaction.atomic(durable=True)
def cancel_order_as_buyer(*, order_id: uuid.UUID, reason: str, actor: Actor, now: datetime.datetime) -> Order:
    """Cancel all active parts of an order as its buyer, before any of them is packed.

    Repeating it changes nothing. Raises Missing, PartAlreadyPacked, TransitionNotAllowed.
    """
    order = locks.lock_order(order_id)
    if order.is_draft:
        raise Missing()
    if order.cancelled_at is not None:
        return order
    packed_parcels = Parcel.objects.active_outgoing().filter(part__in=order.parts.active())
    if packed_parcels.exclude(state=ParcelState.PACKING).exists():
        raise PartAlreadyPacked()
    _cancel_locked_order(order, reason, actor=actor, now=now)
    return order


def _cancel_locked_order(order: Order, reason: str, *, actor: Actor, now: datetime.datetime) -> None:
    """Cancel the active parts of a locked order and refund what was paid.

    Raises PartAlreadyHandedOver, and TransitionNotAllowed if no part is active.
    """
    if not cancel_active_parts(order, reason.strip(), actor=actor, now=now):
        raise TransitionNotAllowed(from_state=order.status, to_state=OrderStatus.CANCELLED)
    order.cancelled_at = now
    order.save(update_fields=["cancelled_at"])
    record_change("order.cancelled", order, actor=actor, now=now, reason=reason)
    finish_order_change(order, now=now)
    refund_surplus(order, reason=gettext_noop("The order was cancelled."), actor=actor, now=now)


def cancel_active_parts(order: Order, reason: str, *, actor: Actor, now: datetime.datetime) -> int:
    """In a transaction: cancel all active parts of a locked order and return how many there were.

    Locks their stock together and frees pickup slots in a global order, so that two concurrent
    cancellations cannot deadlock. Raises PartAlreadyHandedOver.
    """
    parts = order.parts.select_related("cooperative").active()
    locks.lock_stock(read_held_stock_ids(parts))
    ended_parts = list(parts.order_by("slot__delivery_method", "slot__day", "slot__starts", "number"))
    for part in ended_parts:
        end_part(order, part, PartState.CANCELLED, reason, actor=actor, now=now)
    return len(ended_parts)


def end_and_refund_part(
    order: Order,
    part: OrderPart,
    state: PartState,
    reason: str,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: end a part and refund its paid amount.

    Raises PartAlreadyHandedOver, TransitionNotAllowed.
    """
    end_part(order, part, state, reason, idempotency_key=idempotency_key, actor=actor, now=now)
    refund_reason = gettext_noop("Part of the order was cancelled.")
    refund_surplus(order, part=part, reason=refund_reason, actor=actor, now=now)


def end_part(
    order: Order,
    part: OrderPart,
    state: PartState,
    reason: str,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: end a part before handover.

    Voids its parcels, frees its stock and slot, cancels its dues. The caller refunds the paid amount, once
    for all parts that end together. Raises PartAlreadyHandedOver, TransitionNotAllowed.
    """
    parcels = list(Parcel.objects.active_outgoing().filter(part=part).in_order())
    if any(parcel.state in DISPATCHED_STATES for parcel in parcels):
        raise PartAlreadyHandedOver()
    change_state(part, state, PART_TRANSITIONS)
    part.ended_at, part.end_reason = now, reason
    part.save(update_fields=["ended_at", "end_reason"])
    for parcel in parcels:
        void_locked_parcel(parcel, reason or str(PartState(state).label), actor=actor, now=now)
    close_weight_questions(part.lines.all(), now=now)
    close_substitutes(part, now=now)
    _release_stock(part)
    if part.slot_id is not None:
        PickupSlot.objects.filter(pk=part.slot_id, booked__gt=0).update(booked=F("booked") - 1)
    record_part_change(
        order,
        part,
        f"part.{state}",
        part,
        actor=actor,
        now=now,
        reason=reason,
        idempotency_key=idempotency_key,
    )
    if not order.parts.active().exists():
        release_voucher_use(order, actor=actor, now=now)
    finish_order_change(order, now=now)
    is_by_buyer = actor.entry_point == EntryPoint.MARKET
    notifications.notify_part_cancelled(order, part, is_by_buyer=is_by_buyer, now=now)


def _release_stock(part: OrderPart) -> None:
    stocks = locks.lock_stock(read_held_stock_ids([part]))
    allocations = list(Allocation.objects.filter(line__part=part).order_by("stock", "pk"))
    holds = list(SubstituteHold.objects.filter(substitute__line__part=part).order_by("stock", "pk"))
    for allocation in allocations:
        stocks[allocation.stock_id].allocated -= allocation.quantity
    for hold in holds:
        stocks[hold.stock_id].allocated -= hold.quantity
    Allocation.objects.filter(pk__in=[allocation.pk for allocation in allocations]).delete()
    SubstituteHold.objects.filter(pk__in=[hold.pk for hold in holds]).delete()
    save_reserved_and_allocated(stocks.values())
