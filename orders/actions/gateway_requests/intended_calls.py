"""Request operations of the payment gateway by writing a `GatewayCall` row for each.

Each function writes one row under the lock of its order, basket or payout, with the parameters that a repeat
must send unchanged. `gateway.send_gateway_calls` sends it after the commit. If that job is lost, a sweep
sends it. No request exceeds the amount due, authorised or refundable.
"""

from __future__ import annotations

import datetime

from celery import signature
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override, pgettext

from orders.actions.ledger.ledger_postings import record_payment_event
from orders.models import (
    Basket,
    EventKind,
    GatewayCall,
    GatewayOperation,
    Order,
    Payment,
    PaymentSums,
    Payout,
)
from orders.order_links import payment_return_url
from orders.payments.card_limits import require_allowed_amount
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit
from shop.core.errors import Missing, Refused
from shop.core.models import shop_settings

GATEWAY = "stripe"
SEND_CALL = "orders.send_gateway_call"  # the task in `gateway.send_gateway_calls`
DEFAULT_CALL_LANGUAGE = "vi"  # for calls without an order or basket, such as payouts
_JOB_TIMEOUT = datetime.timedelta(minutes=1)


class AmountNotAuthorised(Refused):
    """The amount exceeds the authorised amount, or nothing can be captured."""

    code = "amount_not_authorised"
    default_message = _("That is more than is authorised on the card for this order.")


def request_start(
    order: Order,
    payment: Payment,
    amount: int,
    *,
    is_authorisation_only: bool,
    is_hosted: bool,
    actor: Actor,
    now: datetime.datetime,
) -> GatewayCall:
    """On a locked order: start a card charge, or only an authorisation (`is_authorisation_only`).

    `is_hosted` uses the gateway's page instead of fields on ours. Raises AmountNotForCards.
    """
    require_allowed_amount(amount, order.currency, minimums={"VND": settings.STRIPE_SMALLEST_VND})
    with override(order.language):
        description = pgettext("card statement", "Order %(code)s") % {"code": order.code}
    gateway_call = create_gateway_call(
        GatewayOperation.START_PAYMENT,
        amount,
        order.currency,
        actor=actor,
        now=now,
        payment=payment,
        parameters={
            "is_authorisation_only": is_authorisation_only,
            "is_hosted": is_hosted,
            "description": description,
            "return_url": payment_return_url(order),
            "email": order.email if is_hosted else "",
            "language": order.language,
            "group": f"order:{order.pk}",
            "labels": {"order": order.code, "payment": str(payment.pk)},
        },
    )
    if is_authorisation_only:
        kind, idempotency_key = EventKind.AUTHORIZATION_REQUEST, f"call:{gateway_call.pk}:asked"
        record_payment_event(payment, kind, amount, idempotency_key=idempotency_key, actor=actor, now=now)
    return gateway_call


def request_capture(
    order: Order, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """On a locked order: capture part of the authorisation. The rest is voided.

    Raises AmountNotAuthorised.
    """
    if not 0 < amount <= read_payment_sums(payment).authorised:
        raise AmountNotAuthorised(field="amount")
    return create_gateway_call(
        GatewayOperation.CAPTURE,
        amount,
        order.currency,
        actor=actor,
        now=now,
        payment=payment,
        parameters=read_payment_parameters(payment, order.language),
    )


def request_authorisation(
    basket: Basket, payment: Payment, amount: int, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """On a locked basket: authorise an amount on a card until the basket is an order.

    Nothing is charged before there is an order. Raises AmountNotForCards.
    """
    require_allowed_amount(amount, basket.currency, minimums={"VND": settings.STRIPE_SMALLEST_VND})
    return create_gateway_call(
        GatewayOperation.START_PAYMENT,
        amount,
        basket.currency,
        actor=actor,
        now=now,
        payment=payment,
        parameters={
            "is_authorisation_only": True,
            "is_hosted": False,
            "description": shop_settings().name,
            "language": basket.language,
            "group": f"basket:{basket.pk}",
            "labels": {"basket": str(basket.pk), "payment": str(payment.pk)},
        },
    )


def request_void(
    order: Order | Basket | None, payment: Payment, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """On a locked order (or basket): void the authorisation, or cancel a started payment."""
    authorised = read_payment_sums(payment).authorised
    gateway_call = create_gateway_call(
        GatewayOperation.VOID,
        authorised,
        payment.currency,
        actor=actor,
        now=now,
        payment=payment,
        parameters=read_payment_parameters(payment, order.language if order else DEFAULT_CALL_LANGUAGE),
    )
    record_payment_event(
        payment,
        EventKind.CANCEL_REQUEST,
        authorised,
        idempotency_key=f"call:{gateway_call.pk}:asked",
        actor=actor,
        now=now,
    )
    return gateway_call


def request_payout(payout: Payout, *, actor: Actor, now: datetime.datetime) -> GatewayCall:
    """Under the payout's lock: transfer a settled period's money to the cooperative's account."""
    return create_gateway_call(
        GatewayOperation.PAY_OUT,
        payout.amount,
        payout.currency,
        actor=actor,
        now=now,
        payout=payout,
        parameters={
            "destination": payout.destination,
            "description": payout.note,
            "labels": {"payout": str(payout.pk)},
        },
    )


def request_transfer_reversal(
    payout: Payout, amount: int, *, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """Under the payout's lock: request that an amount of the payout is transferred back."""
    return create_gateway_call(
        GatewayOperation.REVERSE_TRANSFER,
        amount,
        payout.currency,
        actor=actor,
        now=now,
        payout=payout,
        parameters={"reference": payout.reference, "labels": {"payout": str(payout.pk)}},
    )


def read_payment_sums(payment: Payment) -> PaymentSums:
    """Return the current sums over the payment's events."""
    return Payment.objects.filter(pk=payment.pk).sums().get(payment.pk, PaymentSums())


def find_start_call(payment: Payment) -> GatewayCall | None:
    """Return the call that started this payment."""
    return GatewayCall.objects.filter(payment=payment, operation=GatewayOperation.START_PAYMENT).first()


def read_payment_parameters(payment: Payment, language: str) -> dict[str, object]:
    """Return the parameters of a call about a started payment. Raises Missing if it was never started."""
    start = find_start_call(payment)
    if start is None or not start.reference:
        raise Missing()
    return {
        "reference": start.reference,
        "language": language,
        "labels": {"payment": str(payment.pk)},
    }


def create_gateway_call(
    operation: GatewayOperation,
    amount: int,
    currency: str,
    *,
    actor: Actor,
    now: datetime.datetime,
    parameters: dict[str, object],
    **subject: object,
) -> GatewayCall:
    """In a transaction: write the row of a call, and have it sent after the commit."""
    gateway_call = GatewayCall.objects.create(
        gateway=GATEWAY,
        operation=operation,
        amount=amount,
        currency=currency,
        state=CallState.INTENDED,
        request_parameters=parameters,
        created_at=now,
        next_check_at=now + _JOB_TIMEOUT,
        actor_kind=actor.kind,
        actor_key=actor.key,
        **subject,
    )
    after_commit(signature(SEND_CALL, kwargs={"call_id": str(gateway_call.pk)}, immutable=True).delay)
    return gateway_call
