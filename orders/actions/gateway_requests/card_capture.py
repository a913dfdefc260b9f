"""Capture card authorisations once the amount due is final, void unused ones, cancel obsolete payments.

`capture_or_void_cards` runs at the end of each change of an order (finish_order_change.py) and of placement,
because weights, cancelled parts and time change the amount due. Requests that the gateway refused are not
repeated automatically. Staff decide about them at the desk.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet

from orders.actions.gateway_requests.intended_calls import (
    find_start_call,
    read_payment_sums,
    request_capture,
    request_void,
)
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import SUPERSEDED, GatewayCall, GatewayOperation, Order, OrderPart, Payment, PaymentMethod
from orders.states import CALL_TRANSITIONS, CallState
from shop.core.actors import Actor
from shop.core.states import change_state

# Card authorisations last seven days (docs.stripe.com/payments/place-a-hold-on-a-payment-method). Orders not
# weighed by then are captured at their estimate and corrected afterwards.
CAPTURE_DELAY = datetime.timedelta(days=6)
UNORDERED_VOID_DELAY = datetime.timedelta(days=1)
_CAPTURE_OR_VOID = (GatewayOperation.CAPTURE, GatewayOperation.VOID)


def capture_or_void_cards(order: Order, payments: Iterable[Payment], *, now: datetime.datetime) -> None:
    """On a locked, recalculated order: capture or void its card authorisations once the amount due is final.

    `payments` are all of the order's payments.
    """
    actor = Actor.system("cards")
    amount_due = order.amount_due
    for payment in payments:
        if payment.method != PaymentMethod.CARD:
            continue
        start_call = find_start_call(payment)
        if start_call is None or not start_call.reference:
            continue
        _supersede_excess_captures(order, payment, now=now)
        if _capture_and_void_calls(payment).exists():
            amount_due -= _read_unanswered_capture_amount(payment)
            continue
        authorised = read_payment_sums(payment).authorised
        if authorised and amount_due <= 0:
            request_void(order, payment, actor=actor, now=now)
        elif authorised and (_is_packed(order) or now - (start_call.answered_at or now) >= CAPTURE_DELAY):
            request_capture(order, payment, min(amount_due, authorised), actor=actor, now=now)
        elif start_call.state == CallState.NEEDS_BUYER and _is_obsolete(order, start_call):
            request_void(order, payment, actor=actor, now=now)
        amount_due -= authorised


def authorisations_to_capture(now: datetime.datetime) -> QuerySet[GatewayCall]:
    """Return the calls that authorised payments of orders, if these expire soon and nobody asked to end them.

    Authorisations for baskets are never captured. `unused_authorisations` are voided.
    """
    end_calls = GatewayCall.objects.filter(payment=OuterRef("payment"), operation__in=_CAPTURE_OR_VOID)
    return GatewayCall.objects.filter(
        ~Exists(end_calls),
        operation=GatewayOperation.START_PAYMENT,
        payment__order__isnull=False,
        state=CallState.SUCCEEDED,
        request_parameters__is_authorisation_only=True,
        answered_at__lte=now - CAPTURE_DELAY,
    ).order_by("answered_at", "pk")


def unused_authorisations(now: datetime.datetime) -> QuerySet[GatewayCall]:
    """Return the calls that authorised payments of baskets that were not ordered within a day."""
    end_calls = GatewayCall.objects.filter(payment=OuterRef("payment"), operation__in=_CAPTURE_OR_VOID)
    return GatewayCall.objects.filter(
        ~Exists(end_calls),
        operation=GatewayOperation.START_PAYMENT,
        payment__order=None,
        state__in=[CallState.SUCCEEDED, CallState.NEEDS_BUYER],
        created_at__lte=now - UNORDERED_VOID_DELAY,
    ).order_by("created_at", "pk")


def _is_packed(order: Order) -> bool:
    """Return whether all lines of active parts are packed and weighed, so that the amount due is final."""
    active_parts = OrderPart.objects.filter(order=order).active()
    return not any(read_unpacked_quantities(order.lines.filter(part__in=active_parts)).values())


def _read_unanswered_capture_amount(payment: Payment) -> int:
    """Return the amount of unanswered captures. It counts as neither authorised nor captured."""
    captures = GatewayCall.objects.filter(payment=payment, operation=GatewayOperation.CAPTURE).unanswered()
    return sum(captures.values_list("amount", flat=True))


def _capture_and_void_calls(payment: Payment) -> QuerySet[GatewayCall]:
    """Return the requested captures and voids. Only staff repeat a refused one."""
    requests = GatewayCall.objects.filter(payment=payment, operation__in=_CAPTURE_OR_VOID)
    return requests.exclude(code=SUPERSEDED)


def _supersede_excess_captures(order: Order, payment: Payment, *, now: datetime.datetime) -> None:
    """Mark unsent captures of more than is still due as failed and superseded."""
    unsent_captures = _capture_and_void_calls(payment).filter(
        state=CallState.INTENDED, tries=0, operation=GatewayOperation.CAPTURE
    )
    for gateway_call in unsent_captures.filter(amount__gt=order.amount_due):
        change_state(gateway_call, CallState.FAILED, CALL_TRANSITIONS)
        gateway_call.code, gateway_call.answered_at, gateway_call.next_check_at = SUPERSEDED, now, None
        gateway_call.save(update_fields=["code", "answered_at", "next_check_at"])


def _is_obsolete(order: Order, start_call: GatewayCall) -> bool:
    """Return whether the started payment is obsolete.

    Its order has ended, is paid, or has another amount due.
    """
    if order.cancelled_at or order.expired_at or not order.amount_due:
        return True
    is_authorisation_only = start_call.request_parameters.get("is_authorisation_only")
    return not is_authorisation_only and start_call.amount != order.amount_due
