"""Send the requested calls to the gateway, record their results, and look up unknown outcomes.

Each call takes three steps: claim the call (one transaction), call the gateway (no transaction), record the
result (another transaction). A crash in between loses nothing. The row shows the request, the sweep looks the
call up, and a call without a trace is sent again under the same idempotency key. A result older than the
recorded final one is ignored.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from orders import locks
from orders.actions.gateway.card_payment_results import record_card_payment_result
from orders.actions.gateway.transfer_reversals import (
    find_cooperatives_in_debt,
    record_payout_result,
    reverse_payouts_for_debt,
)
from orders.actions.gateway_requests.card_capture import authorisations_to_capture, unused_authorisations
from orders.actions.gateway_requests.intended_calls import SEND_CALL, request_void
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.payouts.refund_execution import record_refund_result
from orders.models import GatewayCall, GatewayOperation
from orders.payments.gateway import GatewayRequest, GatewayResult
from orders.payments.stripe_gateway import stripe_gateway
from orders.states import CALL_TRANSITIONS, OUTCOME_UNKNOWN_STATES, CallState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.jobs.sweeps import delay_before_retry, run_each, run_one
from shop.core.states import change_state

_BATCH_SIZE = 100
_FIRST_PAUSE, _MAX_PAUSE = datetime.timedelta(minutes=2), datetime.timedelta(hours=6)
_ENDED = frozenset({CallState.SUCCEEDED, CallState.FAILED})


@dataclass(frozen=True, slots=True)
class CallResult:
    """A call after its update and the gateway's answer, which may hold a secret that is stored nowhere."""

    gateway_call: GatewayCall
    gateway_result: GatewayResult


def send_call(*, call_id: uuid.UUID, now: datetime.datetime) -> CallResult | None:
    """Send a requested call. Returns None if another worker sends it, or without a configured gateway.

    Raises Missing.
    """
    gateway = stripe_gateway()
    claimed = _claim_for_sending(call_id=call_id, now=now) if gateway else None
    if gateway is None or claimed is None:
        return None
    operation, gateway_request = claimed
    operations: dict[GatewayOperation, Callable[[GatewayRequest], GatewayResult]] = {
        GatewayOperation.START_PAYMENT: gateway.start,
        GatewayOperation.CAPTURE: gateway.capture,
        GatewayOperation.VOID: gateway.void,
        GatewayOperation.REFUND: gateway.refund,
        GatewayOperation.PAY_OUT: gateway.pay_out,
        GatewayOperation.REVERSE_TRANSFER: gateway.reverse_transfer,
    }
    result = operations[operation](gateway_request)
    return CallResult(record_gateway_result(call_id=call_id, result=result, now=now), result)


def look_up_call(*, call_id: uuid.UUID, reference: str = "", now: datetime.datetime) -> CallResult | None:
    """Ask the gateway for the outcome of a call in any state, and record it.

    `reference` is the gateway's id of a payment, if a webhook reports it before our own call returns.
    Returns None without a configured gateway. Raises Missing.
    """
    gateway = stripe_gateway()
    if gateway is None:
        return None
    operation, gateway_request, has_ended = _claim_for_look_up(call_id=call_id, now=now)
    gateway_request = replace(gateway_request, reference=gateway_request.reference or reference)
    result = gateway.look_up(operation, gateway_request, has_ended=has_ended, now=now)
    return CallResult(record_gateway_result(call_id=call_id, result=result, now=now), result)


def build_gateway_request(gateway_call: GatewayCall) -> GatewayRequest:
    """Return the request of a call, equal on each try. A START also carries the reference it created."""
    parameters = dict(gateway_call.request_parameters)
    if gateway_call.operation == GatewayOperation.START_PAYMENT:
        parameters["reference"] = gateway_call.reference
    return GatewayRequest(
        idempotency_key=gateway_call.idempotency_key,
        amount=gateway_call.amount,
        currency=gateway_call.currency,
        created_at=gateway_call.created_at,
        **parameters,
    )


@transaction.atomic(durable=True)
def _claim_for_sending(
    *, call_id: uuid.UUID, now: datetime.datetime
) -> tuple[GatewayOperation, GatewayRequest] | None:
    """Claim a call for sending.

    Only the first caller gets the call. Later callers must look up its result.
    """
    _order, gateway_call = locks.lock_gateway_call(call_id)
    if gateway_call.state != CallState.INTENDED or gateway_call.tries:
        return None
    return _count_try(gateway_call, now=now)


@transaction.atomic(durable=True)
def _claim_for_look_up(
    *, call_id: uuid.UUID, now: datetime.datetime
) -> tuple[GatewayOperation, GatewayRequest, bool]:
    """Claim a call for a look-up, and return whether it has ended. A START never counts as ended."""
    _order, gateway_call = locks.lock_gateway_call(call_id)
    has_ended = gateway_call.state in _ENDED and gateway_call.operation != GatewayOperation.START_PAYMENT
    return *_count_try(gateway_call, now=now), has_ended


def _count_try(
    gateway_call: GatewayCall, *, now: datetime.datetime
) -> tuple[GatewayOperation, GatewayRequest]:
    gateway_call.tries += 1
    if gateway_call.next_check_at is not None:
        gateway_call.next_check_at = now + look_up_delay(gateway_call.tries)
    gateway_call.save(update_fields=["tries", "next_check_at"])
    return GatewayOperation(gateway_call.operation), build_gateway_request(gateway_call)


