"""Add words or photos to an open complaint, as its buyer."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.complaints.file_complaint import (
    MAX_COMPLAINT_PICTURES,
    TooManyComplaintPictures,
    record_complaint_change,
)
from orders.models import Complaint
from orders.notifications import complaints as notifications
from orders.states import ComplaintState
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import Change, Picture, was_done_with_key

MAX_ADDITIONS = 5  # as the cooperative reads each


class ComplaintAlreadyAnswered(Refused):
    code = "complaint_already_answered"
    default_message = _("This complaint has been answered or withdrawn.")


class EmptyAddition(Refused):
    code = "empty_addition"
    default_message = _("Write something or choose a photo.")


class TooManyAdditions(Refused):
    code = "too_many_additions"
    default_message = _("You have added to this complaint five times. Please call the cooperative.")


@transaction.atomic(durable=True)
def add_to_complaint(
    *,
    complaint_id: uuid.UUID,
    text: str = "",
    pictures: Sequence[Picture] = (),
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Complaint:
    """Add a paragraph and photos to an open complaint and tell its cooperative. Its deadline stays.

    Raises Missing, KeyReused, ComplaintAlreadyAnswered, EmptyAddition, TooManyComplaintPictures,
    TooManyAdditions.
    """
    order, part, complaint = locks.lock_complaint(complaint_id)
    if was_done_with_key(idempotency_key, "complaint.added_to", complaint):
        return complaint
    if complaint.state != ComplaintState.OPEN:
        raise ComplaintAlreadyAnswered()
    if not text.strip() and not pictures:
        raise EmptyAddition(field="message")
    if len(pictures) > MAX_COMPLAINT_PICTURES:
        raise TooManyComplaintPictures(field="photos")
    addition_count = Change.objects.of_row(complaint).filter(action="complaint.added_to").count()
    if addition_count >= MAX_ADDITIONS:
        raise TooManyAdditions()
    if text.strip():
        complaint.text = f"{complaint.text}\n\n{text.strip()}"
        complaint.save(update_fields=["text"])
    complaint.pictures.add(*pictures)
    record_complaint_change(
        order, part, complaint, "complaint.added_to", idempotency_key=idempotency_key, actor=actor, now=now
    )
    notifications.notify_complaint_addition(order, part, complaint, number=addition_count + 1, now=now)
    return complaint
