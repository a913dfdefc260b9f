"""File complaints about delivered items in time and with photos, and escalate unanswered ones."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from celery import shared_task
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.models import (
    Complaint,
    ComplaintLine,
    Order,
    OrderLine,
    OrderPart,
    ParcelLine,
    RefundLine,
    RequestedRemedy,
)
from orders.notifications import complaints as notifications
from orders.states import COMPLAINT_TRANSITIONS, OUTGOING_KINDS, ComplaintState, ParcelState
from shop.core.actors import Actor
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.jobs.sweeps import run_each
from shop.core.models import KeyReused, Picture, record_change, shop_settings
from shop.core.states import change_state

MAX_COMPLAINT_PICTURES = 4
_SWEEP_SIZE = 200


class EmptyComplaint(Refused):
    code = "empty_complaint"
    default_message = _("Choose the items with a problem and enter how many.")


class ComplaintTextRequired(Refused):
    code = "complaint_text_required"
    default_message = _("Describe the problem so that we can help.")


class ComplaintExceedsDelivered(Refused):
    code = "complaint_exceeds_delivered"
    default_message = _("That is more than was delivered.")


class ComplaintPeriodOver(Refused):
    """`details["until"]` is the moment at which the complaint period ended."""

    code = "complaint_period_over"
    default_message = _("The time to complain about these items is over. Please call the cooperative.")


class TooManyComplaintPictures(Refused):
    code = "too_many_complaint_pictures"
    default_message = _("Add at most four photos.")


class ComplaintAlreadyOpen(Refused):
    """Only one complaint of a part may be open, so that each gets a full answer."""

    code = "complaint_already_open"
    default_message = _(
        "Your previous complaint about this cooperative's part is still under review. Withdraw it first."
    )


@dataclass(frozen=True, slots=True)
class DeliveredLine:
    """A line with the `quantity` that the buyer has, open to complaints before `until`."""

    line: OrderLine
    quantity: int
    until: datetime.datetime

    @property
    def last_moment(self) -> datetime.datetime:
        """The last moment of the period, so that its date is the last day."""
        return self.until - datetime.timedelta(seconds=1)

    def is_in_time(self, now: datetime.datetime) -> bool:
        return now < self.until


@transaction.atomic(durable=True)
def submit_complaint(
    *,
    part_id: int,
    quantities: Mapping[uuid.UUID, int],
    text: str,
    requested_remedy: RequestedRemedy = RequestedRemedy.EITHER,
    pictures: Sequence[Picture] = (),
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Complaint:
    """File a complaint about these `quantities` of lines.

    A repeated `idempotency_key` returns the first complaint. Raises KeyReused, Missing, EmptyComplaint,
    ComplaintExceedsDelivered, ComplaintAlreadyOpen, ComplaintPeriodOver, TooManyComplaintPictures,
    ComplaintTextRequired.
    """
    order, part = locks.lock_part(part_id)
    existing = (
        Complaint.objects.filter(idempotency_key=idempotency_key).first()
        if idempotency_key is not None
        else None
    )
    if existing is not None and existing.part_id != part.pk:
        raise KeyReused()
    if existing is not None:
        return existing
    _require_possible_complaint(part, quantities, text, pictures, now)
    complaint = Complaint.objects.create(
        part=part,
        requested_remedy=requested_remedy,
        text=text.strip(),
        created_at=now,
        due_by=_end_of_days(now, shop_settings().answer_complaints_days) - datetime.timedelta(seconds=1),
        idempotency_key=idempotency_key,
    )
    ComplaintLine.objects.bulk_create(
        ComplaintLine(complaint=complaint, order_line_id=line_id, quantity=count)
        for line_id, count in quantities.items()
    )
    complaint.pictures.set(pictures)
    record_complaint_change(order, part, complaint, "complaint.filed", actor=actor, now=now)
    notifications.notify_complaint_filed(order, part, complaint, now=now)
    return complaint


@transaction.atomic(durable=True)
def withdraw_complaint(*, complaint_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Complaint:
    """Withdraw a complaint as its buyer. Repeating it changes nothing.

    Raises Missing, TransitionNotAllowed.
    """
    order, part, complaint = locks.lock_complaint(complaint_id)
    if complaint.state == ComplaintState.WITHDRAWN:
        return complaint
    change_state(complaint, ComplaintState.WITHDRAWN, COMPLAINT_TRANSITIONS)
    complaint.answered_at = now
    complaint.save(update_fields=["answered_at"])
    record_complaint_change(order, part, complaint, "complaint.withdrawn", actor=actor, now=now)
    notifications.notify_complaint_withdrawn(order, part, complaint, now=now)
    return complaint


def find_delivered_lines(part: OrderPart) -> list[DeliveredLine]:
    """Return the lines of a part that the buyer has and may complain about, with their deadlines.

    Fully refunded lines are left out, even if the buyer keeps the items. The period starts on the day of
    delivery. It ends after the market's days, the listing's days or the cooperative's hours, whichever ends
    last.
    """
    delivered_quantities = ParcelLine.objects.delivered_quantities(part)
    fully_refunded = RefundLine.objects.filter(order_line__part=part).fully_refunded_lines()
    deliveries = ParcelLine.objects.filter(
        order_line__part=part, parcel__kind__in=OUTGOING_KINDS, parcel__state=ParcelState.DELIVERED
    )
    last_delivery = dict(
        deliveries.order_by("order_line").values_list("order_line").annotate(last=Max("parcel__delivered_at"))
    )
    days = shop_settings().complaint_days
    hours = part.cooperative.complaint_hours
    return [
        DeliveredLine(
            line,
            delivered_quantities[line.pk],
            complaint_deadline(line, last_delivery[line.pk], days=days, hours=hours),
        )
        for line in part.lines.order_by("position", "pk")
        if line.pk not in fully_refunded
        and delivered_quantities.get(line.pk, 0) > 0
        and last_delivery.get(line.pk) is not None
    ]


@transaction.atomic(durable=True)
def escalate_complaint(*, complaint_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Tell the platform, once, that a complaint was not answered in time. Raises Missing."""
    order, part, complaint = locks.lock_complaint(complaint_id)
    if complaint.state != ComplaintState.OPEN or complaint.escalated_at is not None or complaint.due_by > now:
        return
    complaint.escalated_at = now
    complaint.save(update_fields=["escalated_at"])
    record_complaint_change(order, part, complaint, "complaint.unanswered", actor=actor, now=now)
    notifications.notify_complaint_overdue(order, part, complaint, now=now)


