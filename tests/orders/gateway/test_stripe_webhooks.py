"""Stripe webhooks: forged, repeated, reordered, late, or ahead of our own answer."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.weigh_lines import answer_weight_question
from orders.actions.gateway.stripe_webhooks import handle_stripe_event, handle_stripe_events_task
from orders.actions.payments.order_payments import change_payment_method, load_transfer_instructions
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund
from orders.models import (
    CostBearer,
    Dispute,
    EventKind,
    GatewayCall,
    GatewayOperation,
    LedgerEntry,
    Order,
    PaymentEvent,
    PaymentMethod,
    WebhookEvent,
    WeightQuestion,
)
from orders.payments.transfer_instructions import externally_refunded_amount
from orders.states import CallState, Coverage, DisputeState, OrderStatus
from orders.views.payment_page import build_payment_display
from shop.core.actors import Actor
from shop.core.models import Change, ShopSettings
from shop.notifications.models import Notification
from tests.doubles.stripe import Fault, payments
from tests.factories import NOW, make_bank_account
from tests.invariants import check_everything
from tests.markup import html_of
from tests.orders.gateway.card_order_helpers import (
    DECLINED_CARD,
    POOR_CARD,
    SCA_CARD,
    get_call,
    get_payment_events,
    get_payment_sums,
    look_up_order_call,
    make_card_order,
    make_paid_card_order,
    make_started_card_order,
    send_order_call,
    stripe,
)
from tests.orders.gateway_requests.test_card_capture import accept, authorised_order, pack, weigh
from tests.orders.gateway_requests.test_intended_calls import request_refund_of_order
from tests.refusals import all_rows

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
ADDRESS = "/webhooks/stripe/"


@pytest.fixture(autouse=True)
def _jobs(eager_jobs: None) -> None:
    """Process webhooks immediately."""


@pytest.fixture
def send(stripe, django_capture_on_commit_callbacks):
    """Deliver one Stripe event and run the tasks it queues."""

    def deliver(event, *, at=None, secret=None, body=None):
        raw, signature = stripe.webhooks.signed(event, at=at, secret=secret)
        with django_capture_on_commit_callbacks(execute=True):
            response = Client().post(
                ADDRESS,
                body or raw,
                content_type="application/json",
                headers={"Stripe-Signature": signature},
            )
        return response.status_code

    return deliver


def take_events(stripe, *kinds: str) -> list[dict[str, Any]]:
    """Take the undelivered events (of these types) off the queue."""
    chosen_events = [event for event in stripe.webhooks.waiting if not kinds or event["type"] in kinds]
    stripe.webhooks.drop(*(kinds or ()))
    return chosen_events


def test_webhook_confirms_paid_order(stripe, send) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)

    assert [send(event) for event in take_events(stripe)] == [200, 200, 200]

    order.refresh_from_db()
    assert order.confirmed_at is not None
    assert order.charged == 120_000
    assert get_call(order).state == CallState.SUCCEEDED
    assert not WebhookEvent.objects.filter(handled_at=None).exists()
    check_everything()


def test_forged_webhook_is_refused_and_changes_nothing(stripe, send) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    (event,) = take_events(stripe, "payment_intent.succeeded")
    before = all_rows()

    assert send(event, secret="whsec_of_somebody_else") == 400
    assert send(event, body=b'{"id": "evt_1"}') == 400
    assert Client().post(ADDRESS, b"{}", content_type="application/json").status_code == 400
    assert Client().get(ADDRESS).status_code == 405

    assert all_rows() == before


def test_replayed_old_webhook_is_refused(stripe, send) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    (event,) = take_events(stripe, "payment_intent.succeeded")

    assert send(event, at=int(timezone.now().timestamp()) - 301) == 400

    assert WebhookEvent.objects.count() == 0


def test_webhook_address_is_not_found_without_stripe(stripe, send, settings) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    (event,) = take_events(stripe, "payment_intent.succeeded")
    settings.STRIPE_WEBHOOK_SECRET = ""

    assert send(event) == 404


def test_oversized_body_is_refused(stripe) -> None:
    response = Client().post(ADDRESS, b"x" * 1_000_001, content_type="application/json")

    assert response.status_code == 413


def test_repeated_webhook_acts_once(stripe, send) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    (event,) = take_events(stripe, "payment_intent.succeeded")
    send(event)
    before = all_rows()

    assert [send(event), send(event)] == [200, 200]

    assert all_rows() == before


def test_webhook_before_our_own_answer_is_matched(stripe, send) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", Fault.CUT_AFTER)
    send_order_call(order)
    (intent,) = stripe.account.list_objects("payment_intent")
    stripe.buyer_pays(intent["id"])
    assert (get_call(order).state, get_call(order).reference) == (CallState.UNKNOWN, "")

    assert [send(event) for event in take_events(stripe, "payment_intent.succeeded")] == [200]

    order.refresh_from_db()
    assert (get_call(order).state, get_call(order).reference) == (CallState.SUCCEEDED, intent["id"])
    assert order.charged == 120_000
    check_everything()


def test_webhooks_in_any_order_lead_to_same_result(stripe, send) -> None:
    for seed in range(4):
        order = make_started_card_order()
        reference = get_call(order).reference
        stripe.buyer_pays(reference, DECLINED_CARD)
        stripe.buyer_pays(reference, POOR_CARD)
        stripe.buyer_pays(reference, SCA_CARD)
        stripe.bank_answers(reference, is_approved=True)
        all_events = take_events(stripe)
        random.Random(seed).shuffle(all_events)

        assert {send(event) for event in all_events + all_events[:3]} == {200}

        order.refresh_from_db()
        assert (order.charged, order.charge_coverage) == (120_000, Coverage.FULL)
        assert (get_payment_sums(order).charge_pending, get_payment_sums(order).authorised) == (0, 0)
        kinds = [kind for kind, _amount in get_payment_events(order)]
        assert (kinds.count("charge_success"), kinds.count("charge_failure")) == (1, 2)
    check_everything()


def test_declined_card_is_recorded_with_reason(stripe, send) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference, POOR_CARD)

    for event in take_events(stripe, "payment_intent.payment_failed"):
        send(event)

    failure = PaymentEvent.objects.get(kind=EventKind.CHARGE_FAILURE)
    assert (failure.amount, failure.message) == (120_000, "Thẻ không đủ tiền.")
    assert get_payment_sums(order).charge_pending == 120_000
    change = Change.objects.get(action="payment.declined")
    assert change.data == {"amount": 120_000, "code": "insufficient_funds"}
    check_everything()


def test_late_payment_of_cancelled_order_is_refunded(stripe, send) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    cancel_order(order_id=order.pk, reason="Thôi", actor=Actor.guest(), now=NOW)

    for event in take_events(stripe):
        send(event)

    order.refresh_from_db()
    assert (order.status, order.charged, order.charge_coverage) == (
        OrderStatus.CANCELLED,
        0,
        Coverage.FULL,
    )
    assert [row["amount"] for row in stripe.account.list_objects("refund")] == [120_000]
    check_everything()


def test_webhook_about_foreign_object_is_ignored(stripe, send) -> None:
    make_started_card_order()
    with stripe.account.lock:
        foreign = stripe.account.add(
            "payment_intent", amount=5_000, metadata={"key": "of another system"}, currency="vnd"
        )
        stripe.account.emit("payment_intent.succeeded", foreign)
        stripe.account.emit("customer.created", stripe.account.add("refund", amount=1))
    before = PaymentEvent.objects.count()

    assert {send(event) for event in take_events(stripe)} == {200}

    assert PaymentEvent.objects.count() == before
    assert not WebhookEvent.objects.filter(handled_at=None).exists()


def test_sweep_handles_webhook_whose_task_was_lost(stripe, send, monkeypatch) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    (event,) = take_events(stripe, "payment_intent.succeeded")
    body, _signature = stripe.webhooks.signed(event)
    stored = WebhookEvent.objects.create(
        provider="stripe", event_id=event["id"], kind=event["type"], body=body.decode(), received_at=NOW
    )

    handle_stripe_events_task()

    stored.refresh_from_db()
    order.refresh_from_db()
    assert stored.handled_at is not None
    assert order.charged == 120_000


def test_webhook_is_handled_and_look_up_scheduled_when_stripe_fails(stripe, send) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    stripe.faults.plan("payment_intents.retrieve", Fault.CUT_BEFORE)

    for event in take_events(stripe, "payment_intent.succeeded"):
        send(event)

    order.refresh_from_db()
    assert (order.charged, get_call(order).state) == (0, CallState.NEEDS_BUYER)
    assert get_call(order).next_check_at is not None
    look_up_order_call(order)
    order.refresh_from_db()
    assert order.charged == 120_000


def test_dispute_is_recorded_and_withdraws_payment(stripe, send) -> None:
    order = make_paid_card_order(stripe)
    take_events(stripe)
    dispute = stripe.open_dispute(get_call(order).reference)

    for event in take_events(stripe):
        send(event)

    order.refresh_from_db()
    assert (order.charged, order.charge_coverage) == (0, Coverage.NONE)
    row = Dispute.objects.get()
    assert (row.reference, row.reason, row.amount) == (dispute["id"], "fraudulent", 120_000)
    assert (row.state, row.evidence_by) == (
        DisputeState.TO_ANSWER,
        row.received_at + datetime.timedelta(days=7),
    )
    assert Dispute.objects.all().charged_back_amounts() == {"VND": 120_000}
    back = PaymentEvent.objects.get(kind=EventKind.CHARGE_BACK)
    assert (back.amount, back.reference, back.message) == (120_000, dispute["id"], "fraudulent")
    assert LedgerEntry.objects.filter(account="gateway").balance() == 0
    assert Change.objects.filter(action="payment.disputed", root_key=str(order.pk)).exists()
    check_everything()


@pytest.mark.parametrize("backwards", [False, True])
def test_won_dispute_restores_payment(stripe, send, backwards) -> None:
    order = make_paid_card_order(stripe)
    take_events(stripe)
    dispute = stripe.open_dispute(get_call(order).reference)
    stripe.close_dispute(dispute["id"], "won")
    all_events = take_events(stripe)

    for event in reversed(all_events) if backwards else all_events:
        send(event)

    order.refresh_from_db()
    assert (order.charged, order.charge_coverage, get_payment_sums(order).refunded) == (
        120_000,
        Coverage.FULL,
        0,
    )
    assert LedgerEntry.objects.filter(account="gateway").balance() == 120_000
    assert (Dispute.objects.get().state, Dispute.objects.all().charged_back_amounts()) == (
        DisputeState.WON,
        {},
    )
    check_everything()


def test_lost_partial_dispute_keeps_its_amount_withdrawn(stripe, send) -> None:
    order = make_paid_card_order(stripe)
    dispute = stripe.open_dispute(get_call(order).reference, amount=50_000)
    stripe.close_dispute(dispute["id"], "lost")

    for event in take_events(stripe):
        send(event)

    order.refresh_from_db()
    assert order.charged == 70_000
    assert (Dispute.objects.get().state, Dispute.objects.all().charged_back_amounts()) == (
        DisputeState.LOST,
        {"VND": 50_000},
    )
    assert Change.objects.filter(action="payment.dispute_lost", root_key=str(order.pk)).count() == 1


def test_failed_refund_returns_money_to_payment(stripe, send) -> None:
    order = make_paid_card_order(stripe)
    request_refund_of_order(order, 20_000)
    send_order_call(order, GatewayOperation.REFUND)
    stripe.settle_refund(get_call(order, GatewayOperation.REFUND).reference, "failed")

    all_events = take_events(stripe)
    for event in [*reversed(all_events), *all_events]:
        send(event)

    order.refresh_from_db()
    assert get_call(order, GatewayOperation.REFUND).state == CallState.SUCCEEDED
    assert (order.charged, get_payment_sums(order).refunded, get_payment_sums(order).refund_pending) == (
        120_000,
        0,
        0,
    )
    reverse = PaymentEvent.objects.get(kind=EventKind.REFUND_REVERSE)
    assert (reverse.amount, reverse.refund) == (20_000, get_call(order, GatewayOperation.REFUND).refund)
    check_everything()


def test_refund_reported_before_our_own_answer_counts_once(stripe, send) -> None:
    order = make_paid_card_order(stripe)
    take_events(stripe)
    request_refund_of_order(order, 20_000)
    stripe.faults.plan("refunds.create", Fault.CUT_AFTER)
    send_order_call(order, GatewayOperation.REFUND)

    for event in take_events(stripe):
        send(event)
    look_up_order_call(order, GatewayOperation.REFUND)

    order.refresh_from_db()
    assert (order.charged, get_payment_sums(order).refunded) == (100_000, 20_000)
    assert PaymentEvent.objects.filter(kind=EventKind.REFUND_SUCCESS).count() == 1
    check_everything()


@pytest.mark.parametrize("seed", range(3))
def test_refund_made_in_stripe_dashboard_is_recorded(stripe, send, seed) -> None:
    order = make_paid_card_order(stripe)
    take_events(stripe)
    with stripe.account.lock:
        successful = payments.refund(
            stripe.account, {"payment_intent": get_call(order).reference, "amount": 30_000}
        )
        stripe.account.emit("refund.updated", successful)
        failing = payments.refund(
            stripe.account, {"payment_intent": get_call(order).reference, "amount": 10_000}
        )
        payments.settle_refund(stripe.account, failing["id"], "failed")
    all_events = take_events(stripe)
    random.Random(seed).shuffle(all_events)

    for event in all_events * 2:
        send(event)

    order.refresh_from_db()
    assert (order.charged, get_payment_sums(order).refunded) == (90_000, 30_000)
    check_everything()


def test_refund_made_in_stripe_dashboard_is_not_requested_from_buyer(stripe, send, client) -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"operator_email": "san@example.com"})
    order = make_paid_card_order(stripe)
    with stripe.account.lock:
        refund_request = {"payment_intent": get_call(order).reference, "amount": 30_000}
        stripe.account.emit("refund.updated", payments.refund(stripe.account, refund_request))
    for event in take_events(stripe):
        send(event)

    page = html_of(client.get(f"/en/don-hang/{order.pk}/"))
    order.refresh_from_db()

    assert (order.charged, order.current_total_gross) == (90_000, 120_000)
    assert "Refunded to you: 30,000\xa0₫" in page
    assert build_payment_display(order, now=NOW) is None
    notification = Notification.objects.get(recipient="san@example.com", subject__contains="Stripe")
    assert order.code in notification.subject
    assert "30.000" in notification.text

    line = order.lines.get()
    refund = decide_refund(
        order_id=order.pk,
        part_id=line.part_id,
        decision=RefundDecision(CostBearer.PLATFORM, "Hàng dập", {line.pk: LineRefund(amount=30_000)}),
        actor=Actor.system("desk"),
        now=NOW,
    )

    order.refresh_from_db()
    assert (refund.repayment, order.charged, order.current_total_gross) == (0, 90_000, 90_000)
    assert client.get(f"/en/don-hang/{order.pk}/").status_code == 200
    check_everything()


def order_refunded_in_dashboard(stripe, send) -> Order:
    """Return an order 3,600 above its captured authorisation, with 30,000 refunded in Stripe's dashboard."""
    make_bank_account()
    order = authorised_order(stripe)
    part = accept(order)
    weigh(part, 6_000)
    answer_weight_question(
        question_id=WeightQuestion.objects.get().pk, is_agreed=True, actor=Actor.guest(), now=NOW
    )
    pack(part)
    send_order_call(order, GatewayOperation.CAPTURE)
    with stripe.account.lock:
        refund_request = {"payment_intent": get_call(order).reference, "amount": 30_000}
        stripe.account.emit("refund.updated", payments.refund(stripe.account, refund_request))
    for event in take_events(stripe):
        send(event)
    return order


