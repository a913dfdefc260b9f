"""Capture or void a card authorisation on behalf of staff."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders.actions.gateway_requests.intended_calls import (
    AmountNotAuthorised,
    read_payment_sums,
    request_capture,
    request_void,
)
from orders.actions.payments.basket_payments import lock_payment
from orders.models import GatewayCall, GatewayOperation, Order, Payment, PaymentMethod
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused


class NotACardPayment(Refused):
    code = "not_a_card_payment"
    default_message = _("Only card payments have authorised amounts that can be captured or voided.")


@transaction.atomic(durable=True)
def capture_authorised_amount(
    *, payment_id: uuid.UUID, amount: int | None, actor: Actor, now: datetime.datetime
) -> None:
    """Request a capture of `amount` minor units, or of all that can be captured.

    Raises Missing, NotACardPayment, AmountNotAuthorised.
    """
    order, payment = _lock_card_payment(payment_id)
    capturable = min(read_payment_sums(payment).authorised, order.amount_due)
    if amount is not None and amount > capturable:
        raise AmountNotAuthorised(field="amount")
    request_capture(order, payment, capturable if amount is None else amount, actor=actor, now=now)


@transaction.atomic(durable=True)
def void_authorisation(*, payment_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Request to void an authorisation. Raises Missing, NotACardPayment, AmountNotAuthorised."""
    order, payment = _lock_card_payment(payment_id)
    if not read_payment_sums(payment).authorised:
        raise AmountNotAuthorised(field="id")
    request_void(order, payment, actor=actor, now=now)


def _lock_card_payment(payment_id: uuid.UUID) -> tuple[Order, Payment]:
    """Lock a card payment without a capture or void request.

    Raises Missing, NotACardPayment, AmountNotAuthorised.
    """
    order, payment = lock_payment(payment_id)
    if order is None:
        raise Missing(field="id")
    if payment.method != PaymentMethod.CARD:
        raise NotACardPayment(field="id")
    ends = GatewayCall.objects.filter(
        payment=payment, operation__in=[GatewayOperation.CAPTURE, GatewayOperation.VOID]
    )
    if ends.exclude(state=CallState.FAILED).exists():
        raise AmountNotAuthorised(field="id")
    return order, payment
