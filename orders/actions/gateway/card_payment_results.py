"""Record what a gateway's result says about a card payment: authorised, charged, released or failed.

Results arrive in any order and repeatedly: from the call itself, from a look-up, and after a webhook. A
payment is authorised, charged and released once each, as an event with its own key, so every order of
results leads to the same sums.
"""

from __future__ import annotations

import datetime

from orders.actions.gateway_requests.gateway_requests import read_payment_sums
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payments.order_payments import confirm_if_covered, record_received_money
from orders.models import EventKind, GatewayCall, Operation, Order, Payment
from orders.payments.gateway import GatewayResult, Outcome
from orders.states import CALL_MOVES, CallState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.states import advance

# Stripe's codes for payments that can never be paid any more.
STOPPED_CODES = frozenset({"canceled", "expired"})
_GATEWAY = Actor.system("stripe")


def record_card_payment_result(
    order: Order | None, call: GatewayCall, answer: GatewayResult, *, now: datetime.datetime
) -> None:
    """Record the payment events of a result. `order` is None while the payment is on a basket."""
    payment = call.payment
    if payment is None:
        raise Missing()
    if answer.charged:
        _record_charge(order, payment, answer, now=now)
    elif _is_stopped(call, answer):
        _record_release(order, payment, now=now)
    elif answer.authorised and not _is_being_released(payment):
        _record_authorisation(order, payment, answer, now=now)
    if call.state == CallState.FAILED:
        _record_failure(order, payment, call, now=now)
    elif call.operation == Operation.START and call.state == CallState.NEEDS_BUYER:
        _record_action_required(payment, call, now=now)
    if order is not None:
        finish_order_change(order, now=now)
        confirm_if_covered(order, actor=_GATEWAY, now=now)


def _is_stopped(call: GatewayCall, answer: GatewayResult) -> bool:
    if call.operation == Operation.CANCEL:
        return answer.outcome is Outcome.SUCCEEDED
    return answer.outcome is Outcome.FAILED and answer.code in STOPPED_CODES


def _is_being_released(payment: Payment) -> bool:
    """Whether a release is requested, so the authorisation pays for nothing; a failed release restores it."""
    ends = GatewayCall.objects.filter(payment=payment, operation=Operation.CANCEL)
    return ends.exclude(state=CallState.FAILED).exists()


def _record_charge(
    order: Order | None, payment: Payment, answer: GatewayResult, *, now: datetime.datetime
) -> None:
    """Record a charge; the rest of the authorisation is released."""
    _keep_reference(payment, answer)
    key, reference = f"payment:{payment.pk}:charged", answer.reference
    if order is not None:
        record_received_money(
            order, payment, answer.charged, key=key, reference=reference, actor=_GATEWAY, now=now
        )
    else:  # made on the gateway's dashboard: we request no charge before there is an order
        record_payment_event(
            payment,
            EventKind.CHARGE_SUCCESS,
            answer.charged,
            key=key,
            reference=reference,
            actor=_GATEWAY,
            now=now,
        )
    rest = read_payment_sums(payment).authorised
    if rest:
        key = f"payment:{payment.pk}:released"
        record_payment_event(payment, EventKind.CANCEL_SUCCESS, rest, key=key, actor=_GATEWAY, now=now)


def _record_authorisation(
    order: Order | None, payment: Payment, answer: GatewayResult, *, now: datetime.datetime
) -> None:
    _keep_reference(payment, answer)
    event = record_payment_event(
        payment,
        EventKind.AUTHORIZATION_SUCCESS,
        answer.authorised,
        key=f"payment:{payment.pk}:authorised",
        reference=answer.reference,
        actor=_GATEWAY,
        now=now,
    )
    if event is not None and order is not None:
        data = {"amount": answer.authorised, "method": payment.method}
        record_change("payment.authorised", order, actor=_GATEWAY, now=now, data=data)


def _record_release(order: Order | None, payment: Payment, *, now: datetime.datetime) -> None:
    """Record that the payment can never complete: release what is held and end what is pending."""
    sums = read_payment_sums(payment)
    key = f"payment:{payment.pk}:released"
    event = record_payment_event(
        payment, EventKind.CANCEL_SUCCESS, sums.authorised, key=key, actor=_GATEWAY, now=now
    )
    if event is None:
        return
    _end_start(payment, now=now)
    if sums.authorise_pending:
        kind, key = EventKind.AUTHORIZATION_FAILURE, f"payment:{payment.pk}:not_authorised"
        record_payment_event(payment, kind, sums.authorise_pending, key=key, actor=_GATEWAY, now=now)
    if order is not None:
        data = {"amount": sums.authorised, "method": payment.method}
        record_change("payment.released", order, actor=_GATEWAY, now=now, data=data)


def _end_start(payment: Payment, *, now: datetime.datetime) -> None:
    """End the START call of a stopped payment, so that the sweep no longer looks it up."""
    waiting = GatewayCall.objects.filter(
        payment=payment, operation=Operation.START, state=CallState.NEEDS_BUYER
    ).first()
    if waiting is not None:
        advance(waiting, CallState.FAILED, CALL_MOVES)
        waiting.code, waiting.url, waiting.answered_at, waiting.next_check_at = "canceled", "", now, None
        waiting.save(update_fields=["code", "url", "answered_at", "next_check_at"])


def _record_failure(
    order: Order | None, payment: Payment, call: GatewayCall, *, now: datetime.datetime
) -> None:
    """Record a failure: what was pending from this call is pending no longer."""
    sums = read_payment_sums(payment)
    match Operation(call.operation):
        case Operation.START if call.terms.get("hold"):
            kind, amount = EventKind.AUTHORIZATION_FAILURE, sums.authorise_pending
        case Operation.START:
            kind, amount = EventKind.CHARGE_FAILURE, sums.charge_pending
        case Operation.CAPTURE:
            kind, amount = EventKind.CHARGE_FAILURE, 0  # the authorisation stays until it is released
        case _:
            kind, amount = EventKind.CANCEL_FAILURE, call.amount
    event = record_payment_event(
        payment,
        kind,
        amount,
        key=f"call:{call.pk}:failed",
        message=call.message,
        actor=_GATEWAY,
        now=now,
    )
    if event is not None and order is not None:
        data = {"amount": call.amount, "operation": call.operation, "code": call.code}
        record_change("payment.failed", order, actor=_GATEWAY, now=now, data=data)


def _record_action_required(payment: Payment, call: GatewayCall, *, now: datetime.datetime) -> None:
    held = bool(call.terms.get("hold"))
    kind = EventKind.AUTHORIZATION_ACTION_REQUIRED if held else EventKind.CHARGE_ACTION_REQUIRED
    key = f"call:{call.pk}:waits"
    record_payment_event(
        payment, kind, call.amount, key=key, reference=call.reference, actor=_GATEWAY, now=now
    )


def _keep_reference(payment: Payment, answer: GatewayResult) -> None:
    if payment.reference != answer.reference and answer.reference:
        payment.reference = answer.reference
        payment.save(update_fields=["reference"])