@shared_task(name="orders.escalate_complaints")
def escalate_complaints_task() -> None:
    now, actor = timezone.now(), Actor.system("escalate_complaints")
    overdue = Complaint.objects.overdue(now).filter(escalated_at=None)
    run_each(
        overdue.values_list("pk", flat=True),
        lambda complaint_id: escalate_complaint(complaint_id=complaint_id, actor=actor, now=now),
        sweep="orders.escalate_complaints",
        max_count=_SWEEP_SIZE,
    )


def record_complaint_change(
    order: Order,
    part: OrderPart,
    complaint: Complaint,
    action: str,
    *,
    actor: Actor,
    now: datetime.datetime,
    reason: str = "",
    idempotency_key: str | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """In a transaction: record a change of a complaint under its order. `data` adds details."""
    record_change(
        action,
        complaint,
        actor=actor,
        now=now,
        root=order,
        cooperative_id=part.cooperative_id,
        reason=reason,
        data={"part": part.number, **(data or {})},
        idempotency_key=idempotency_key,
    )


def _require_possible_complaint(
    part: OrderPart,
    quantities: Mapping[uuid.UUID, int],
    text: str,
    pictures: Sequence[Picture],
    now: datetime.datetime,
) -> None:
    if not quantities or min(quantities.values()) < 1:
        raise EmptyComplaint(field="goods")
    if not text.strip():
        raise ComplaintTextRequired(field="message")
    if len(pictures) > MAX_COMPLAINT_PICTURES:
        raise TooManyComplaintPictures(field="pictures")
    part_line_ids = set(part.lines.values_list("pk", flat=True))
    if not quantities.keys() <= part_line_ids:
        raise Missing()
    delivered = {delivered_line.line.pk: delivered_line for delivered_line in find_delivered_lines(part)}
    if any(
        line_id not in delivered or count > delivered[line_id].quantity
        for line_id, count in quantities.items()
    ):
        raise ComplaintExceedsDelivered(field="goods")
    overdue_lines = [delivered[line_id] for line_id in quantities if not delivered[line_id].is_in_time(now)]
    if overdue_lines:
        raise ComplaintPeriodOver(field="goods", until=overdue_lines[0].until)
    if Complaint.objects.open().filter(part=part).exists():
        raise ComplaintAlreadyOpen()


def complaint_deadline(
    line: OrderLine, delivered_at: datetime.datetime, *, days: int, hours: int
) -> datetime.datetime:
    """Return the end of a line's complaint period, from the market's days and its seller's hours."""
    end_of_days = _end_of_days(delivered_at, max(days, line.return_days))
    return max(end_of_days, delivered_at + datetime.timedelta(hours=hours))


def _end_of_days(since: datetime.datetime, days: int) -> datetime.datetime:
    """Return when the day ends, in Vietnam, that is `days` days after `since`."""
    return start_of_day(vietnam_date(since) + datetime.timedelta(days=days + 1))
