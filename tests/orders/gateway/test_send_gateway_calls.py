"""Card payments despite every fault between the shop and Stripe: buyers are charged once."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part
from orders.actions.gateway.send_gateway_calls import (
    look_up_call,
    look_up_calls_task,
    send_call,
    sweep_card_payments_task,
)
from orders.actions.payments.order_payments import (
    PaymentInProgress,
    PaymentMethodNotOffered,
    change_payment_method,
    offered_payment_methods,
)
from orders.actions.payouts.refund_execution import pay_refund_by_bank
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.placement.place_order import place_order
from orders.models import (
    GatewayCall,
    GatewayOperation,
    LedgerEntry,
    Order,
    Payment,
    PaymentMethod,
    Refund,
)
from orders.states import CallState, Coverage, OrderStatus
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.doubles.stripe import Fault
from tests.factories import (
    NOW,
    carrier_deliveries,
    get_stock,
    make_bank_account,
    make_basket,
    make_channel,
    make_contact,
    make_variant,
)
from tests.invariants import check_everything
from tests.orders.gateway.card_order_helpers import (
    DECLINED_CARD,
    GOOD_CARD,
    MINUTE,
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
from tests.orders.gateway_requests.test_intended_calls import request_refund_of_order
from tests.refusals import all_rows, assert_refused

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
BUYER = Actor.guest()
HOUR = datetime.timedelta(hours=1)
LOST_ANSWERS = [Fault.HANG, Fault.HANG_AFTER, Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.REFUSE]


def charged(stripe) -> list[int]:
    """Return captured amounts of all charges at Stripe."""
    return [row["amount_captured"] for row in stripe.account.list_objects("charge") if row["amount_captured"]]


def test_placed_card_order_waits_with_recorded_call(stripe) -> None:
    order = make_card_order()

    call = get_call(order)
    payment = order.payments.get()
    assert (order.status, payment.method) == (OrderStatus.UNCONFIRMED, PaymentMethod.CARD)
    assert (call.state, call.amount, call.currency) == (CallState.INTENDED, 120_000, "VND")
    assert not call.request_parameters["is_authorisation_only"]
    assert not call.request_parameters["is_hosted"]
    assert call.next_check_at == NOW + MINUTE
    assert call.request_parameters["return_url"].endswith(f"/don-hang/{order.pk}/?from-payment=1")
    assert (get_payment_sums(order).charge_pending, stripe.account.list_objects("payment_intent")) == (
        120_000,
        [],
    )
    check_everything()


def test_card_payment_confirms_order(stripe) -> None:
    order = make_started_card_order()

    assert (get_call(order).state, order.confirmed_at) == (CallState.NEEDS_BUYER, None)
    stripe.buyer_pays(get_call(order).reference)
    call = look_up_order_call(order)

    order.refresh_from_db()
    assert (call.state, call.next_check_at, charged(stripe)) == (CallState.SUCCEEDED, None, [120_000])
    assert (order.confirmed_at, order.charged, order.charge_coverage) == (NOW, 120_000, Coverage.FULL)
    assert order.payments.get().reference == call.reference
    assert get_payment_events(order) == [
        ("charge_request", 120_000),
        ("charge_action_required", 120_000),
        ("charge_success", 120_000),
    ]
    assert LedgerEntry.objects.filter(account="gateway").balance() == 120_000
    check_everything()


def test_second_look_up_changes_nothing(stripe) -> None:
    order = make_paid_card_order(stripe)

    before = all_rows()
    look_up_order_call(order, now=NOW + HOUR)

    after = all_rows()
    changed = {table for table in before if after[table] != before[table]}
    assert changed == {"orders.GatewayCall", "orders.Order"}  # number of tries, time of change
    assert before.keys() == after.keys()


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_start_call_with_lost_answer_is_found_and_charged_once(stripe, fault) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", fault)

    call = send_order_call(order)

    assert (call.state, call.next_check_at) == (CallState.UNKNOWN, NOW + 2 * MINUTE)
    with assert_refused(PaymentInProgress, "payment_in_progress"):
        change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=BUYER, now=NOW)
    call = look_up_order_call(order, now=NOW + 2 * MINUTE)
    assert call.state == CallState.NEEDS_BUYER
    assert len(stripe.account.list_objects("payment_intent")) == 1
    stripe.buyer_pays(call.reference)
    look_up_order_call(order, now=NOW + HOUR)
    order.refresh_from_db()
    assert (order.charged, charged(stripe)) == (120_000, [120_000])
    check_everything()


def test_call_is_sent_by_one_worker_only(stripe) -> None:
    order = make_card_order()
    call = get_call(order)

    send_call(call_id=call.pk, now=NOW)
    second = send_call(call_id=call.pk, now=NOW)

    assert second is None
    assert stripe.calls == ["payment_intents.create"]


def test_sweep_sends_call_whose_worker_was_killed(stripe, eager_jobs, monkeypatch) -> None:
    order = make_card_order()
    assert list(GatewayCall.objects.due_for_check(NOW)) == []

    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + MINUTE)
    look_up_calls_task()

    assert get_call(order).state == CallState.NEEDS_BUYER
    assert len(stripe.account.list_objects("payment_intent")) == 1


def test_look_up_intervals_grow(stripe) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", Fault.CUT_BEFORE, times=20)
    send_order_call(order)
    now, pauses = NOW, []

    while (due := get_call(order).next_check_at) is not None:
        pauses.append((due - now) // MINUTE)
        now = due
        look_up_order_call(order, now=now)

    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    assert get_call(order).code == "never_arrived"


def test_call_without_trace_fails_when_idempotency_key_expires(stripe) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", Fault.CUT_BEFORE)
    send_order_call(order)

    call = look_up_order_call(order, now=NOW + 24 * HOUR)

    assert (call.state, call.code, call.next_check_at) == (CallState.FAILED, "never_arrived", None)
    assert get_payment_sums(order).charge_pending == 120_000
    check_everything()


def test_second_card_pays_same_payment_after_decline(stripe) -> None:
    order = make_started_card_order()
    reference = get_call(order).reference

    assert stripe.buyer_pays(reference, DECLINED_CARD) == "requires_payment_method"
    call = look_up_order_call(order)
    assert (call.state, call.code) == (CallState.NEEDS_BUYER, "generic_decline")
    assert call.message == "Ngân hàng từ chối thẻ này. Hãy thử thẻ khác hoặc chọn cách thanh toán khác."
    stripe.buyer_pays(reference, GOOD_CARD)
    look_up_order_call(order)

    order.refresh_from_db()
    assert (order.charged, charged(stripe)) == (120_000, [120_000])
    assert GatewayCall.objects.count() == Payment.objects.count() == 1
    check_everything()


def test_buyer_returning_later_continues_same_payment(stripe) -> None:
    order = make_started_card_order()
    reference = get_call(order).reference
    stripe.buyer_pays(reference, SCA_CARD)
    assert look_up_order_call(order).state == CallState.NEEDS_BUYER

    repeated = change_payment_method(
        order_id=order.pk, method=PaymentMethod.CARD, actor=BUYER, now=NOW + 5 * HOUR
    )

    assert repeated == order.payments.get()
    stripe.bank_answers(reference, is_approved=True)
    look_up_order_call(order, now=NOW + 5 * HOUR)
    order.refresh_from_db()
    assert (order.charged, order.confirmed_at) == (120_000, NOW + 5 * HOUR)


def test_failed_authentication_allows_another_card(stripe) -> None:
    order = make_started_card_order()
    reference = get_call(order).reference
    stripe.buyer_pays(reference, SCA_CARD)

    stripe.bank_answers(reference, is_approved=False)
    assert look_up_order_call(order).code == "authentication_required"
    stripe.buyer_pays(reference)
    look_up_order_call(order)

    order.refresh_from_db()
    assert order.charged == 120_000


def test_processing_payment_is_looked_up_until_it_ends(stripe) -> None:
    order = make_started_card_order()
    stripe.account.next_payment = "processing"
    stripe.buyer_pays(get_call(order).reference)

    call = look_up_order_call(order)

    assert (call.state, call.next_check_at) == (CallState.PENDING, NOW + 4 * MINUTE)
    with assert_refused(PaymentInProgress, "payment_in_progress"):
        change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=BUYER, now=NOW)
    stripe.bank_answers(call.reference, is_approved=True)
    assert look_up_order_call(order, now=NOW + HOUR).state == CallState.SUCCEEDED
    order.refresh_from_db()
    assert order.charged == 120_000


def test_refused_call_fails_and_next_attempt_is_new_payment(stripe) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", Fault.REFUSE, status=400, code="amount_too_large")

    call = send_order_call(order)

    assert (call.state, call.code) == (CallState.FAILED, "amount_too_large")
    assert get_payment_sums(order).charge_pending == 120_000
    second = change_payment_method(order_id=order.pk, method=PaymentMethod.CARD, actor=BUYER, now=NOW)
    assert second != call.payment
    assert send_order_call(order).state == CallState.NEEDS_BUYER
    check_everything()


def test_cards_are_offered_within_amount_limits_and_with_keys(stripe, settings) -> None:
    channel = make_channel()

    assert offered_payment_methods(channel) == [PaymentMethod.COD, PaymentMethod.CARD]
    assert offered_payment_methods(channel, 14_999) == [PaymentMethod.COD]
    assert (
        offered_payment_methods(channel, 15_000)
        == offered_payment_methods(channel, 99_999_999)
        == [PaymentMethod.COD, PaymentMethod.CARD]
    )
    assert offered_payment_methods(channel, 100_000_000) == [PaymentMethod.COD]
    settings.STRIPE_SECRET_KEY = ""
    assert offered_payment_methods(channel) == [PaymentMethod.COD]


def test_order_above_card_limit_is_not_placed(stripe) -> None:
    basket = make_basket((make_variant(price=60_000_000), 2))
    contact, deliveries = make_contact(), carrier_deliveries(basket)

    with assert_refused(PaymentMethodNotOffered, "payment_method_not_offered"):
        place_order(
            basket_id=basket.pk,
            contact=contact,
            deliveries=deliveries,
            consents=frozenset({ConsentPurpose.ORDER}),
            method=PaymentMethod.CARD,
            actor=BUYER,
            now=NOW,
        )


def test_changing_payment_method_cancels_card_payment(stripe) -> None:
    make_bank_account()
    order = make_started_card_order()
    reference = get_call(order).reference

    change_payment_method(order_id=order.pk, method=PaymentMethod.TRANSFER, actor=BUYER, now=NOW)
    assert get_payment_sums(order).charge_pending == 120_000
    assert send_order_call(order, GatewayOperation.VOID).state == CallState.SUCCEEDED

    assert stripe.intent(reference)["status"] == "canceled"
    assert get_call(order).state == CallState.FAILED
    check_everything()


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_cancel_call_with_lost_answer_is_looked_up(stripe, fault) -> None:
    make_bank_account()
    order = make_started_card_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.TRANSFER, actor=BUYER, now=NOW)
    stripe.faults.plan("payment_intents.cancel", fault)

    assert send_order_call(order, GatewayOperation.VOID).state == CallState.UNKNOWN
    assert look_up_order_call(order, GatewayOperation.VOID, now=NOW + 2 * MINUTE).state == CallState.SUCCEEDED

    assert [row["status"] for row in stripe.account.list_objects("payment_intent")] == ["canceled"]
    check_everything()


def test_money_received_despite_cancellation_is_recorded(stripe) -> None:
    make_bank_account()
    order = make_started_card_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.TRANSFER, actor=BUYER, now=NOW)
    stripe.buyer_pays(get_call(order).reference)

    call = send_order_call(order, GatewayOperation.VOID)

    order.refresh_from_db()
    assert (call.state, call.code) == (CallState.FAILED, "payment_intent_unexpected_state")
    assert (order.charged, order.charge_coverage, order.confirmed_at) == (120_000, Coverage.FULL, NOW)
    assert get_payment_sums(order).charge_pending == 0
    check_everything()


def test_expiring_order_cancels_its_card_payment(stripe) -> None:
    order = make_started_card_order()

    expire_order(order_id=order.pk, actor=BUYER, now=NOW + 25 * HOUR)
    send_order_call(order, GatewayOperation.VOID, now=NOW + 25 * HOUR)

    order.refresh_from_db()
    assert (order.status, order.current_total_gross) == (OrderStatus.EXPIRED, 0)
    assert stripe.intent(get_call(order).reference)["status"] == "canceled"
    assert get_stock(order.lines.get().variant).allocated == 0
    check_everything()


def test_order_does_not_expire_while_call_state_is_unknown(stripe) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", Fault.CUT_AFTER)
    send_order_call(order)

    expire_order(order_id=order.pk, actor=BUYER, now=NOW + 25 * HOUR)

    order.refresh_from_db()
    assert order.expired_at is None


def test_money_for_cancelled_order_is_recorded_as_surplus(stripe) -> None:
    order = make_started_card_order()
    cancel_order(order_id=order.pk, reason="Thôi", actor=BUYER, now=NOW)
    stripe.buyer_pays(get_call(order).reference)

    send_order_call(order, GatewayOperation.VOID)

    order.refresh_from_db()
    assert (order.status, order.charged, order.current_total_gross) == (OrderStatus.CANCELLED, 120_000, 0)
    assert order.charge_coverage == Coverage.OVER
    check_everything()


def test_cancelling_part_restarts_payment_with_new_amount(stripe) -> None:
    order = make_started_card_order((make_variant(price=45_000), 2), (make_variant(price=50_000), 1))
    assert get_call(order).amount == 200_000

    cancel_part(part_id=order.parts.get(number=2).pk, reason="Thôi", actor=BUYER, now=NOW)
    send_order_call(order, GatewayOperation.VOID)
    change_payment_method(order_id=order.pk, method=PaymentMethod.CARD, actor=BUYER, now=NOW)
    call = send_order_call(order)

    assert call.amount == 120_000
    stripe.buyer_pays(call.reference)
    look_up_order_call(order)
    order.refresh_from_db()
    assert (order.charged, order.charge_coverage, charged(stripe)) == (120_000, Coverage.FULL, [120_000])
    check_everything()


def test_hosted_page_replaces_embedded_payment(stripe) -> None:
    order = make_started_card_order()

    change_payment_method(order_id=order.pk, method=PaymentMethod.CARD, is_hosted=True, actor=BUYER, now=NOW)
    stopped = send_order_call(order, GatewayOperation.VOID)
    call = send_order_call(order)

    assert (stopped.state, call.state) == (CallState.SUCCEEDED, CallState.NEEDS_BUYER)
    assert call.url == f"{stripe.url}/pay/{call.reference}"
    stripe.buyer_pays(call.reference)
    look_up_order_call(order)
    order.refresh_from_db()
    assert (order.charged, order.confirmed_at, charged(stripe)) == (120_000, NOW, [120_000])
    check_everything()


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_hosted_page_with_lost_answer_is_found(stripe, fault) -> None:
    order = make_started_card_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.CARD, is_hosted=True, actor=BUYER, now=NOW)
    stripe.faults.plan("checkout.sessions.create", fault)

    assert send_order_call(order).state == CallState.UNKNOWN
    call = look_up_order_call(order, now=NOW + 2 * MINUTE)

    assert (call.state, len(stripe.account.list_objects("checkout.session"))) == (CallState.NEEDS_BUYER, 1)


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_refund_call_with_lost_answer_refunds_once(stripe, fault) -> None:
    order = make_paid_card_order(stripe)
    request_refund_of_order(order, 20_000)
    stripe.faults.plan("refunds.create", fault)

    assert send_order_call(order, GatewayOperation.REFUND).state == CallState.UNKNOWN
    assert get_payment_sums(order).refund_pending == 20_000
    assert (
        look_up_order_call(order, GatewayOperation.REFUND, now=NOW + 2 * MINUTE).state == CallState.SUCCEEDED
    )

    order.refresh_from_db()
    assert [row["amount"] for row in stripe.account.list_objects("refund")] == [20_000]
    assert (order.charged, get_payment_sums(order).refunded) == (100_000, 20_000)
    check_everything()


def test_two_refunds_of_same_amount_are_both_made(stripe) -> None:
    order = make_paid_card_order(stripe)
    request_refund_of_order(order, 20_000)
    send_order_call(order, GatewayOperation.REFUND)

    request_refund_of_order(order, 20_000, now=NOW + MINUTE)
    send_order_call(order, GatewayOperation.REFUND)

    order.refresh_from_db()
    assert (order.charged, len(stripe.account.list_objects("refund"))) == (80_000, 2)


def test_refund_paid_by_bank_after_refusal_is_not_sent_again(stripe) -> None:
    order = make_paid_card_order(stripe)
    request_refund_of_order(order, 20_000)
    stripe.faults.plan("refunds.create", Fault.REFUSE, status=401)
    send_order_call(order, GatewayOperation.REFUND)
    pay_refund_by_bank(refund_id=Refund.objects.get().pk, actor=BUYER, now=NOW)

    call = look_up_order_call(order, GatewayOperation.REFUND, now=NOW + 2 * MINUTE)  # a late task message

    assert (call.state, call.code) == (CallState.FAILED, "not_configured")
    assert stripe.account.list_objects("refund") == []
    check_everything()


def test_no_call_is_sent_without_stripe_keys(stripe, monkeypatch) -> None:
    order = make_card_order()
    monkeypatch.setattr("orders.actions.gateway.send_gateway_calls.stripe_gateway", lambda: None)

    assert send_call(call_id=get_call(order).pk, now=NOW) is None
    assert look_up_call(call_id=get_call(order).pk, now=NOW) is None
    sweep_card_payments_task()

    assert get_call(order).state == CallState.INTENDED
    assert Order.objects.get().charged == 0
