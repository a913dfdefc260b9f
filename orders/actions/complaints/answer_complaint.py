"""Answer a complaint by a refund, a replacement, a return, or a rejection with its reason.

The cooperative answers for its own products and bears the cost of its remedies. The platform may answer in
its place and may overrule a rejection.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.complaints.file_complaint import record_complaint_change
from orders.actions.fulfilment.pack_parcels import PLATFORM_ENTRY_POINTS
from orders.actions.fulfilment.parcel_returns import ReturnedQuantity, create_return
from orders.actions.fulfilment.replacements import create_replacement
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.refunds.refund_decisions import RefundDecision, refund_part
from orders.models import Complaint, CostBearer, Order, OrderPart
from orders.notifications import complaints as notifications
from orders.states import COMPLAINT_TRANSITIONS, ComplaintState, ParcelKind
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import ReasonRequired, Refused
from shop.core.models import was_done_with_key
from shop.core.states import TransitionNotAllowed, change_state


class EmptyRemedy(Refused):
    code = "empty_remedy"
    default_message = _("Choose what the buyer gets: a refund, a replacement or both.")


class RemedyExceedsComplaint(Refused):
    """Replacements and returns are limited to the quantities in the complaint."""

    code = "remedy_exceeds_complaint"
    default_message = _("That is more than the buyer complained about.")


@dataclass(frozen=True, slots=True)
class Remedy:
    """What the buyer gets for a complaint.

    `refund` is the refund decision, if there is one. `replaced` and `returned` are sales units by line.
    Returned units of a refunded line are in its refund instead.
    """

    refund: RefundDecision | None = None
    replaced: Mapping[uuid.UUID, int] = field(default_factory=dict)
    returned: Mapping[uuid.UUID, int] = field(default_factory=dict)


@transaction.atomic(durable=True)
def accept_complaint(
    *,
    complaint_id: uuid.UUID,
    remedy: Remedy,
    answer: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Complaint:
    """Accept a complaint with a remedy. After a rejection only the platform may accept it.

    A repeated `idempotency_key` does nothing. Raises KeyReused, Missing, RemedyExceedsComplaint, EmptyRemedy,
    SoldOut, TransitionNotAllowed, and the errors of `orders.actions.refunds.refund_decisions.decide_refund`.
    """
    order, part, complaint = locks.lock_complaint(complaint_id)
    if was_done_with_key(idempotency_key, "complaint.accepted", complaint):
        return complaint
    if complaint.state == ComplaintState.REJECTED and actor.entry_point not in PLATFORM_ENTRY_POINTS:
        raise TransitionNotAllowed(from_state=complaint.state, to_state=ComplaintState.ACCEPTED)
    _require_possible_remedy(complaint, remedy)
    remedy = _with_bearer(remedy, actor)
    change_state(complaint, ComplaintState.ACCEPTED, COMPLAINT_TRANSITIONS)
    _write_answer(complaint, answer, now=now)
    record_complaint_change(
        order,
        part,
        complaint,
        "complaint.accepted",
        actor=actor,
        now=now,
        reason=answer.strip(),
        idempotency_key=idempotency_key,
        data=_refund_facts(remedy, order),
    )
    _carry_out_remedy(order, part, complaint, remedy, actor=actor, now=now)
    finish_order_change(order, now=now)
    _notify_of_answer(order, part, complaint, actor=actor, now=now)
    return complaint


def _with_bearer(remedy: Remedy, actor: Actor) -> Remedy:
    """Return the remedy. If members answered, their cooperative bears the refund."""
    if remedy.refund is None or actor.entry_point != EntryPoint.MEMBERS:
        return remedy
    return replace(remedy, refund=replace(remedy.refund, bearer=CostBearer.COOPERATIVE))


def _refund_facts(remedy: Remedy, order: Order) -> dict[str, object]:
    """Return what the change log says about the refund of a remedy."""
    if remedy.refund is None:
        return {}
    return {
        "refunded": remedy.refund.amount,
        "currency": order.currency,
        "bearer": str(remedy.refund.bearer),
    }


def _carry_out_remedy(
    order: Order,
    part: OrderPart,
    complaint: Complaint,
    remedy: Remedy,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Replace, refund and take back items as the remedy says."""
    if remedy.replaced:
        create_replacement(order, part, remedy.replaced, complaint=complaint, actor=actor, now=now)
    if remedy.refund is not None:
        refund_part(order, part, remedy.refund, complaint=complaint, actor=actor, now=now)
    if remedy.returned:
        create_return(
            order,
            part,
            {line_id: ReturnedQuantity(count) for line_id, count in remedy.returned.items()},
            kind=ParcelKind.RETURN,
            warehouse_id=None,
            is_received=False,
            complaint=complaint,
            actor=actor,
            now=now,
        )


@transaction.atomic(durable=True)
def reject_complaint(
    *,
    complaint_id: uuid.UUID,
    reason: str,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Complaint:
    """Reject a complaint with a reason for the buyer. A repeated `idempotency_key` does nothing.

    Raises KeyReused, Missing, ReasonRequired, TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    order, part, complaint = locks.lock_complaint(complaint_id)
    if was_done_with_key(idempotency_key, "complaint.rejected", complaint):
        return complaint
    change_state(complaint, ComplaintState.REJECTED, COMPLAINT_TRANSITIONS)
    _write_answer(complaint, reason, now=now)
    record_complaint_change(
        order,
        part,
        complaint,
        "complaint.rejected",
        actor=actor,
        now=now,
        reason=reason.strip(),
        idempotency_key=idempotency_key,
    )
    _notify_of_answer(order, part, complaint, actor=actor, now=now)
    return complaint


def _require_possible_remedy(complaint: Complaint, remedy: Remedy) -> None:
    if remedy.refund is None and not remedy.replaced:
        raise EmptyRemedy()
    complained = dict(complaint.lines.values_list("order_line", "quantity"))
    for quantities in (remedy.replaced, remedy.returned):
        if any(not 1 <= count <= complained.get(line_id, 0) for line_id, count in quantities.items()):
            raise RemedyExceedsComplaint(field="goods")


def _write_answer(complaint: Complaint, text: str, *, now: datetime.datetime) -> None:
    complaint.answer, complaint.answered_at = text.strip(), now
    complaint.save(update_fields=["answer", "answered_at"])


def _notify_of_answer(
    order: Order, part: OrderPart, complaint: Complaint, *, actor: Actor, now: datetime.datetime
) -> None:
    notifications.notify_complaint_answer(order, part, complaint, now=now)
    if actor.entry_point in PLATFORM_ENTRY_POINTS:
        notifications.notify_complaint_decision(order, part, complaint, now=now)
