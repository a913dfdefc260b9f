"""Staff decisions about gateway calls that failed: request again, pay by bank, or set aside."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.gateway.transfer_reversals import unreversed_amount
from orders.actions.gateway_requests.gateway_requests import (
    read_payment_sums,
    request_capture,
    request_payout,
    request_transfer_reversal,
    request_void,
)
from orders.actions.payouts.refund_execution import request_refund
from orders.models import GatewayCall, Operation, Order, Payout, PayoutMethod, Refund
from orders.states import CallState, PayoutState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import is_already_done, record_change


class CallNotRepeatable(Refused):
    """The call did not fail, or nothing is left of what it was about."""

    code = "not_repeatable"
    default_words = _("There is nothing to ask for again: it went through, or is not wanted any more.")


class CallNotFailed(Refused):
    code = "not_refused"
    default_words = _("Only what was refused can be set aside.")


@transaction.atomic(durable=True)
def repeat_failed_call(*, call_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> GatewayCall | None:
    """Request the operation of a failed call again, as a new call. Returns None if it was done before.

    Raises Missing, AmountNotHeld, NotRefundable, CallNotRepeatable.
    """
    order, call = locks.lock_gateway_call(call_id)
    key = f"ask_again:{call.pk}"
    if is_already_done(key, "call.asked_again", call):
        return None
    if call.state != CallState.FAILED:
        raise CallNotRepeatable()
    again = _repeat_payout_call(call, actor=actor, now=now) if call.payout else None
    if again is None and order is not None:
        again = _repeat_payment_call(order, call, actor=actor, now=now)
    if again is None:
        raise CallNotRepeatable()
    data = {"amount": again.amount, "operation": again.operation}
    record_change(
        "call.asked_again", call, actor=actor, now=now, root=order or call.payout, data=data, key=key
    )
    return again


@transaction.atomic(durable=True)
def set_call_aside(*, call_id: uuid.UUID, reason: str, actor: Actor, now: datetime.datetime) -> GatewayCall:
    """Mark a failed call as needing no attention; it may still be requested again. A repeat changes nothing.

    Raises Missing, CallNotFailed, ReasonRequired.
    """
    order, call = locks.lock_gateway_call(call_id)
    if call.set_aside_at is not None:
        return call
    if call.state != CallState.FAILED:
        raise CallNotFailed()
    if not reason.strip():
        raise ReasonRequired(field="reason")
    call.set_aside_at, call.set_aside_why = now, reason.strip()[:500]
    call.save(update_fields=["set_aside_at", "set_aside_why"])
    data = {"amount": call.amount, "operation": call.operation, "code": call.code}
    about = order or call.payout
    record_change(
        "call.set_aside", call, actor=actor, now=now, root=about, reason=call.set_aside_why, data=data
    )
    return call


@transaction.atomic(durable=True)
def pay_out_by_bank(*, payout_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Payout:
    """Pay a payout that failed at Stripe by bank transfer instead. A repeat changes nothing.

    Raises Missing, CallNotRepeatable.
    """
    payout = locks.lock_payout(payout_id)
    if payout.method == PayoutMethod.BANK:
        return payout
    sent = payout.calls.filter(operation=Operation.PAY_OUT).exclude(state=CallState.FAILED)
    if payout.state != PayoutState.DUE or sent.exists():
        raise CallNotRepeatable()
    payout.method = PayoutMethod.BANK
    payout.save(update_fields=["method"])
    record_change(
        "payout.by_bank", payout, actor=actor, now=now, root=payout.settlement, data={"amount": payout.amount}
    )
    return payout


def _repeat_payout_call(call: GatewayCall, *, actor: Actor, now: datetime.datetime) -> GatewayCall | None:
    payout = call.payout
    if payout is None:
        raise Missing()
    if call.operation == Operation.PULL_BACK:
        amount = min(call.amount, unreversed_amount(payout))
        return request_transfer_reversal(payout, amount, actor=actor, now=now) if amount else None
    if payout.state != PayoutState.DUE or payout.method != PayoutMethod.STRIPE:
        return None
    return request_payout(payout, actor=actor, now=now)


def _repeat_payment_call(
    order: Order, call: GatewayCall, *, actor: Actor, now: datetime.datetime
) -> GatewayCall | None:
    payment = call.payment
    if payment is None:
        raise Missing()
    if call.operation == Operation.REFUND and call.refund is not None:
        lacking = Refund.objects.filter(pk=call.refund.pk).lacking().get(call.refund.pk, 0)
        amount = min(call.amount, lacking)  # staff may have sent it by bank already
        return request_refund(call.refund, payment, amount, actor=actor, now=now) if amount > 0 else None
    held = read_payment_sums(payment).authorised
    if call.operation == Operation.CAPTURE and held and order.still_due:
        return request_capture(order, payment, min(order.still_due, held), actor=actor, now=now)
    if call.operation in (Operation.CAPTURE, Operation.CANCEL) and held:
        return request_void(order, payment, actor=actor, now=now)
    return None
