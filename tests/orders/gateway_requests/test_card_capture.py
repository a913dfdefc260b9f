"""Card authorisations for the maximum total of weighed orders, and capture of the weighed total."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.weigh_lines import answer_weight_question, weigh_line
from orders.actions.gateway.failed_calls import CallNotRepeatable, repeat_failed_call
from orders.actions.gateway.send_gateway_calls import sweep_card_payments_task
from orders.actions.gateway.staff_card_actions import capture_authorised_amount, void_authorisation
from orders.actions.gateway_requests.intended_calls import AmountNotAuthorised
from orders.actions.payments.confirm_order import OrderNotAwaitingPayment
from orders.actions.payments.order_payments import (
    PaymentInProgress,
    change_payment_method,
    load_transfer_instructions,
)
from orders.models import (
    GatewayCall,
    GatewayOperation,
    LedgerEntry,
    Order,
    OrderPart,
    Payment,
    PaymentMethod,
    WeightQuestion,
)
from orders.states import CallState, Coverage, OrderStatus, TransferState
from orders.views.payment_page import build_payment_display
from shop.core.actors import Actor, EntryPoint
from shop.notifications.models import Notification
from tests.doubles.stripe import Fault, payments
from tests.factories import NOW, make_bank_account, make_seller, make_variant, make_variant_sold_by_weight
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.orders.gateway.card_order_helpers import (
    DECLINED_CARD,
    MINUTE,
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
from tests.refusals import assert_refused

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
PACKER = Actor.person(1, "Người đóng gói", EntryPoint.MEMBERS)
STAFF = Actor.person(2, "Người bán hàng", EntryPoint.API)
DAY = datetime.timedelta(days=1)
LOST_ANSWERS = [Fault.HANG, Fault.HANG_AFTER, Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.REFUSE]


def authorised_order(stripe, *more_lines, **fields) -> Order:
    """Return an authorised order: two gourds (72,000 by estimate, 86,400 at most), 30,000 for delivery."""
    return make_paid_card_order(stripe, (make_variant_sold_by_weight(), 2), *more_lines, **fields)


def accept(order: Order, number: int = 1) -> OrderPart:
    part = order.parts.get(number=number)
    accept_part(part_id=part.pk, actor=PACKER, now=NOW)
    return order.parts.get(number=number)


def weigh(part: OrderPart, grams: int = 4_000) -> None:
    line = part.lines.get()
    weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, actor=PACKER, now=NOW)


def pack(part: OrderPart) -> None:
    quantities = dict(part.lines.values_list("pk", "quantity"))
    pack_parcel(part_id=part.pk, quantities=quantities, actor=PACKER, now=NOW)


def authorisation_calls(order: Order) -> list[tuple[str, int]]:
    """Return the capture and void calls of the order."""
    calls = GatewayCall.objects.filter(payment__order=order, operation__in=["capture", "void"])
    return [(call.operation, call.amount) for call in calls.order_by("created_at", "amount")]


def captured_amounts(stripe) -> list[int]:
    return [row["amount_captured"] for row in stripe.account.list_objects("charge") if row["captured"]]


def test_maximum_amount_is_held_and_confirms_order(stripe) -> None:
    order = authorised_order(stripe)

    assert get_call(order).amount == 116_400
    assert get_call(order).request_parameters["is_authorisation_only"]
    assert (order.current_total_gross, order.charged, order.authorize_coverage) == (102_000, 0, Coverage.FULL)
    assert (order.confirmed_at, order.status) == (NOW, OrderStatus.PLACED)
    assert (get_payment_sums(order).authorised, get_payment_sums(order).charge_pending) == (116_400, 0)
    assert LedgerEntry.objects.count() == 0
    to_buyer = Notification.objects.filter(recipient=order.email).latest("pk")
    to_seller = Notification.objects.get(recipient=order.parts.get().cooperative.email)
    assert to_buyer.subject == f"Đơn {order.code} đang được chuẩn bị"
    assert "Thẻ của quý khách đang được giữ 116.400" in to_buyer.text.replace("\xa0", " ")
    assert "không phải thu tiền" in to_seller.text
    check_everything()


def test_weighed_amount_is_captured_once_packed_and_rest_released(stripe) -> None:
    order = authorised_order(stripe)
    part = accept(order)

    weigh(part)
    assert authorisation_calls(order) == []
    pack(part)
    assert authorisation_calls(order) == [("capture", 90_000)]
    send_order_call(order, GatewayOperation.CAPTURE)

    order.refresh_from_db()
    assert (captured_amounts(stripe), order.charged, order.charge_coverage) == (
        [90_000],
        90_000,
        Coverage.FULL,
    )
    assert (get_payment_sums(order).authorised, get_payment_sums(order).cancelled) == (0, 26_400)
    assert get_payment_events(order)[-2:] == [("charge_success", 90_000), ("cancel_success", 26_400)]
    assert LedgerEntry.objects.filter(account="gateway").balance() == 90_000
    check_everything()


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_capture_with_lost_answer_charges_once(stripe, fault) -> None:
    order = authorised_order(stripe)
    part = accept(order)
    weigh(part)
    pack(part)
    stripe.faults.plan("payment_intents.capture", fault)

    assert send_order_call(order, GatewayOperation.CAPTURE).state == CallState.UNKNOWN
    assert (
        look_up_order_call(order, GatewayOperation.CAPTURE, now=NOW + 2 * MINUTE).state == CallState.SUCCEEDED
    )

    order.refresh_from_db()
    assert (captured_amounts(stripe), order.charged) == ([90_000], 90_000)
    check_everything()


def test_older_view_does_not_restore_captured_hold(stripe) -> None:
    order = authorised_order(stripe)
    part = accept(order)
    weigh(part)
    pack(part)
    send_order_call(order, GatewayOperation.CAPTURE)

    look_up_order_call(order)
    look_up_order_call(order, GatewayOperation.CAPTURE)

    assert (get_payment_sums(order).authorised, get_payment_sums(order).charged) == (0, 90_000)
    check_everything()


def test_cancelling_order_releases_card(stripe) -> None:
    order = authorised_order(stripe)

    cancel_order(order_id=order.pk, reason="Hết hàng", actor=PACKER, now=NOW)
    assert (authorisation_calls(order), get_payment_sums(order).cancel_pending) == (
        [("void", 116_400)],
        116_400,
    )
    send_order_call(order, GatewayOperation.VOID)

    order.refresh_from_db()
    assert stripe.intent(get_call(order).reference)["status"] == "canceled"
    assert (
        get_payment_sums(order).authorised,
        get_payment_sums(order).cancelled,
        get_payment_sums(order).cancel_pending,
    ) == (0, 116_400, 0)
    assert (order.charged, order.authorize_coverage) == (0, Coverage.FULL)
    check_everything()


def test_cancelling_before_capture_releases_card(stripe) -> None:
    order = authorised_order(stripe)
    part = accept(order)
    weigh(part)
    pack(part)

    cancel_order(order_id=order.pk, reason="Vỡ", actor=PACKER, now=NOW)

    assert get_call(order, GatewayOperation.CAPTURE).code == "superseded"
    send_order_call(order, GatewayOperation.CAPTURE)
    send_order_call(order, GatewayOperation.VOID)
    assert (captured_amounts(stripe), stripe.intent(get_call(order).reference)["status"]) == ([], "canceled")
    order.refresh_from_db()
    assert (order.charged, get_payment_sums(order).authorised) == (0, 0)
    check_everything()


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_release_with_lost_answer_is_looked_up(stripe, fault) -> None:
    order = authorised_order(stripe)
    cancel_order(order_id=order.pk, reason="Hết hàng", actor=PACKER, now=NOW)
    stripe.faults.plan("payment_intents.cancel", fault)

    assert send_order_call(order, GatewayOperation.VOID).state == CallState.UNKNOWN
    assert look_up_order_call(order, GatewayOperation.VOID, now=NOW + 2 * MINUTE).state == CallState.SUCCEEDED

    assert get_payment_sums(order).authorised == 0
    check_everything()


def test_order_with_cancelled_part_captures_less(stripe) -> None:
    other = make_seller("HTX Tài Hoan")
    order = authorised_order(stripe, (make_variant(other, price=50_000), 1))
    assert get_call(order).amount == 196_400

    cancel_part(part_id=order.parts.get(number=2).pk, reason="Hết", actor=PACKER, now=NOW)
    part = accept(order)
    weigh(part)
    pack(part)
    send_order_call(order, GatewayOperation.CAPTURE)

    order.refresh_from_db()
    assert (captured_amounts(stripe), order.charged, order.charge_coverage) == (
        [90_000],
        90_000,
        Coverage.FULL,
    )
    check_everything()


def test_nothing_is_captured_until_all_parts_are_packed(stripe) -> None:
    other = make_seller("HTX Tài Hoan")
    order = authorised_order(stripe, (make_variant(other, price=50_000), 1))
    first = accept(order)
    weigh(first)
    pack(first)
    assert authorisation_calls(order) == []

    pack(accept(order, 2))

    assert authorisation_calls(order) == [("capture", 170_000)]


def test_estimate_is_captured_after_six_days_without_packing(stripe, monkeypatch) -> None:
    order = authorised_order(stripe)
    accept(order)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + 6 * DAY - MINUTE)
    sweep_card_payments_task()
    assert authorisation_calls(order) == []

    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + 6 * DAY)
    sweep_card_payments_task()
    assert authorisation_calls(order) == [("capture", 102_000)]
    send_order_call(order, GatewayOperation.CAPTURE, now=NOW + 6 * DAY)
    weigh(order.parts.get())

    order.refresh_from_db()
    assert (order.charged, order.current_total_gross, order.charge_coverage) == (
        102_000,
        90_000,
        Coverage.OVER,
    )
    check_everything()


def test_amount_agreed_beyond_hold_is_separate_payment(stripe) -> None:
    order = authorised_order(stripe)
    part = accept(order)
    weigh(part, 6_000)
    question = WeightQuestion.objects.get()
    answer_weight_question(question_id=question.pk, is_agreed=True, actor=Actor.guest(), now=NOW)

    second_payment = order.payments.current()
    order.refresh_from_db()
    assert (order.current_total_gross, order.payments.count(), get_payment_sums(order).charge_pending) == (
        120_000,
        2,
        3_600,
    )
    check_everything()
    pack(part)
    send_order_call(order, GatewayOperation.CAPTURE)
    order.refresh_from_db()
    assert (order.charged, order.amount_due, second_payment.method) == (116_400, 3_600, PaymentMethod.CARD)
    check_everything()


def test_rest_below_card_minimum_is_paid_by_transfer_after_capture(stripe) -> None:
    make_bank_account()
    order = authorised_order(stripe)
    part = accept(order)
    weigh(part, 6_000)
    answer_weight_question(
        question_id=WeightQuestion.objects.get().pk, is_agreed=True, actor=Actor.guest(), now=NOW
    )
    by_transfer = {"order_id": order.pk, "method": PaymentMethod.TRANSFER, "actor": Actor.guest(), "now": NOW}
    early = build_payment_display(Order.objects.get(pk=order.pk), now=NOW)
    # A transfer would request the full amount due.
    with assert_refused(OrderNotAwaitingPayment, "order_not_awaiting_payment"):
        change_payment_method(**by_transfer)
    pack(part)
    with assert_refused(OrderNotAwaitingPayment, "order_not_awaiting_payment"):
        change_payment_method(**by_transfer)
    send_order_call(order, GatewayOperation.CAPTURE)

    later = build_payment_display(Order.objects.get(pk=order.pk), now=NOW)
    first, repeated = change_payment_method(**by_transfer), change_payment_method(**by_transfer)
    requested = load_transfer_instructions(Order.objects.get(pk=order.pk))
    settled = receive_transfer(order.code, 3_600)

    assert early.due == 3_600
    assert early.card is None
    assert early.other_methods == []
    assert early.is_below_card_minimum
    assert (later.card, [method.value for method in later.other_methods]) == (None, ["transfer"])
    assert (first, requested.amount) == (repeated, 3_600)
    order.refresh_from_db()
    assert (settled.state, order.charged, order.amount_due) == (TransferState.ASSIGNED, 120_000, 0)
    assert captured_amounts(stripe) == [116_400]
    check_everything()


def test_rest_above_card_minimum_is_paid_by_card(stripe) -> None:
    order = make_paid_card_order(stripe, (make_variant_sold_by_weight(price=360_000), 2))
    part = accept(order)
    weigh(part, 6_000)
    answer_weight_question(
        question_id=WeightQuestion.objects.get().pk, is_agreed=True, actor=Actor.guest(), now=NOW
    )

    second_payment = change_payment_method(
        order_id=order.pk, method=PaymentMethod.CARD, actor=Actor.guest(), now=NOW
    )
    call = GatewayCall.objects.get(payment=second_payment)
    assert call.amount == 36_000
    assert not call.request_parameters["is_authorisation_only"]
    send_order_call(order)
    stripe.buyer_pays(get_call(order).reference)
    look_up_order_call(order)

    order.refresh_from_db()
    assert (order.charged, order.amount_due, get_payment_sums(order).charged) == (36_000, 894_000, 36_000)
    check_everything()
    pack(part)
    calls = GatewayCall.objects.filter(operation=GatewayOperation.CAPTURE)
    assert calls.get().amount == 894_000


def test_amount_of_expired_hold_is_due_again(stripe) -> None:
    order = authorised_order(stripe)
    with stripe.account.lock:
        payments.cancel(stripe.account, get_call(order).reference, {"cancellation_reason": "automatic"})

    look_up_order_call(order)

    order.refresh_from_db()
    assert (order.charged, order.amount_due) == (0, 102_000)
    first, second = Payment.objects.order_by("created_at")
    sums_by_payment = Payment.objects.all().sums()
    assert (sums_by_payment[first.pk].authorised, sums_by_payment[second.pk].charge_pending) == (0, 102_000)
    check_everything()


def test_refused_capture_waits_for_staff_to_repeat_it(stripe) -> None:
    order = authorised_order(stripe)
    part = accept(order)
    weigh(part)
    pack(part)
    stripe.faults.plan("payment_intents.capture", Fault.REFUSE, status=400, code="amount_too_small")
    call = send_order_call(order, GatewayOperation.CAPTURE)

    assert (call.state, call.code) == (CallState.FAILED, "amount_too_small")
    assert (authorisation_calls(order), get_payment_sums(order).authorised) == (
        [("capture", 90_000)],
        116_400,
    )
    repeated = repeat_failed_call(call_id=call.pk, actor=PACKER, now=NOW + MINUTE)
    assert repeat_failed_call(call_id=call.pk, actor=PACKER, now=NOW + MINUTE) is None
    assert (repeated.amount, repeated.state) == (90_000, CallState.INTENDED)
    send_order_call(order, GatewayOperation.CAPTURE, now=NOW + MINUTE)
    order.refresh_from_db()
    assert (order.charged, captured_amounts(stripe)) == (90_000, [90_000])
    check_everything()


def test_successful_call_cannot_be_repeated(stripe) -> None:
    order = authorised_order(stripe)

    with assert_refused(CallNotRepeatable, "call_not_repeatable"):
        repeat_failed_call(call_id=get_call(order).pk, actor=PACKER, now=NOW)


def test_second_card_is_held_once_after_decline(stripe) -> None:
    order = make_started_card_order((make_variant_sold_by_weight(), 2))
    stripe.buyer_pays(get_call(order).reference, DECLINED_CARD)
    look_up_order_call(order)
    stripe.buyer_pays(get_call(order).reference)
    look_up_order_call(order)

    order.refresh_from_db()
    assert (
        get_payment_sums(order).authorised,
        get_payment_sums(order).authorise_pending,
        order.confirmed_at,
    ) == (116_400, 0, NOW)
    check_everything()


def test_changing_payment_method_withdraws_pending_authorisation(stripe) -> None:
    make_bank_account()
    order = make_started_card_order((make_variant_sold_by_weight(), 2))
    assert (get_payment_sums(order).authorise_pending, get_payment_sums(order).charge_pending) == (116_400, 0)

    change_payment_method(order_id=order.pk, method=PaymentMethod.TRANSFER, actor=Actor.guest(), now=NOW)
    send_order_call(order, GatewayOperation.VOID)

    order.refresh_from_db()
    assert (get_payment_sums(order).charge_pending, order.authorize_coverage) == (102_000, Coverage.NONE)
    check_everything()


def test_payment_method_cannot_change_while_money_is_authorised(stripe) -> None:
    order = make_started_card_order((make_variant_sold_by_weight(), 2))
    order.channel.automatically_confirm_all_new_orders = False
    order.channel.save()
    stripe.buyer_pays(get_call(order).reference)
    look_up_order_call(order)

    with assert_refused(PaymentInProgress, "payment_in_progress"):
        change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=NOW)


def test_card_given_during_release_does_not_confirm_order(stripe) -> None:
    make_bank_account()
    order = make_started_card_order((make_variant_sold_by_weight(), 2))
    change_payment_method(order_id=order.pk, method=PaymentMethod.TRANSFER, actor=Actor.guest(), now=NOW)
    first = get_call(order)
    stripe.buyer_pays(first.reference)

    look_up_order_call(order)
    order.refresh_from_db()
    assert (order.authorize_coverage, order.confirmed_at) == (Coverage.NONE, None)
    send_order_call(order, GatewayOperation.VOID)

    order.refresh_from_db()
    assert stripe.intent(first.reference)["status"] == "canceled"
    assert (order.confirmed_at, get_payment_sums(order).charge_pending) == (None, 102_000)
    check_everything()


def test_order_without_weighed_lines_is_charged_at_once(stripe) -> None:
    assert get_call(make_card_order()).request_parameters["is_authorisation_only"] is False


def capture_payment(order: Order, amount: int | None = None) -> None:
    capture_authorised_amount(payment_id=order.payments.get().pk, amount=amount, actor=STAFF, now=NOW)


def void_payment(order: Order) -> None:
    void_authorisation(payment_id=order.payments.get().pk, actor=STAFF, now=NOW)


def test_staff_cannot_capture_more_than_is_due(stripe) -> None:
    order = authorised_order(stripe)

    for amount in (102_001, 116_400, 0):
        with assert_refused(AmountNotAuthorised, "amount_not_authorised"):
            capture_payment(order, amount)

    capture_payment(order, 102_000)
    send_order_call(order, GatewayOperation.CAPTURE)
    assert (captured_amounts(stripe), authorisation_calls(order)) == ([102_000], [("capture", 102_000)])
    check_everything()


@pytest.mark.parametrize("first", [capture_payment, void_payment])
@pytest.mark.parametrize("then", [capture_payment, void_payment])
def test_staff_can_act_on_hold_only_once(stripe, first, then) -> None:
    order = authorised_order(stripe)
    first(order)

    with assert_refused(AmountNotAuthorised, "amount_not_authorised"):
        then(order)

    assert len(authorisation_calls(order)) == 1