def test_transfer_request_excludes_refund_made_in_stripe_dashboard(stripe, send) -> None:
    order = order_refunded_in_dashboard(stripe, send)

    change_payment_method(order_id=order.pk, method=PaymentMethod.TRANSFER, actor=Actor.guest(), now=NOW)
    payment_display = build_payment_display(Order.objects.get(pk=order.pk), now=NOW)

    order.refresh_from_db()
    assert (order.charged, order.amount_due) == (86_400, 33_600)
    assert (payment_display.due, payment_display.transfer.amount) == (3_600, 3_600)
    assert load_transfer_instructions(order).amount == 3_600  # as in letters


def test_decision_about_dashboard_refund_does_not_hide_amount_due(stripe, send) -> None:
    order = order_refunded_in_dashboard(stripe, send)
    line = order.lines.get()
    refund = decide_refund(
        order_id=order.pk,
        part_id=line.part_id,
        decision=RefundDecision(CostBearer.PLATFORM, "Hàng dập", {line.pk: LineRefund(amount=30_000)}),
        actor=Actor.system("desk"),
        now=NOW,
    )

    change_payment_method(order_id=order.pk, method=PaymentMethod.TRANSFER, actor=Actor.guest(), now=NOW)
    order.refresh_from_db()
    payment_display = build_payment_display(order, now=NOW)

    assert (refund.repayment, order.amount_due, externally_refunded_amount(order)) == (0, 3_600, 0)
    assert (payment_display.due, payment_display.transfer.amount) == (3_600, 3_600)


def test_handling_webhook_twice_records_one_charge(stripe) -> None:
    order = make_started_card_order()
    stripe.buyer_pays(get_call(order).reference)
    (event,) = take_events(stripe, "payment_intent.succeeded")
    body, _signature = stripe.webhooks.signed(event)
    stored = WebhookEvent.objects.create(
        provider="stripe", event_id=event["id"], kind=event["type"], body=body.decode(), received_at=NOW
    )
    handle_stripe_event(event_id=stored.pk, now=NOW)
    WebhookEvent.objects.update(handled_at=None)

    handle_stripe_event(event_id=stored.pk, now=NOW + datetime.timedelta(minutes=1))

    assert PaymentEvent.objects.filter(kind=EventKind.CHARGE_SUCCESS).count() == 1
    assert GatewayCall.objects.count() == 1
