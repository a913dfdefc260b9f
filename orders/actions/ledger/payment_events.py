"""The one way in which something is written down as having happened to a payment."""

from __future__ import annotations

import datetime
from typing import Any

from orders.actions.ledger.ledger_postings import book_event
from orders.models import EventKind, Parcel, Payment, PaymentEvent, Refund
from shop.core.actors import Actor


def record_event(
    payment: Payment,
    kind: EventKind,
    amount: int,
    *,
    key: str,
    actor: Actor,
    now: datetime.datetime,
    reference: str = "",
    message: str = "",
    refund: Refund | None = None,
    parcel: Parcel | None = None,
) -> PaymentEvent | None:
    """Step, under the order's lock: an event of `amount` minor units, once for each `key`, and its booking.

    Answers None where the key is known already: whoever tells us something may tell it again. What is paid
    for a basket is booked once that is an order.
    """
    told = _told(payment, kind, amount, actor=actor, now=now)
    told |= {"reference": reference, "message": message[:500], "refund": refund, "parcel": parcel}
    event, is_new = PaymentEvent.objects.get_or_create(key=key, defaults=told)
    if not is_new:
        return None
    if payment.order_id is not None:
        book_event(event)
    return event


def write_event(
    payment: Payment, kind: EventKind, amount: int, *, key: str, actor: Actor, now: datetime.datetime
) -> PaymentEvent:
    """Step, under the order's lock: as `record_event`, of something that we alone say, and say now: nobody
    can have written its key before."""
    told = _told(payment, kind, amount, actor=actor, now=now)
    event = PaymentEvent.objects.create(key=key, **told)
    if payment.order_id is not None:
        book_event(event)
    return event


def _told(
    payment: Payment, kind: EventKind, amount: int, *, actor: Actor, now: datetime.datetime
) -> dict[str, Any]:
    return {
        "payment": payment,
        "kind": kind,
        "amount": amount,
        "currency": payment.currency,
        "actor_kind": actor.kind,
        "actor_key": actor.key,
        "at": now,
    }
