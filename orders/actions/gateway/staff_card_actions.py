"""Capture or void a card authorisation on behalf of staff."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders.actions.gateway_requests.gateway_requests import NotHeld, ask_cancel, ask_capture, sums_of
from orders.actions.payments.basket_payments import lock_payment
from orders.models import GatewayCall, Method, Operation, Order, Payment
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused


class NotACard(Refused):
    code = "not_a_card"
    default_words = _("Only cards hold money that can be taken or released.")


@transaction.atomic(durable=True)
def take_held(*, payment_id: uuid.UUID, amount: int | None, actor: Actor, now: datetime.datetime) -> None:
    """Request a capture of `amount` minor units, or of all that can be captured.

    Raises Missing, NotACard, NotHeld.
    """
    order, payment = _lock_card_payment(payment_id)
    held = min(sums_of(payment).authorised, order.still_due)
    if amount is not None and amount > held:
        raise NotHeld(field="amount")
    ask_capture(order, payment, held if amount is None else amount, actor=actor, now=now)


@transaction.atomic(durable=True)
def cancel_hold(*, payment_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Request to void an authorisation. Raises Missing, NotACard, NotHeld."""
    order, payment = _lock_card_payment(payment_id)
    if not sums_of(payment).authorised:
        raise NotHeld(field="id")
    ask_cancel(order, payment, actor=actor, now=now)


def _lock_card_payment(payment_id: uuid.UUID) -> tuple[Order, Payment]:
    """Lock a card payment without a capture or void request.

    Raises Missing, NotACard, NotHeld.
    """
    order, payment = lock_payment(payment_id)
    if order is None:
        raise Missing(field="id")
    if payment.method != Method.CARD:
        raise NotACard(field="id")
    ends = GatewayCall.objects.filter(payment=payment, operation__in=[Operation.CAPTURE, Operation.CANCEL])
    if ends.exclude(state=CallState.FAILED).exists():
        raise NotHeld(field="id")
    return order, payment
