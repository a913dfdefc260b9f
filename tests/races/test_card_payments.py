"""Races of card payments, webhooks, look-ups, captures and refunds."""

from __future__ import annotations

import json
import threading
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from orders import locks
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.gateway.send_gateway_calls import look_up_call, record_gateway_result, send_call
from orders.actions.gateway.stripe_webhooks import handle_stripe_event, store_stripe_event
from orders.actions.payments import confirm_order
from orders.actions.payments.confirm_order import OrderNotAwaitingPayment
from orders.actions.payments.order_payments import PaymentInProgress, change_payment_method
from orders.actions.payouts.refund_execution import NotRefundable, request_refund
from orders.models import (
    BankTransfer,
    CostBearer,
    GatewayCall,
    GatewayOperation,
    Order,
    Payment,
    PaymentEvent,
    PaymentMethod,
    Refund,
    WebhookEvent,
)
from orders.payments.gateway import GatewayOutcome, GatewayResult
from orders.payments.stripe_events import read_event
from orders.states import CallState, TransferState
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import NOW, make_bank_account, make_variant_sold_by_weight
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.orders.gateway.card_order_helpers import (
    get_call,
    make_card_order,
    make_paid_card_order,
    make_started_card_order,
    send_order_call,
    stripe,
)
from tests.races.parallel import run_in_threads

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db(transaction=True)
SOMEBODY = Actor.system("test")


def paid_at_stripe(stripe) -> Order:
    """Return an order whose buyer has paid at Stripe; the shop does not know of it yet."""
    make_bank_account()
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    return order


def looking_up(order: Order):
    return partial(look_up_call, call_id=get_call(order).pk, now=NOW)


def transferring(order: Order):
    return partial(receive_transfer, order.code, 120_000, now=NOW)


def handling_webhook(stripe, order: Order):
    """Return a callable that stores and handles Stripe's webhook about the payment."""
    reference = get_call(order).reference
    (event,) = [
        event
        for event in stripe.webhooks.waiting
        if event["type"] == "payment_intent.succeeded" and event["data"]["object"]["id"] == reference
    ]
    body = json.dumps(event).encode()

    def handle():
        stored = store_stripe_event(event=read_event(body), body=body, now=timezone.now())
        handle_stripe_event(event_id=stored.pk, now=NOW)

    return handle


def test_simultaneous_card_payment_and_transfer_confirm_order_once(stripe) -> None:
    orders = [paid_at_stripe(stripe) for _ in range(5)]

    results = run_in_threads(
        [work for order in orders for work in (handling_webhook(stripe, order), transferring(order))]
    )

    assert [result for result in results if isinstance(result, Exception)] == []
    for order in orders:
        order.refresh_from_db()
        transfer = BankTransfer.objects.get(note=order.code)
        expected_total = 240_000 if transfer.state == TransferState.ASSIGNED else 120_000
        assert transfer.state in (TransferState.ASSIGNED, TransferState.REVIEW)
        assert order.charged == expected_total
        assert Change.objects.filter(action="order.confirmed", root_key=str(order.pk)).count() == 1
    check_everything()


def test_without_lock_order_paid_twice_is_confirmed_twice(stripe, monkeypatch) -> None:
    make_bank_account()
    order = paid_at_stripe(stripe)
    change_payment_method(order_id=order.pk, method=PaymentMethod.TRANSFER, actor=SOMEBODY, now=NOW)
    GatewayCall.objects.filter(operation=GatewayOperation.VOID).delete()
    start = get_call(order)
    both_read = threading.Barrier(2, timeout=20)

    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            read_rows = list(rows.order_by("pk"))
            if read_rows and isinstance(read_rows[0], Order):
                both_read.wait()
            return read_rows

        monkeypatch.setattr(locks, "lock_rows", read_without_lock)
        monkeypatch.setattr(locks, "lock_row", lambda rows: next(iter(read_without_lock(rows)), None))
    else:
        # As each transaction read it before BEGIN.
        monkeypatch.setattr(confirm_order, "is_awaiting_confirmation", lambda _order: True)
    paid = GatewayResult(GatewayOutcome.SUCCEEDED, reference=start.reference, charged=120_000)

    results = run_in_threads(
        [partial(record_gateway_result, call_id=start.pk, result=paid, now=NOW), transferring(order)]
    )

    assert [result for result in results if isinstance(result, Exception)] == []
    assert Change.objects.filter(action="order.confirmed", root_key=str(order.pk)).count() > 1


