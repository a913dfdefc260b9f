"""Record a gateway's result: the outcome of the call and the payment events derived from it.

Results arrive in any order and repeatedly: from the call itself, from a look-up, and after a webhook. A
payment is authorised, charged and released once each, as an event with its own key, so every order of
results leads to the same sums. A result read before the call ended is ignored after it.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction

from orders import locks
from orders.actions.gateway.transfer_reversals import post_payout_reversal
from orders.actions.gateway_requests.gateway_requests import read_payment_sums
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payments.order_payments import confirm_if_covered, record_received_money
from orders.actions.payouts.payouts import complete_payout
from orders.models import EventKind, GatewayCall, Operation, Order, Payment
from orders.notices import refunds as refund_notices
from orders.payments.gateway import GatewayResult, Outcome
from orders.states import CALL_MOVES, OUTCOME_UNKNOWN_STATES, CallState, PayoutState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.jobs.sweeps import delay_before_retry
from shop.core.models import record_change
from shop.core.states import advance

_FIRST_PAUSE, _LONGEST_PAUSE = datetime.timedelta(minutes=2), datetime.timedelta(hours=6)
# Stripe's codes for payments that can never be paid any more.
STOPPED_CODES = frozenset({"canceled", "expired"})
_GATEWAY = Actor.system("stripe")


@transaction.atomic(durable=True)
def record_gateway_result(
    *, call_id: uuid.UUID, answer: GatewayResult, now: datetime.datetime
) -> GatewayCall:
    """Record the outcome of a call. Repeated or outdated results change nothing. Raises Missing."""
    order, call = locks.lock_gateway_call(call_id)
    has_changed = _write_outcome(call, answer, now=now)
    match Operation(call.operation):
        case Operation.START | Operation.CAPTURE | Operation.CANCEL:
            _record_payment_events(order, call, answer, now=now)
        case Operation.REFUND:
            _record_refund_event(order, call, now=now)
        case Operation.PAY_OUT | Operation.PULL_BACK:
            _record_payout_result(call, has_changed=has_changed, now=now)
    return call


def look_up_delay(tries: int) -> datetime.timedelta:
    """Return the time to wait before the next look-up; it grows with each try."""
    return delay_before_retry(tries, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)


def _write_outcome(call: GatewayCall, answer: GatewayResult, *, now: datetime.datetime) -> bool:
    """Store the outcome on the call; return whether its state changed."""
    state = CallState(answer.outcome.value)
    has_changed = state in CALL_MOVES[call.state]
    if has_changed:
        advance(call, state, CALL_MOVES)
        call.answered_at = None if state in OUTCOME_UNKNOWN_STATES else now
    if call.state != state:  # the result is older than the state known
        return False
    if answer.reference and (not call.reference or state == CallState.SUCCEEDED):
        call.reference = answer.reference
    call.url = answer.url
    call.code, call.message = answer.code[:80], answer.message[:500]
    is_open = state in OUTCOME_UNKNOWN_STATES or state == CallState.NEEDS_BUYER
    call.next_check_at = now + look_up_delay(call.tries) if is_open else None
    call.save(update_fields=["reference", "url", "code", "message", "next_check_at", "answered_at"])
    return has_changed


# --- Payments -----------------------------------------------------------------------------------------


def _record_payment_events(
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


# --- Refunds and payouts ------------------------------------------------------------------------------


def _record_refund_event(order: Order | None, call: GatewayCall, *, now: datetime.datetime) -> None:
    payment = call.payment
    if order is None or payment is None:
        raise Missing()
    kinds = {
        CallState.SUCCEEDED: EventKind.REFUND_SUCCESS,
        CallState.FAILED: EventKind.REFUND_FAILURE,
    }
    kind = kinds.get(CallState(call.state))
    if kind is None:
        return
    event = record_payment_event(
        payment,
        kind,
        call.amount,
        key=f"call:{call.pk}:{call.state}",
        reference=call.reference,
        message=call.message,
        refund=call.refund,
        actor=_GATEWAY,
        now=now,
    )
    if event is not None:
        action = "payment.refunded" if kind == EventKind.REFUND_SUCCESS else "payment.refund_failed"
        data = {"amount": call.amount, "method": payment.method, "code": call.code}
        record_change(action, order, actor=_GATEWAY, now=now, data=data)
        finish_order_change(order, now=now)
    if event is not None and kind == EventKind.REFUND_FAILURE and call.refund is not None:
        refund_notices.refund_failed(order, call.refund, now=now)


def _record_payout_result(call: GatewayCall, *, has_changed: bool, now: datetime.datetime) -> None:
    payout = call.payout
    if payout is None:
        raise Missing()
    if not has_changed:
        return
    if call.state == CallState.SUCCEEDED:
        if call.operation == Operation.PULL_BACK:
            post_payout_reversal(payout, call, actor=_GATEWAY, now=now)
        elif payout.state == PayoutState.DUE:
            complete_payout(payout, call.reference, actor=_GATEWAY, now=now)
    elif call.state == CallState.FAILED:
        data = {"amount": call.amount, "operation": call.operation, "code": call.code}
        record_change("payout.failed", payout, actor=_GATEWAY, now=now, data=data)