@transaction.atomic(durable=True)
def record_gateway_result(
    *, call_id: uuid.UUID, result: GatewayResult, now: datetime.datetime
) -> GatewayCall:
    """Record the outcome of a call. Repeated or outdated results change nothing. Raises Missing."""
    order, gateway_call = locks.lock_gateway_call(call_id)
    has_changed = _write_outcome(gateway_call, result, now=now)
    match GatewayOperation(gateway_call.operation):
        case GatewayOperation.START_PAYMENT | GatewayOperation.CAPTURE | GatewayOperation.VOID:
            record_card_payment_result(order, gateway_call, result, now=now)
        case GatewayOperation.REFUND:
            record_refund_result(order, gateway_call, now=now)
        case GatewayOperation.PAY_OUT | GatewayOperation.REVERSE_TRANSFER:
            record_payout_result(gateway_call, has_changed=has_changed, now=now)
    return gateway_call


def look_up_delay(tries: int) -> datetime.timedelta:
    """Return the time to wait before the next look-up. It grows with each try."""
    return delay_before_retry(tries, first=_FIRST_PAUSE, longest=_MAX_PAUSE)


def _write_outcome(gateway_call: GatewayCall, result: GatewayResult, *, now: datetime.datetime) -> bool:
    """Store the outcome on the call, and return whether its state changed."""
    state = CallState(result.outcome.value)
    has_changed = state in CALL_TRANSITIONS[gateway_call.state]
    if has_changed:
        change_state(gateway_call, state, CALL_TRANSITIONS)
        gateway_call.answered_at = None if state in OUTCOME_UNKNOWN_STATES else now
    if gateway_call.state != state:  # the result is older than the state known
        return False
    if result.reference and (not gateway_call.reference or state == CallState.SUCCEEDED):
        gateway_call.reference = result.reference
    gateway_call.url = result.url
    gateway_call.code, gateway_call.message = result.code[:80], result.message[:500]
    is_open = state in OUTCOME_UNKNOWN_STATES or state == CallState.NEEDS_BUYER
    gateway_call.next_check_at = now + look_up_delay(gateway_call.tries) if is_open else None
    gateway_call.save(update_fields=["reference", "url", "code", "message", "next_check_at", "answered_at"])
    return has_changed


@transaction.atomic(durable=True)
def capture_before_expiry(*, call_id: uuid.UUID, now: datetime.datetime) -> None:
    """Capture an old authorisation before it expires, by recalculating its order. Raises Missing."""
    order, _call = locks.lock_gateway_call(call_id)
    if order is None:
        raise Missing()
    finish_order_change(order, now=now)


@transaction.atomic(durable=True)
def void_unused_authorisation(*, call_id: uuid.UUID, now: datetime.datetime) -> None:
    """Void the authorisation of a basket that was not ordered. Raises Missing."""
    order, gateway_call = locks.lock_gateway_call(call_id)
    payment = gateway_call.payment
    if order is None and payment is not None and unused_authorisations(now).filter(pk=call_id).exists():
        request_void(payment.basket, payment, actor=Actor.system("cards"), now=now)


@shared_task(name=SEND_CALL)
def send_call_task(*, call_id: str) -> None:
    send_call(call_id=uuid.UUID(call_id), now=timezone.now())


@shared_task(name="orders.look_up_gateway_call")
def look_up_call_task(*, call_id: str) -> None:
    now = timezone.now()
    run_one(
        uuid.UUID(call_id),
        lambda key: look_up_call(call_id=key, now=now),
        sweep="orders.look_up_gateway_calls",
    )


@shared_task(name="orders.look_up_gateway_calls")
def look_up_calls_task() -> None:
    """Look up calls with unknown outcomes. Each call has its own job, so a failure delays no other."""
    waiting_call_ids = GatewayCall.objects.due_for_check(timezone.now()).values_list("pk", flat=True)
    for call_id in waiting_call_ids[:_BATCH_SIZE]:
        look_up_call_task.delay(call_id=str(call_id))


@shared_task(name="orders.sweep_card_payments")
def sweep_card_payments_task() -> None:
    """Capture expiring authorisations, void those of abandoned baskets, and reverse payouts of debtors."""
    now, actor = timezone.now(), Actor.system("cards")
    run_each(
        authorisations_to_capture(now).values_list("pk", flat=True),
        lambda call_id: capture_before_expiry(call_id=call_id, now=now),
        sweep="orders.sweep_card_payments:authorised",
        max_count=_BATCH_SIZE,
    )
    run_each(
        unused_authorisations(now).values_list("pk", flat=True),
        lambda call_id: void_unused_authorisation(call_id=call_id, now=now),
        sweep="orders.sweep_card_payments:unused",
        max_count=_BATCH_SIZE,
    )
    run_each(
        find_cooperatives_in_debt(),
        lambda owing: reverse_payouts_for_debt(
            cooperative_id=owing[0], currency=owing[1], actor=actor, now=now
        ),
        sweep="orders.sweep_card_payments:owed",
    )
