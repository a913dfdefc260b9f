"""Record a gateway's result for a card payment: authorised, charged, voided or failed.

Results arrive in any order and repeatedly: from the call itself, from a look-up, and after a webhook. A
payment is authorised, charged and voided once each, as an event with its own key, so every order of
results leads to the same sums.
"""

from __future__ import annotations

import datetime

from orders.actions.gateway_requests.intended_calls import read_payment_sums
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payments.confirm_order import confirm_if_covered
from orders.actions.payments.order_payments import record_received_money
from orders.models import EventKind, GatewayCall, GatewayOperation, Order, Payment
from orders.payments.gateway import GatewayOutcome, GatewayResult
from orders.states import CALL_TRANSITIONS, CallState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.states import change_state

# Stripe's codes for payments that can never be paid any more.
STOPPED_CODES = frozenset({"canceled", "expired"})
_GATEWAY = Actor.system("stripe")


def record_card_payment_result(
    order: Order | None, gateway_call: GatewayCall, result: GatewayResult, *, now: datetime.datetime
) -> None:
    """Record the payment events of a result. `order` is None while the payment is on a basket.

    Raises Missing.
    """
    payment = gateway_call.payment
    if payment is None:
        raise Missing()
    if result.charged:
        _record_charge(order, payment, result, now=now)
    elif _is_stopped(gateway_call, result):
        _record_void(order, payment, now=now)
    elif result.authorised and not _is_being_voided(payment):
        _record_authorisation(order, payment, result, now=now)
    if gateway_call.state == CallState.FAILED:
        _record_failure(order, payment, gateway_call, now=now)
    elif (
        gateway_call.operation == GatewayOperation.START_PAYMENT
        and gateway_call.state == CallState.NEEDS_BUYER
    ):
        _record_action_required(payment, gateway_call, now=now)
    if order is not None:
        finish_order_change(order, now=now)
        confirm_if_covered(order, actor=_GATEWAY, now=now)


def _is_stopped(gateway_call: GatewayCall, result: GatewayResult) -> bool:
    if gateway_call.operation == GatewayOperation.VOID:
        return result.outcome is GatewayOutcome.SUCCEEDED
    return result.outcome is GatewayOutcome.FAILED and result.code in STOPPED_CODES


def _is_being_voided(payment: Payment) -> bool:
    """Return whether a void is requested. Then the authorisation pays for nothing unless the void fails."""
    void_calls = GatewayCall.objects.filter(payment=payment, operation=GatewayOperation.VOID)
    return void_calls.exclude(state=CallState.FAILED).exists()


def _record_charge(
    order: Order | None, payment: Payment, result: GatewayResult, *, now: datetime.datetime
) -> None:
    """Record a charge. The rest of the authorisation is voided."""
    _store_reference(payment, result)
    idempotency_key, reference = f"payment:{payment.pk}:charged", result.reference
    if order is not None:
        record_received_money(
            order,
            payment,
            result.charged,
            idempotency_key=idempotency_key,
            reference=reference,
            actor=_GATEWAY,
            now=now,
        )
    else:  # charged on the gateway's dashboard, because we charge nothing before there is an order
        record_payment_event(
            payment,
            EventKind.CHARGE_SUCCESS,
            result.charged,
            idempotency_key=idempotency_key,
            reference=reference,
            actor=_GATEWAY,
            now=now,
        )
    still_authorised = read_payment_sums(payment).authorised
    if still_authorised:
        idempotency_key = f"payment:{payment.pk}:voided"
        record_payment_event(
            payment,
            EventKind.CANCEL_SUCCESS,
            still_authorised,
            idempotency_key=idempotency_key,
            actor=_GATEWAY,
            now=now,
        )


def _record_authorisation(
    order: Order | None, payment: Payment, result: GatewayResult, *, now: datetime.datetime
) -> None:
    _store_reference(payment, result)
    event = record_payment_event(
        payment,
        EventKind.AUTHORIZATION_SUCCESS,
        result.authorised,
        idempotency_key=f"payment:{payment.pk}:authorised",
        reference=result.reference,
        actor=_GATEWAY,
        now=now,
    )
    if event is not None and order is not None:
        data = {"amount": result.authorised, "method": payment.method}
        record_change("payment.authorised", order, actor=_GATEWAY, now=now, data=data)


