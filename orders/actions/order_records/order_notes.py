"""Staff notes on an order."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.models import Order
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import Change, record_change

MAX_NOTE_LENGTH = 5000


class EmptyNote(Refused):
    code = "empty_note"
    default_message = _("Enter a note.")


class NoteTooLong(Refused):
    code = "note_too_long"
    default_message = _("This text is too long.")


@transaction.atomic(durable=True)
def add_note(*, order_id: uuid.UUID, text: str, actor: Actor, now: datetime.datetime) -> Change:
    """Add a note to an order. Raises Missing, EmptyNote, NoteTooLong."""
    text = _require_note_text(text)
    order = locks.lock_order(order_id)
    return record_change("order.note_added", order, actor=actor, now=now, reason=text)


@transaction.atomic(durable=True)
def correct_note(*, note_id: int, text: str, actor: Actor, now: datetime.datetime) -> Change:
    """Replace the text of a note. The first text stays in the timeline.

    Raises EmptyNote, NoteTooLong, Missing.
    """
    text = _require_note_text(text)
    note = Change.objects.filter(
        pk=note_id, action__in=("order.note_added", "order.note_changed"), kind=Order._meta.label_lower
    ).first()
    if note is None:
        raise Missing(field="note")
    order = locks.lock_order(uuid.UUID(note.key))
    return record_change(
        "order.note_changed", order, actor=actor, now=now, reason=text, data={"note": note.pk}
    )


def _require_note_text(text: str) -> str:
    text = text.strip()
    if not text:
        raise EmptyNote(field="message")
    if len(text) > MAX_NOTE_LENGTH:
        raise NoteTooLong(field="message")
    return text
