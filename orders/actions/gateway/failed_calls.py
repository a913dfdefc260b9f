"""Decisions of staff about failed gateway calls, to request again, pay by bank, or dismiss."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.gateway.transfer_reversals import read_unreversed_amount
from orders.actions.gateway_requests.intended_calls import (
    read_payment_sums,
    request_capture,
    request_payout,
    request_transfer_reversal,
    request_void,
)
from orders.actions.payouts.refund_execution import request_refund
from orders.models import GatewayCall, GatewayOperation, Order, Payout, PayoutMethod, Refund
from orders.states import CallState, PayoutState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import record_change, was_done_with_key


class CallNotRepeatable(Refused):
    """The call did not fail, or is no longer needed."""

    code = "call_not_repeatable"
    default_message = _("There is nothing to retry: it has gone through or is no longer needed.")


class CallNotFailed(Refused):
    code = "call_not_failed"
    default_message = _("Only declined requests can be set aside.")


@transaction.atomic(durable=True)
def repeat_failed_call(*, call_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> GatewayCall | None:
    """Request the operation of a failed call again, as a new call. Returns None if it was done before.

    Raises Missing, AmountNotAuthorised, NotRefundable, CallNotRepeatable.
    """
    order, gateway_call = locks.lock_gateway_call(call_id)
    idempotency_key = f"ask_again:{gateway_call.pk}"
    if was_done_with_key(idempotency_key, "call.repeated", gateway_call):
        return None
    if gateway_call.state != CallState.FAILED:
        raise CallNotRepeatable()
    new_call = _repeat_payout_call(gateway_call, actor=actor, now=now) if gateway_call.payout else None
    if new_call is None and order is not None:
        new_call = _repeat_payment_call(order, gateway_call, actor=actor, now=now)
    if new_call is None:
        raise CallNotRepeatable()
    data = {"amount": new_call.amount, "operation": new_call.operation}
    record_change(
        "call.repeated",
        gateway_call,
        actor=actor,
        now=now,
        root=order or gateway_call.payout,
        data=data,
        idempotency_key=idempotency_key,
    )
    return new_call


@transaction.atomic(durable=True)
def dismiss_failed_call(
    *, call_id: uuid.UUID, reason: str, actor: Actor, now: datetime.datetime
) -> GatewayCall:
    """Mark a failed call as needing no attention. It may still be requested again. A repeat changes nothing.

    Raises Missing, CallNotFailed, ReasonRequired.
    """
    order, gateway_call = locks.lock_gateway_call(call_id)
    if gateway_call.dismissed_at is not None:
        return gateway_call
    if gateway_call.state != CallState.FAILED:
        raise CallNotFailed()
    if not reason.strip():
        raise ReasonRequired(field="reason")
    gateway_call.dismissed_at, gateway_call.dismissal_reason = now, reason.strip()[:500]
    gateway_call.save(update_fields=["dismissed_at", "dismissal_reason"])
    data = {"amount": gateway_call.amount, "operation": gateway_call.operation, "code": gateway_call.code}
    subject = order or gateway_call.payout
    record_change(
        "call.dismissed",
        gateway_call,
        actor=actor,
        now=now,
        root=subject,
        reason=gateway_call.dismissal_reason,
        data=data,
    )
    return gateway_call


@transaction.atomic(durable=True)
def pay_out_by_bank(*, payout_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Payout:
    """Pay a payout that failed at Stripe by bank transfer instead. A repeat changes nothing.

    Raises Missing, CallNotRepeatable.
    """
    payout = locks.lock_payout(payout_id)
    if payout.method == PayoutMethod.BANK:
        return payout
    sent_calls = payout.calls.filter(operation=GatewayOperation.PAY_OUT).exclude(state=CallState.FAILED)
    if payout.state != PayoutState.DUE or sent_calls.exists():
        raise CallNotRepeatable()
    payout.method = PayoutMethod.BANK
    payout.save(update_fields=["method"])
    record_change(
        "payout.changed_to_bank",
        payout,
        actor=actor,
        now=now,
        root=payout.settlement,
        data={"amount": payout.amount},
    )
    return payout


def _repeat_payout_call(
    gateway_call: GatewayCall, *, actor: Actor, now: datetime.datetime
) -> GatewayCall | None:
    payout = gateway_call.payout
    if payout is None:
        raise Missing()
    if gateway_call.operation == GatewayOperation.REVERSE_TRANSFER:
        amount = min(gateway_call.amount, read_unreversed_amount(payout))
        return request_transfer_reversal(payout, amount, actor=actor, now=now) if amount else None
    if payout.state != PayoutState.DUE or payout.method != PayoutMethod.STRIPE:
        return None
    return request_payout(payout, actor=actor, now=now)


def _repeat_payment_call(
    order: Order, gateway_call: GatewayCall, *, actor: Actor, now: datetime.datetime
) -> GatewayCall | None:
    payment = gateway_call.payment
    if payment is None:
        raise Missing()
    if gateway_call.operation == GatewayOperation.REFUND and gateway_call.refund is not None:
        unrefunded = (
            Refund.objects.filter(pk=gateway_call.refund.pk).failed_amounts().get(gateway_call.refund.pk, 0)
        )
        amount = min(gateway_call.amount, unrefunded)  # staff may have sent it by bank already
        return (
            request_refund(gateway_call.refund, payment, amount, actor=actor, now=now) if amount > 0 else None
        )
    authorised = read_payment_sums(payment).authorised
    if gateway_call.operation == GatewayOperation.CAPTURE and authorised and order.amount_due:
        return request_capture(order, payment, min(order.amount_due, authorised), actor=actor, now=now)
    if gateway_call.operation in (GatewayOperation.CAPTURE, GatewayOperation.VOID) and authorised:
        return request_void(order, payment, actor=actor, now=now)
    return None