def _record_void(order: Order | None, payment: Payment, *, now: datetime.datetime) -> None:
    """Record that the payment can never complete: void its authorisation and end its pending amount."""
    payment_sums = read_payment_sums(payment)
    idempotency_key = f"payment:{payment.pk}:voided"
    event = record_payment_event(
        payment,
        EventKind.CANCEL_SUCCESS,
        payment_sums.authorised,
        idempotency_key=idempotency_key,
        actor=_GATEWAY,
        now=now,
    )
    if event is None:
        return
    _end_start(payment, now=now)
    if payment_sums.authorise_pending:
        kind, idempotency_key = EventKind.AUTHORIZATION_FAILURE, f"payment:{payment.pk}:not_authorised"
        record_payment_event(
            payment,
            kind,
            payment_sums.authorise_pending,
            idempotency_key=idempotency_key,
            actor=_GATEWAY,
            now=now,
        )
    if order is not None:
        data = {"amount": payment_sums.authorised, "method": payment.method}
        record_change("payment.voided", order, actor=_GATEWAY, now=now, data=data)


def _end_start(payment: Payment, *, now: datetime.datetime) -> None:
    """End the START call of a stopped payment, so that the sweep no longer looks it up."""
    start_call = GatewayCall.objects.filter(
        payment=payment, operation=GatewayOperation.START_PAYMENT, state=CallState.NEEDS_BUYER
    ).first()
    if start_call is not None:
        change_state(start_call, CallState.FAILED, CALL_TRANSITIONS)
        start_call.code, start_call.url, start_call.answered_at, start_call.next_check_at = (
            "canceled",
            "",
            now,
            None,
        )
        start_call.save(update_fields=["code", "url", "answered_at", "next_check_at"])


def _record_failure(
    order: Order | None, payment: Payment, gateway_call: GatewayCall, *, now: datetime.datetime
) -> None:
    """Record that a call failed. Its amount is no longer pending."""
    sums = read_payment_sums(payment)
    match GatewayOperation(gateway_call.operation):
        case GatewayOperation.START_PAYMENT if gateway_call.request_parameters.get("is_authorisation_only"):
            kind, amount = EventKind.AUTHORIZATION_FAILURE, sums.authorise_pending
        case GatewayOperation.START_PAYMENT:
            kind, amount = EventKind.CHARGE_FAILURE, sums.charge_pending
        case GatewayOperation.CAPTURE:
            kind, amount = EventKind.CHARGE_FAILURE, 0  # the authorisation stays until it is voided
        case _:
            kind, amount = EventKind.CANCEL_FAILURE, gateway_call.amount
    event = record_payment_event(
        payment,
        kind,
        amount,
        idempotency_key=f"call:{gateway_call.pk}:failed",
        message=gateway_call.message,
        actor=_GATEWAY,
        now=now,
    )
    if event is not None and order is not None:
        data = {"amount": gateway_call.amount, "operation": gateway_call.operation, "code": gateway_call.code}
        record_change("payment.failed", order, actor=_GATEWAY, now=now, data=data)


def _record_action_required(payment: Payment, gateway_call: GatewayCall, *, now: datetime.datetime) -> None:
    is_authorisation = bool(gateway_call.request_parameters.get("is_authorisation_only"))
    kind = EventKind.AUTHORIZATION_ACTION_REQUIRED if is_authorisation else EventKind.CHARGE_ACTION_REQUIRED
    idempotency_key = f"call:{gateway_call.pk}:waits"
    record_payment_event(
        payment,
        kind,
        gateway_call.amount,
        idempotency_key=idempotency_key,
        reference=gateway_call.reference,
        actor=_GATEWAY,
        now=now,
    )


def _store_reference(payment: Payment, result: GatewayResult) -> None:
    if payment.reference != result.reference and result.reference:
        payment.reference = result.reference
        payment.save(update_fields=["reference"])
