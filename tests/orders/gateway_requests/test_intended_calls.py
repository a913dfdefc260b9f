"""Refund requests to Stripe."""

from __future__ import annotations

import datetime
import uuid

import pytest
from django.db import transaction

from orders import locks
from orders.actions.gateway.send_gateway_calls import send_call_task
from orders.actions.gateway_requests.intended_calls import SEND_CALL
from orders.actions.payouts.refund_execution import NotRefundable, request_refund
from orders.models import (
    CostBearer,
    EventKind,
    GatewayCall,
    GatewayOperation,
    LedgerEntry,
    Order,
    PaymentEvent,
    Refund,
)
from orders.states import CallState, Coverage
from shop.core.actors import Actor
from tests.factories import NOW, make_order
from tests.invariants import check_everything
from tests.orders.gateway.card_order_helpers import (
    get_call,
    get_payment_sums,
    look_up_order_call,
    make_paid_card_order,
    send_order_call,
    stripe,
)
from tests.refusals import assert_refused

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
DESK = Actor.system("desk")


def surplus_refund(order: Order, amount: int) -> Refund:
    """Return a decided refund of a surplus, without lines."""
    return Refund.objects.create(
        order=order,
        amount=amount,
        surplus=amount,
        repayment=amount,
        currency=order.currency,
        bearer=CostBearer.PLATFORM,
        decided_at=NOW,
        idempotency_key=str(uuid.uuid4()),
    )


def request_refund_of_order(order: Order, amount: int, *, now: datetime.datetime = NOW) -> GatewayCall:
    with transaction.atomic():
        locked = locks.lock_order(order.pk)
        refund = surplus_refund(locked, amount)
        return request_refund(refund, locked.payments.get(), amount, actor=DESK, now=now)


def test_requested_refund_is_sent_and_recorded(stripe) -> None:
    order = make_paid_card_order(stripe)

    call = request_refund_of_order(order, 20_000)

    assert (call.state, call.amount, call.refund.amount) == (CallState.INTENDED, 20_000, 20_000)
    assert (get_payment_sums(order).charged, get_payment_sums(order).refund_pending) == (120_000, 20_000)
    assert stripe.account.list_objects("refund") == []

    send_order_call(order, GatewayOperation.REFUND)

    call.refresh_from_db()
    (stripe_refund,) = stripe.account.list_objects("refund")
    event = PaymentEvent.objects.get(kind=EventKind.REFUND_SUCCESS)
    assert (call.state, call.reference) == (CallState.SUCCEEDED, stripe_refund["id"])
    assert (stripe_refund["amount"], event.amount, event.refund, event.reference) == (
        20_000,
        20_000,
        call.refund,
        stripe_refund["id"],
    )
    order.refresh_from_db()
    assert (order.charged, get_payment_sums(order).refunded, get_payment_sums(order).refund_pending) == (
        100_000,
        20_000,
        0,
    )
    assert LedgerEntry.objects.filter(account="gateway").balance() == 100_000
    check_everything()


def test_refunds_cannot_exceed_captured_amount(stripe) -> None:
    order = make_paid_card_order(stripe)
    request_refund_of_order(order, 100_000)

    with assert_refused(NotRefundable, "not_refundable"):
        request_refund_of_order(order, 20_001)


def test_payment_of_another_method_cannot_be_refunded_by_card() -> None:
    order = make_order()

    with assert_refused(NotRefundable, "not_refundable"):
        request_refund_of_order(order, 1_000)


def test_pending_refund_counts_when_it_succeeds(stripe) -> None:
    order = make_paid_card_order(stripe)
    stripe.account.next_refund = "pending"
    request_refund_of_order(order, 20_000)

    send_order_call(order, GatewayOperation.REFUND)

    order.refresh_from_db()
    assert get_call(order, GatewayOperation.REFUND).state == CallState.PENDING
    assert (order.charged, get_payment_sums(order).refund_pending) == (120_000, 20_000)

    stripe.settle_refund(get_call(order, GatewayOperation.REFUND).reference, "succeeded")
    look_up_order_call(order, GatewayOperation.REFUND)

    order.refresh_from_db()
    assert (order.charged, get_payment_sums(order).refund_pending) == (100_000, 0)
    check_everything()


def test_failed_refund_returns_nothing_and_can_be_requested_again(stripe) -> None:
    order = make_paid_card_order(stripe)
    stripe.account.next_refund = "pending"
    request_refund_of_order(order, 20_000)
    send_order_call(order, GatewayOperation.REFUND)

    stripe.settle_refund(get_call(order, GatewayOperation.REFUND).reference, "failed")
    call = look_up_order_call(order, GatewayOperation.REFUND)

    order.refresh_from_db()
    assert (call.state, call.code) == (CallState.FAILED, "refund_failed")
    assert (order.charged, order.charge_coverage) == (120_000, Coverage.FULL)
    assert (get_payment_sums(order).refunded, get_payment_sums(order).refund_pending) == (0, 0)
    request_refund_of_order(order, 120_000)
    check_everything()


def test_make_call_task_handles_send_call_message() -> None:
    assert send_call_task.name == SEND_CALL
