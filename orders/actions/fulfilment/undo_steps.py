"""Undo steps that were recorded by mistake: acceptance, hand-over, (failed) delivery and collected cash.

Members may undo their own steps for ten minutes. After that, platform staff may undo a step with a reason. An
undone step takes back what followed from it: stock, cash and unsent messages. The ledger gets reversing
postings.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

from django.db import transaction
from django.db.models import Model, TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders import locks
from orders.actions.cash_on_delivery.cash_collection import reverse_collected_cash
from orders.actions.fulfilment.pack_parcels import PLATFORM_ENTRY_POINTS, require_outgoing_parcel
from orders.actions.fulfilment.undo_failures import undo_locked_failure
from orders.actions.fulfilment.void_parcels import require_items_with_buyer, restore_stock
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.part_changes import record_part_change
from orders.actions.order_records.record_order import acceptance_deadline
from orders.models import (
    HandoverStep,
    LedgerEntry,
    Order,
    OrderPart,
    Parcel,
    PaymentEvent,
    Substitute,
    WeightQuestion,
)
from orders.notifications.undone_steps import withdraw_handover_notification
from orders.states import (
    PARCEL_UNDO_TRANSITIONS,
    PART_UNDO_TRANSITIONS,
    CodState,
    ComplaintState,
    ParcelKind,
    ParcelState,
    PartState,
)
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import ReasonRequired, Refused
from shop.core.models import Change, shop_settings, was_done_with_key
from shop.core.states import TransitionNotAllowed, change_state

UNDO_PERIOD = datetime.timedelta(minutes=10)
_RECORDED_BY_MISTAKE = gettext_noop("Recorded by mistake.")


class UndoPeriodOver(Refused):
    code = "undo_period_over"
    default_message = _("This can be undone for ten minutes only. Please call the market.")


class NotRecordedByCooperative(Refused):
    """The buyer, the platform or a carrier's statement recorded the step, so members may not undo it."""

    code = "not_recorded_by_cooperative"
    default_message = _("The cooperative did not record this step. Please call the market.")


class MoneyAlreadyMoved(Refused):
    """The step's money was remitted, refunded or closed in a settlement."""

    code = "money_already_moved"
    default_message = _("The money for this has already been settled, so it can no longer be undone.")


class ComplaintAlreadyFiled(Refused):
    code = "complaint_already_filed"
    default_message = _("The buyer has filed a complaint about this, so it can no longer be undone.")


class PackingAlreadyStarted(Refused):
    code = "packing_already_started"
    default_message = _("Packing has started. Undo the parcel first.")


class ParcelStep(TextChoices):
    """A parcel's steps that may be undone."""

    HANDOVER = "handover", _("handover")
    DELIVERY = "delivery", _("delivery")
    CASH = "cash", _("cash collected")
    FAILURE = "failure", _("failed delivery")


# The changes that record each step.
_RECORDED_AS: Mapping[str, Collection[str]] = MappingProxyType(
    {
        ParcelStep.HANDOVER: ("parcel.handed_over",),
        ParcelStep.DELIVERY: ("parcel.delivered",),
        ParcelStep.CASH: ("parcel.delivered", "parcel.cash_collected"),
        ParcelStep.FAILURE: ("parcel.delivery_failed",),
    }
)


def undoable_steps(parcel: Parcel) -> list[tuple[ParcelStep, datetime.datetime]]:
    """Return the steps of the parcel that may be undone next, each with the end of the members' period."""
    if not parcel.is_outgoing:
        return []
    times: list[tuple[ParcelStep, datetime.datetime | None]] = []
    if parcel.state == ParcelState.HANDED_OVER:
        times.append((ParcelStep.HANDOVER, parcel.handed_over_at))
    if parcel.state == ParcelState.DELIVERED:
        times.append((ParcelStep.DELIVERY, parcel.delivered_at))
    if parcel.state == ParcelState.DELIVERED and parcel.cod_state == CodState.COLLECTED:
        times.append((ParcelStep.CASH, parcel.cod_collected_at))
    if parcel.state == ParcelState.FAILED_DELIVERY:
        times.append((ParcelStep.FAILURE, parcel.failed_at))
    return [(step, recorded_at + UNDO_PERIOD) for step, recorded_at in times if recorded_at is not None]


