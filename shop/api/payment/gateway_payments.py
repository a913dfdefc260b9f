"""Start and continue payments by gateway."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TypedDict

from django.utils.translation import gettext as _

from orders.actions.gateway.send_gateway_calls import CallResult, look_up_call, send_call
from orders.actions.gateway_requests.intended_calls import find_start_call
from orders.actions.payments.basket_payments import (
    TRANSACTION_FLOW_LABEL,
    find_payment_by_key,
    record_app_event,
    start_app_payment,
    start_basket_payment,
)
from orders.actions.payments.order_payments import change_payment_method
from orders.models import Basket, EventKind, Order, Payment, PaymentEvent, PaymentMethod
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.payment.gateways import DUMMY
from shop.core.models import Channel, TransactionFlow

GATEWAY_LABEL = "gateway"
# The results that a client may request from the dummy gateway.
_DUMMY_RESULTS = frozenset(
    {
        EventKind.CHARGE_SUCCESS,
        EventKind.CHARGE_FAILURE,
        EventKind.CHARGE_REQUEST,
        EventKind.CHARGE_ACTION_REQUIRED,
        EventKind.AUTHORIZATION_SUCCESS,
        EventKind.AUTHORIZATION_FAILURE,
        EventKind.AUTHORIZATION_REQUEST,
        EventKind.AUTHORIZATION_ACTION_REQUIRED,
    }
)
_SETTLED = frozenset({EventKind.CHARGE_SUCCESS, EventKind.AUTHORIZATION_SUCCESS})


@dataclass(frozen=True, slots=True)
class PaymentTarget:
    """The subject of a payment, which is a basket or an unpaid order."""

    channel: Channel
    currency: str
    basket: Basket | None = None
    order: Order | None = None


class _PaymentRequest(TypedDict):
    basket_id: uuid.UUID
    amount: int | None
    idempotency_key: str | None
    labels: dict[str, str] | None


def start_payment(
    target: PaymentTarget,
    gateway: str,
    method: PaymentMethod,
    *,
    amount: int | None,
    flow: str | None,
    data: object,
    idempotency_key: str | None,
    context: Context,
) -> tuple[Payment, object]:
    """Start a payment, and return it with the data for the client.

    Raises as `start_basket_payment` and `change_payment_method`.
    """
    labels = {GATEWAY_LABEL: gateway} | ({TRANSACTION_FLOW_LABEL: flow} if flow else {})
    if target.order is not None:
        return _begin_for_order(target.order, method, idempotency_key, context)
    assert target.basket is not None
    payment_request: _PaymentRequest = {
        "basket_id": target.basket.pk,
        "amount": amount,
        "idempotency_key": idempotency_key,
        "labels": labels,
    }
    if gateway == DUMMY:
        payment, requested = start_app_payment(**payment_request, actor=context.actor, now=context.now)
        if requested is not None:
            flow = flow or target.channel.default_transaction_flow
            _record_dummy_result(payment, requested, data, flow, context)
        return payment, None
    payment = start_basket_payment(**payment_request, method=method, actor=context.actor, now=context.now)
    return payment, _stripe_data(payment, context) if method == PaymentMethod.CARD else None


def continue_payment(payment: Payment, data: object, context: Context) -> object:
    """Update the payment's state from the gateway. Settled payments do not change."""
    if payment.method == PaymentMethod.CARD:
        return _stripe_data(payment, context)
    event_kinds = set(PaymentEvent.objects.filter(payment=payment).values_list("kind", flat=True))
    if payment.private_metadata.get(GATEWAY_LABEL) == DUMMY and not event_kinds & _SETTLED:
        first = PaymentEvent.objects.filter(payment=payment).order_by("pk").first()
        flow = payment.private_metadata.get(TRANSACTION_FLOW_LABEL, TransactionFlow.CHARGE)
        _record_dummy_result(payment, first.amount if first else 0, data, flow, context)
    return None


def _begin_for_order(
    order: Order, method: PaymentMethod, idempotency_key: str | None, context: Context
) -> tuple[Payment, object]:
    if method == PaymentMethod.APP:
        raise InputError("INVALID", _("The test gateway can pay only for checkouts."), field="paymentGateway")
    find_payment_by_key(idempotency_key, order=order)
    payment = change_payment_method(order_id=order.pk, method=method, actor=context.actor, now=context.now)
    return payment, _stripe_data(payment, context) if method == PaymentMethod.CARD else None


def _stripe_data(payment: Payment, context: Context) -> object:
    """Return Stripe's current state of a card payment, with the client secret."""
    gateway_call = find_start_call(payment)
    result: CallResult | None = None
    if gateway_call is not None:
        result = send_call(call_id=gateway_call.pk, now=context.now) or look_up_call(
            call_id=gateway_call.pk, now=context.now
        )
    if result is None or not result.gateway_result.secret:
        return None
    return {"paymentIntent": {"stripeClientSecret": result.gateway_result.secret}}


def _record_dummy_result(payment: Payment, amount: int, data: object, flow: str, context: Context) -> None:
    """Record the requested result of the dummy gateway, by default success. Raises InputError."""
    event = data.get("event") if isinstance(data, dict) else None
    event = event if isinstance(event, dict) else {}
    is_charge = flow == TransactionFlow.CHARGE
    default_kind = EventKind.CHARGE_SUCCESS if is_charge else EventKind.AUTHORIZATION_SUCCESS
    event_kind = str(event.get("type") or default_kind).lower()
    if event_kind not in _DUMMY_RESULTS:
        raise InputError(
            "INVALID", _("The test gateway does not support this event type."), field="paymentGateway"
        )
    event_number = PaymentEvent.objects.filter(payment=payment).count()
    record_app_event(
        payment_id=payment.pk,
        kind=EventKind(event_kind),
        amount=amount,
        reference=str(uuid.uuid4()) if event.get("includePspReference", True) else "",
        idempotency_key=f"payment:{payment.pk}:dummy:{event_number}",
        actor=context.actor,
        now=context.now,
    )
