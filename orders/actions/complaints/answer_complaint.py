"""Answer complaints: a refund, a replacement, a return, or a rejection with its reason.

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
from orders.actions.complaints.file_complaint import record
from orders.actions.fulfilment.pack_parcels import OF_THE_HOUSE
from orders.actions.fulfilment.parcel_returns import Back, expect_back
from orders.actions.fulfilment.replacements import send_anew
from orders.actions.order_records.recalculate_order import update_standing
from orders.actions.refunds.refund_decisions import Decision, refund_part
from orders.models import Bearer, Complaint, Order, OrderPart
from orders.notices import complaints as notices
from orders.states import COMPLAINT_MOVES, ComplaintState, ParcelKind
from shop.core.actors import Actor, Door
from shop.core.errors import ReasonNeeded, Refused
from shop.core.models import done_before
from shop.core.states import WrongMove, advance


class NothingOffered(Refused):
    code = "nothing_offered"
    default_words = _("Say what the buyer gets: money back, goods anew, or both.")


class MoreThanComplained(Refused):
    """Replacements and returns are limited to the quantities in the complaint."""

    code = "more_than_complained"
    default_words = _("That is more than the buyer has complained about.")


@dataclass(frozen=True, slots=True)
class Remedy:
    """What the buyer gets: a refund, steps replaced by line (`anew`), steps returned unrefunded (`back`)."""

    refund: Decision | None = None
    anew: Mapping[uuid.UUID, int] = field(default_factory=dict)
    back: Mapping[uuid.UUID, int] = field(default_factory=dict)


@transaction.atomic(durable=True)
def accept_complaint(
    *,
    complaint_id: uuid.UUID,
    remedy: Remedy,
    answer: str = "",
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Complaint:
    """Accept a complaint with a remedy. After a rejection only the platform may accept it.

    A repeated `key` does nothing. Raises KeyReused, Missing, MoreThanComplained, NothingOffered, SoldOut,
    WrongMove, and the errors of `decide_refund`.
    """
    order, part, complaint = locks.lock_complaint(complaint_id)
    if done_before(key, "complaint.accepted", complaint):
        return complaint
    if complaint.state == ComplaintState.REJECTED and actor.door not in OF_THE_HOUSE:
        raise WrongMove(came_from=complaint.state, to=ComplaintState.ACCEPTED)
    _check_remedy(complaint, remedy)
    advance(complaint, ComplaintState.ACCEPTED, COMPLAINT_MOVES)
    _write_answer(complaint, answer, now=now)
    record(order, part, complaint, "complaint.accepted", actor=actor, now=now, why=answer.strip(), key=key)
    if remedy.anew:
        send_anew(order, part, remedy.anew, complaint=complaint, actor=actor, now=now)
    if remedy.refund is not None:
        decision = remedy.refund
        if actor.door == Door.MEMBERS:
            decision = replace(decision, bearer=Bearer.COOPERATIVE)
        refund_part(order, part, decision, complaint=complaint, actor=actor, now=now)
    if remedy.back:
        expect_back(
            order,
            part,
            {line_id: Back(count) for line_id, count in remedy.back.items()},
            kind=ParcelKind.RETURN,
            warehouse_id=None,
            are_here=False,
            complaint=complaint,
            actor=actor,
            now=now,
        )
    update_standing(order, now=now)
    _notify(order, part, complaint, actor=actor, now=now)
    return complaint


@transaction.atomic(durable=True)
def reject_complaint(
    *, complaint_id: uuid.UUID, reason: str, key: str | None = None, actor: Actor, now: datetime.datetime
) -> Complaint:
    """Reject a complaint with a reason for the buyer. A repeated `key` does nothing.

    Raises KeyReused, Missing, ReasonNeeded, WrongMove.
    """
    if not reason.strip():
        raise ReasonNeeded(field="reason")
    order, part, complaint = locks.lock_complaint(complaint_id)
    if done_before(key, "complaint.rejected", complaint):
        return complaint
    advance(complaint, ComplaintState.REJECTED, COMPLAINT_MOVES)
    _write_answer(complaint, reason, now=now)
    record(order, part, complaint, "complaint.rejected", actor=actor, now=now, why=reason.strip(), key=key)
    _notify(order, part, complaint, actor=actor, now=now)
    return complaint


def _check_remedy(complaint: Complaint, remedy: Remedy) -> None:
    if remedy.refund is None and not remedy.anew:
        raise NothingOffered()
    most = dict(complaint.lines.values_list("order_line", "quantity"))
    for steps in (remedy.anew, remedy.back):
        if any(not 1 <= count <= most.get(line_id, 0) for line_id, count in steps.items()):
            raise MoreThanComplained(field="goods")


def _write_answer(complaint: Complaint, words: str, *, now: datetime.datetime) -> None:
    complaint.answer, complaint.answered_at = words.strip(), now
    complaint.save(update_fields=["answer", "answered_at"])


def _notify(
    order: Order, part: OrderPart, complaint: Complaint, *, actor: Actor, now: datetime.datetime
) -> None:
    notices.complaint_answered(order, part, complaint, now=now)
    if actor.door in OF_THE_HOUSE:
        notices.complaint_decided(order, part, complaint, now=now)