def test_parallel_webhooks_and_look_ups_count_payment_once(stripe) -> None:
    order = paid_at_stripe(stripe)

    results = run_in_threads([looking_up(order), handling_webhook(stripe, order)] * 6)

    assert [result for result in results if isinstance(result, Exception)] == []
    order.refresh_from_db()
    assert (order.charged, get_call(order).state) == (120_000, CallState.SUCCEEDED)
    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    assert WebhookEvent.objects.count() == 1
    assert Change.objects.filter(action__in=["payment.received", "order.confirmed"]).count() == 2
    check_everything()


def test_parallel_workers_send_call_once(stripe) -> None:
    order = make_card_order()

    results = run_in_threads([partial(send_call, call_id=get_call(order).pk, now=NOW)] * 8)

    assert len([result for result in results if result is not None]) == 1
    assert stripe.calls == ["payment_intents.create"]


def test_paying_while_changing_payment_method_charges_once(stripe) -> None:
    orders = [paid_at_stripe(stripe) for _ in range(5)]

    results = run_in_threads(
        [
            work
            for order in orders
            for work in (
                looking_up(order),
                partial(
                    change_payment_method,
                    order_id=order.pk,
                    method=PaymentMethod.COD,
                    actor=SOMEBODY,
                    now=NOW,
                ),
            )
        ]
    )

    for n, order in enumerate(orders):
        changed = results[2 * n + 1]
        assert isinstance(changed, Payment | OrderNotAwaitingPayment | PaymentInProgress), changed
        order.refresh_from_db()
        assert (order.charged, order.amount_due, order.confirmed_at) == (120_000, 0, NOW)
    check_everything()


def test_packing_while_cancelling_releases_hold_without_charge(stripe) -> None:
    orders = [make_paid_card_order(stripe, (make_variant_sold_by_weight(), 2)) for _ in range(4)]
    calls = []
    for order in orders:
        part = order.parts.get()
        accept_part(part_id=part.pk, actor=SOMEBODY, now=NOW)
        line = part.lines.get()
        weigh_line(part_id=part.pk, line_id=line.pk, grams=4_000, actor=SOMEBODY, now=NOW)
        calls += [
            partial(pack_parcel, part_id=part.pk, quantities={line.pk: 2}, actor=SOMEBODY, now=NOW),
            partial(cancel_order, order_id=order.pk, reason="hết hàng", actor=SOMEBODY, now=NOW),
        ]

    run_in_threads(calls)

    for order in orders:
        calls = GatewayCall.objects.filter(payment__order=order, operation__in=["capture", "void"])
        assert list(calls.exclude(state=CallState.FAILED).values_list("operation", flat=True)) == ["void"]
        send_order_call(order, GatewayOperation.VOID)
        order.refresh_from_db()
        assert order.charged == 0
    check_everything()


def test_parallel_refunds_cannot_exceed_payment(stripe) -> None:
    order = make_paid_card_order(stripe)

    def request_refund_of_order():
        with transaction.atomic():
            locked = locks.lock_order(order.pk)
            refund = Refund.objects.create(
                order=locked,
                amount=50_000,
                surplus=50_000,
                currency="VND",
                bearer=CostBearer.PLATFORM,
                decided_at=NOW,
            )
            return request_refund(refund, locked.payments.get(), 50_000, actor=SOMEBODY, now=NOW)

    results = run_in_threads([request_refund_of_order] * 6)

    refusals = [result for result in results if isinstance(result, NotRefundable)]
    assert (len(refusals), GatewayCall.objects.filter(operation=GatewayOperation.REFUND).count()) == (4, 2)
    assert Refund.objects.count() == 2
