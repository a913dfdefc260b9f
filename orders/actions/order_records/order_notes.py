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
    code = "nothing_written"
    default_words = _("Write something.")


class NoteTooLong(Refused):
    code = "note_too_long"
    default_words = _("This is too long.")


@transaction.atomic(durable=True)
def add_note(*, order_id: uuid.UUID, words: str, actor: Actor, now: datetime.datetime) -> Change:
    """Add a note to an order. Raises Missing, EmptyNote, NoteTooLong."""
    words = _checked_text(words)
    order = locks.lock_order(order_id)
    return record_change("order.noted", order, actor=actor, now=now, reason=words)


@transaction.atomic(durable=True)
def correct_note(*, note_id: int, words: str, actor: Actor, now: datetime.datetime) -> Change:
    """Replace the text of a note; the first text stays in the timeline. Raises as `add_note` does."""
    words = _checked_text(words)
    note = Change.objects.filter(
        pk=note_id, action__in=("order.noted", "order.note_changed"), kind=Order._meta.label_lower
    ).first()
    if note is None:
        raise Missing(field="note")
    order = locks.lock_order(uuid.UUID(note.key))
    return record_change(
        "order.note_changed", order, actor=actor, now=now, reason=words, data={"note": note.pk}
    )


def _checked_text(words: str) -> str:
    words = words.strip()
    if not words:
        raise EmptyNote(field="message")
    if len(words) > MAX_NOTE_LENGTH:
        raise NoteTooLong(field="message")
    return words
