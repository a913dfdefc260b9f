"""Record payment events and book them. Nothing else creates them."""

from __future__ import annotations

import datetime

from orders.actions.ledger.ledger_postings import book_payment_event
from orders.models import EventKind, Parcel, Payment, PaymentEvent, Refund
from shop.core.actors import Actor


def record_payment_event(
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
    """Step, under the order's lock: record and book an event of `amount` minor units, once for each `key`.

    Returns None if the key exists, because outside services repeat their reports. A basket's payment is
    booked when the basket becomes an order.
    """
    values = _event_values(payment, kind, amount, actor=actor, now=now)
    values |= {"reference": reference, "message": message[:500], "refund": refund, "parcel": parcel}
    event, is_new = PaymentEvent.objects.get_or_create(key=key, defaults=values)
    if not is_new:
        return None
    if payment.order_id is not None:
        book_payment_event(event)
    return event


def create_payment_event(
    payment: Payment, kind: EventKind, amount: int, *, key: str, actor: Actor, now: datetime.datetime
) -> PaymentEvent:
    """Step, under the order's lock: like `record_payment_event`, for events of our own with a new key."""
    values = _event_values(payment, kind, amount, actor=actor, now=now)
    event = PaymentEvent.objects.create(key=key, **values)
    if payment.order_id is not None:
        book_payment_event(event)
    return event


def _event_values(
    payment: Payment, kind: EventKind, amount: int, *, actor: Actor, now: datetime.datetime
) -> dict[str, object]:
    return {
        "payment": payment,
        "kind": kind,
        "amount": amount,
        "currency": payment.currency,
        "actor_kind": actor.kind,
        "actor_key": actor.key,
        "at": now,
    }