def require_undo_permission(
    row: Model,
    actions: Collection[str],
    recorded_at: datetime.datetime,
    reason: str,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Let platform staff undo with a reason, and members their own steps within UNDO_PERIOD.

    Raises ReasonRequired, NotRecordedByCooperative, UndoPeriodOver.
    """
    if actor.entry_point in PLATFORM_ENTRY_POINTS:
        if not reason.strip():
            raise ReasonRequired(field="reason")
        return
    step = Change.objects.of_row(row).filter(action__in=actions).order_by("-created_at", "-pk").first()
    if step is None or step.entry_point != EntryPoint.MEMBERS:
        raise NotRecordedByCooperative()
    if now - recorded_at > UNDO_PERIOD:
        raise UndoPeriodOver()


def _require_no_receipt_of_the_buyer(parcel: Parcel, step: ParcelStep, actor: Actor) -> None:
    """Let only platform staff undo a delivery, or its cash, that the receiver confirmed by a code.

    Raises NotRecordedByCooperative.
    """
    was_delivered = step in (ParcelStep.DELIVERY, ParcelStep.CASH)
    is_confirmed = was_delivered and parcel.handovers.filter(step=HandoverStep.TO_BUYER).exists()
    if is_confirmed and actor.entry_point not in PLATFORM_ENTRY_POINTS:
        raise NotRecordedByCooperative()


@transaction.atomic(durable=True)
def undo_acceptance(
    *,
    part_id: int,
    reason: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> OrderPart:
    """Take back a part's acceptance before packing. The time to accept starts again.

    Raises KeyReused, Missing, PackingAlreadyStarted, ReasonRequired, NotRecordedByCooperative,
    UndoPeriodOver, TransitionNotAllowed.
    """
    order, part = locks.lock_part(part_id)
    if was_done_with_key(idempotency_key, "part.acceptance_undone", part):
        return part
    if part.state != PartState.ACCEPTED or part.accepted_at is None:
        raise TransitionNotAllowed(from_state=part.state, to_state=PartState.NEW)
    require_undo_permission(part, ("part.accepted",), part.accepted_at, reason, actor=actor, now=now)
    is_any_weighed = part.lines.filter(weighed_grams__isnull=False).exists()
    has_open_question = WeightQuestion.objects.open().filter(line__part=part).exists()
    has_open_question |= Substitute.objects.waiting().filter(line__part=part).exists()
    if is_any_weighed or has_open_question or part.parcels.exclude(state=ParcelState.VOIDED).exists():
        raise PackingAlreadyStarted()
    change_state(part, PartState.NEW, PART_UNDO_TRANSITIONS)
    part.accepted_at = None
    part.accept_by = acceptance_deadline(part.cooperative, now, shop_settings().accept_within_hours)
    part.save(update_fields=["accepted_at", "accept_by"])
    _record_undo(
        order,
        part,
        "part.acceptance_undone",
        part,
        reason,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    return part


@transaction.atomic(durable=True)
def undo_parcel_step(
    *,
    parcel_id: int,
    step: ParcelStep,
    reason: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Undo a parcel's hand-over, delivery (with its cash), failed delivery or collected cash.

    Raises MoneyAlreadyMoved, ComplaintAlreadyFiled, ItemsAlreadyReturned, KeyReused, Missing, ReasonRequired,
    NotRecordedByCooperative, ParcelInNextRun, UndoPeriodOver, TransitionNotAllowed.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_outgoing_parcel(parcel)
    action = f"parcel.{step}_undone"
    if was_done_with_key(idempotency_key, action, parcel):
        return parcel
    times = {
        ParcelStep.HANDOVER: parcel.handed_over_at,
        ParcelStep.DELIVERY: parcel.delivered_at,
        ParcelStep.FAILURE: parcel.failed_at,
    }
    recorded_at = times.get(step, parcel.cod_collected_at)
    if recorded_at is None:
        raise TransitionNotAllowed(from_state=parcel.state, to_state=step)
    require_undo_permission(parcel, _RECORDED_AS[step], recorded_at, reason, actor=actor, now=now)
    _require_no_receipt_of_the_buyer(parcel, step, actor)
    undo_locked_parcel_step(
        order, part, parcel, step, reason, idempotency_key=idempotency_key, actor=actor, now=now
    )
    return parcel


def undo_locked_parcel_step(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    step: ParcelStep,
    reason: str = "",
    *,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """On a locked order: undo a parcel's step that the caller has allowed.

    Raises MoneyAlreadyMoved, ComplaintAlreadyFiled, ItemsAlreadyReturned, ParcelInNextRun,
    TransitionNotAllowed.
    """
    undo: Callable[..., None] = {
        ParcelStep.HANDOVER: _undo_handover,
        ParcelStep.DELIVERY: _undo_delivery,
        ParcelStep.CASH: _undo_cash,
        ParcelStep.FAILURE: undo_locked_failure,
    }[step]
    collected = parcel.cod_collected
    undo(order, part, parcel, reason.strip() or _RECORDED_BY_MISTAKE, actor=actor, now=now)
    taken_back = collected - parcel.cod_collected
    _record_undo(
        order,
        part,
        f"parcel.{step}_undone",
        parcel,
        reason,
        data={"cash_taken_back": taken_back, "currency": order.currency} if taken_back else {},
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


def _undo_handover(
    order: Order, part: OrderPart, parcel: Parcel, reason: str, *, actor: Actor, now: datetime.datetime
) -> None:
    """Bring the parcel back to its state before the hand-over: packed, or failed at an earlier try.

    Raises TransitionNotAllowed.
    """
    if parcel.state != ParcelState.HANDED_OVER or parcel.handed_over_at is None:
        raise TransitionNotAllowed(from_state=parcel.state, to_state=ParcelState.PACKED)
    handed_over_at = parcel.handed_over_at
    earlier_handovers = Change.objects.of_row(parcel).filter(
        action="parcel.handed_over", created_at__lt=handed_over_at
    )
    is_second_try = parcel.failed_at is not None
    change_state(
        parcel, ParcelState.FAILED_DELIVERY if is_second_try else ParcelState.PACKED, PARCEL_UNDO_TRANSITIONS
    )
    earlier_handover = earlier_handovers.order_by("-created_at", "-pk").first() if is_second_try else None
    parcel.handed_over_at = earlier_handover.created_at if earlier_handover else None
    if not is_second_try:
        parcel.cod_holder = ""
        restore_stock(parcel, should_allocate=parcel.kind != ParcelKind.REPLACEMENT, actor=actor, now=now)
    parcel.save(update_fields=["handed_over_at", "cod_holder"])
    withdraw_handover_notification(order, part, parcel, handed_over_at, now=now)


def _undo_delivery(
    order: Order, part: OrderPart, parcel: Parcel, reason: str, *, actor: Actor, now: datetime.datetime
) -> None:
    """Bring the parcel back on its way, together with the cash that was reported for it.

    Raises ComplaintAlreadyFiled, TransitionNotAllowed.
    """
    if parcel.state != ParcelState.DELIVERED or parcel.delivered_at is None:
        raise TransitionNotAllowed(from_state=parcel.state, to_state=ParcelState.HANDED_OVER)
    if (
        part.complaints.filter(created_at__gte=parcel.delivered_at)
        .exclude(state=ComplaintState.WITHDRAWN)
        .exists()
    ):
        raise ComplaintAlreadyFiled()
    require_items_with_buyer(part, parcel)
    _require_unsettled(order, part, parcel, since=parcel.delivered_at, now=now)
    if parcel.cod_state == CodState.COLLECTED:
        reverse_collected_cash(parcel, reason=reason, actor=actor, now=now)
    change_state(parcel, ParcelState.HANDED_OVER, PARCEL_UNDO_TRANSITIONS)
    parcel.delivered_at = None
    parcel.save(update_fields=["delivered_at"])


def _undo_cash(
    order: Order, part: OrderPart, parcel: Parcel, reason: str, *, actor: Actor, now: datetime.datetime
) -> None:
    """Take back the collected cash. The parcel stays delivered. Raises TransitionNotAllowed."""
    if parcel.cod_state == CodState.EXPECTED or parcel.cod_collected_at is None:
        raise TransitionNotAllowed(from_state=parcel.cod_state, to_state=CodState.EXPECTED)
    _require_unsettled(order, part, parcel, since=parcel.cod_collected_at, now=now)
    reverse_collected_cash(parcel, reason=reason, actor=actor, now=now)


def _require_unsettled(
    order: Order, part: OrderPart, parcel: Parcel, *, since: datetime.datetime, now: datetime.datetime
) -> None:
    """Raise MoneyAlreadyMoved if the step's money was remitted, refunded or closed in a settlement.

    Locks the open settlement, so that it stays open until the reversing postings are in it.
    """
    if parcel.cod_state not in (CodState.NONE, CodState.EXPECTED, CodState.COLLECTED):
        raise MoneyAlreadyMoved()
    if order.refunds.filter(decided_at__gte=since, repayment__gt=0).exists():
        raise MoneyAlreadyMoved()
    locks.lock_settlements([part.cooperative_id], order.currency, now=now)
    events = PaymentEvent.objects.effective_cash_collections().filter(parcel=parcel)
    keys = [f"event:{event_id}" for event_id in events.values_list("pk", flat=True)]
    closed_entries = LedgerEntry.objects.filter(settlement__closed_at__isnull=False)
    is_cash_settled = closed_entries.filter(posting__idempotency_key__in=keys).exists()
    if is_cash_settled or closed_entries.filter(posting__part=part, posting__created_at__gte=since).exists():
        raise MoneyAlreadyMoved()


def _record_undo(
    order: Order,
    part: OrderPart,
    action: str,
    row: OrderPart | Parcel,
    reason: str,
    *,
    data: Mapping[str, object] | None = None,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    record_part_change(
        order,
        part,
        action,
        row,
        actor=actor,
        now=now,
        reason=reason.strip(),
        idempotency_key=idempotency_key,
        data=data,
    )
    finish_order_change(order, now=now)
