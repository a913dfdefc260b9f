"""Refunds are made once, through the original payment method, up to the amount paid."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.cash_on_delivery.cash_collection import CollectedCash
from orders.actions.fulfilment.cancel_parts import (
    cancel_order,
    cancel_part,
    cancel_part_as_buyer,
    decline_part,
)
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.parcel_returns import (
    ReturnExceedsDelivered,
    ReturnWarehouseRequired,
    cancel_return,
    receive_return,
)
from orders.actions.fulfilment.unsent_items import NoLinesLeftToSend, UnsentExceedsOpen
from orders.actions.fulfilment.void_parcels import ItemsAlreadyReturned, void_parcel
from orders.actions.fulfilment.weigh_lines import LineAlreadyRefunded, weigh_line
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.payments.order_payments import record_received_money
from orders.actions.payouts.bank_accounts import BankAccount, InvalidBankAccount
from orders.actions.payouts.complete_payouts import PayoutAccountRequired, PayoutAlreadyPaid, mark_payout_paid
from orders.actions.payouts.refund_execution import (
    NoFailedRefundAmount,
    NoRefundAwaitsAccount,
    pay_refund_by_bank,
    set_refund_account,
)
from orders.actions.payouts.surplus_refunds import (
    overpaid_orders,
    read_refundable_surplus,
    refund_ended_order_surplus,
    refund_ended_orders_task,
)
from orders.actions.refunds.refund_decisions import (
    EmptyRefund,
    LineRefund,
    PartNotCharged,
    RefundDecision,
    RefundExceedsLimit,
    decide_refund,
    read_refund_limits,
)
from orders.models import (
    CostBearer,
    EventKind,
    LedgerAccount,
    LedgerEntry,
    Order,
    OrderPart,
    Parcel,
    Payment,
    PaymentEvent,
    PaymentMethod,
    Payout,
    Refund,
)
from orders.states import Coverage, OrderStatus, ParcelKind, ParcelState, PayoutState, Progress
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change, KeyReused
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import (
    get_stock,
    make_bank_account,
    make_order,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
    make_warehouse,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import LATER, receive_transfer
from tests.orders.pages.order_proofs import prove_order
from tests.orders.refunds.refund_helpers import (
    ACTOR_AND_NOW,
    ACTOR_NEXT_DAY,
    DESK,
    REFUND_ACCOUNT,
    deliver_order,
    get_first_line,
    make_paid_order,
    pack_open_lines,
    refund_first_line,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def sums(order: Order) -> tuple[int, int, str]:
    order.refresh_from_db()
    return order.current_total_gross, order.charged, order.charge_coverage


def balance(account: LedgerAccount) -> int:
    return LedgerEntry.objects.filter(account=account).balance()


def test_refund_of_transfer_is_paid_once_account_is_named() -> None:
    order = make_paid_order()
    part = deliver_order(order)

    refund = refund_first_line(part, 20_000)

    assert (refund.amount, refund.repayment, refund.bearer) == (20_000, 20_000, "cooperative")
    assert sums(order) == (100_000, 120_000, Coverage.OVER)
    payout = Payout.objects.get()
    assert (payout.amount, payout.refund, payout.state, payout.bank_account) == (20_000, refund, "due", "")
    assert payout.note == f"HOAN TIEN {order.code}"
    requested = PaymentEvent.objects.get(kind=EventKind.REFUND_REQUEST)
    assert (requested.amount, requested.payment.method, requested.refund) == (
        20_000,
        PaymentMethod.TRANSFER,
        refund,
    )
    with assert_refused(PayoutAccountRequired, "payout_account_required"):
        mark_payout_paid(payout_id=payout.pk, reference="FT9", **ACTOR_NEXT_DAY)

    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    mark_payout_paid(payout_id=payout.pk, reference="FT9", **ACTOR_NEXT_DAY)

    assert sums(order) == (100_000, 100_000, Coverage.FULL)
    payout.refresh_from_db()
    assert (payout.bank_bin, payout.bank_account, payout.bank_holder, payout.reference) == (
        "970436",
        "0099887766",
        "NGUYEN THI HOA",
        "FT9",
    )
    done = PaymentEvent.objects.get(kind=EventKind.REFUND_SUCCESS)
    assert (done.amount, done.refund, done.payment) == (20_000, refund, requested.payment)
    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.BUYER)) == (100_000, 0)
    check_everything()


def test_refund_of_cash_is_paid_from_bank_account() -> None:
    order = make_order((make_variant(price=45_000), 2))
    part = deliver_order(order)

    refund = refund_first_line(part, 20_000)
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    mark_payout_paid(payout_id=refund.payouts.get().pk, reference="FT9", **ACTOR_NEXT_DAY)

    assert sums(order) == (100_000, 100_000, Coverage.FULL)
    assert PaymentEvent.objects.get(kind=EventKind.REFUND_SUCCESS).payment.method == PaymentMethod.COD
    assert balance(LedgerAccount.BANK) == -20_000
    check_everything()


def test_refund_before_payment_reduces_cash_to_collect() -> None:
    order = make_order((make_variant(price=45_000), 2))
    part = order.parts.get()
    parcel = pack_open_lines(part)
    assert parcel.cod_expected == 120_000

    refund = refund_first_line(part, 20_000)

    assert (refund.amount, refund.repayment) == (20_000, 0)
    assert sums(order) == (100_000, 0, Coverage.NONE)
    parcel.refresh_from_db()
    assert (parcel.cod_expected, parcel.cod_state) == (100_000, "expected")
    assert not Payout.objects.exists()
    assert not PaymentEvent.objects.filter(kind=EventKind.REFUND_REQUEST).exists()
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **ACTOR_AND_NOW)
    assert sums(order) == (100_000, 100_000, Coverage.FULL)
    check_everything()


def test_parcel_packed_after_refund_collects_the_rest() -> None:
    part = make_order((make_variant(price=45_000), 2)).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    refund_first_line(part, 20_000)

    parcel = pack_open_lines(OrderPart.objects.get(pk=part.pk))

    assert parcel.cod_expected == 100_000
    check_everything()


def test_fully_refunded_parcel_collects_no_cash() -> None:
    order = make_order((make_variant(price=45_000), 2))
    part = order.parts.get()
    parcel = pack_open_lines(part)

    refund_first_line(part, 90_000, delivery=30_000)

    parcel.refresh_from_db()
    assert (parcel.cod_expected, parcel.cod_state) == (0, "none")
    assert sums(order) == (0, 0, Coverage.FULL)
    check_everything()


def test_refund_is_limited_to_cash_received() -> None:
    order = make_order((make_variant(price=45_000), 2))
    part = order.parts.get()
    parcel = pack_open_lines(part)
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    deliver_parcel(
        parcel_id=parcel.pk,
        is_cash_collected=True,
        cash=CollectedCash(110_000, "Thiếu tiền lẻ"),
        **ACTOR_AND_NOW,
    )

    refund = refund_first_line(part, 25_000)

    assert (refund.amount, refund.repayment) == (25_000, 15_000)
    assert sums(order)[:2] == (95_000, 110_000)
    check_everything()


def test_unpaid_cash_of_another_part_does_not_reduce_refund() -> None:
    first, second = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    order = make_order((make_variant(first, price=45_000), 2), (make_variant(second, price=60_000), 1))
    part = deliver_order(order)

    refund = refund_first_line(part, 20_000)

    assert refund.repayment == 20_000
    assert sums(order)[:2] == (190_000, 120_000)
    check_everything()


def test_pending_refund_of_one_part_does_not_reduce_cash_of_another() -> None:
    first, second = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    order = make_order((make_variant(first, price=45_000), 2), (make_variant(second, price=10_000), 1))
    refund_first_line(deliver_order(order), 90_000)

    parcel = pack_open_lines(order.parts.get(cooperative=second))

    assert (parcel.cod_expected, parcel.cod_state) == (40_000, "expected")
    check_everything()
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **ACTOR_AND_NOW)
    assert sums(order)[:2] == (70_000, 160_000)  # 90,000 of it is to be refunded
    assert read_refundable_surplus(Order.objects.get(pk=order.pk)) == 0
    check_everything()


def test_same_key_refunds_once() -> None:
    part = deliver_order(make_paid_order())

    first, second = (
        refund_first_line(part, 20_000, idempotency_key="a"),
        refund_first_line(part, 20_000, idempotency_key="a"),
    )

    assert first == second
    assert Refund.objects.count() == Payout.objects.count() == 1
    other = deliver_order(make_paid_order())
    with assert_refused(KeyReused, "key_reused"):
        refund_first_line(other, 20_000, idempotency_key="a")


def test_line_cannot_be_refunded_beyond_its_price() -> None:
    part = deliver_order(make_paid_order())
    refund_first_line(part, 60_000)

    with assert_refused(RefundExceedsLimit, "refund_exceeds_limit") as refusal:
        refund_first_line(part, 30_001)

    limit = refusal.value.details["limits"].lines[get_first_line(part).pk]
    assert (limit.refundable, limit.refunded) == (30_000, 60_000)
    refund_first_line(part, 30_000)
    check_everything()


def test_delivery_cannot_be_refunded_beyond_its_price() -> None:
    part = deliver_order(make_paid_order())
    refund_first_line(part, delivery=10_000)

    with assert_refused(RefundExceedsLimit, "refund_exceeds_limit"):
        refund_first_line(part, delivery=20_001)


def test_refunds_cannot_exceed_payment() -> None:
    order = make_paid_order()
    part = deliver_order(order)
    refunds = [
        refund_first_line(part, amount, delivery=delivery)
        for amount, delivery in [(50_000, 0), (40_000, 30_000)]
    ]

    with assert_refused(RefundExceedsLimit, "refund_exceeds_limit"):
        refund_first_line(part, 1)
    with assert_refused(RefundExceedsLimit, "refund_exceeds_limit"):
        decide_refund(
            order_id=order.pk,
            decision=RefundDecision(CostBearer.PLATFORM, "Thêm", surplus=1),
            actor=DESK,
            now=LATER,
        )

    assert sum(refund.repayment for refund in refunds) == 120_000
    assert sum(Payout.objects.values_list("amount", flat=True)) == 120_000
    assert read_refundable_surplus(Order.objects.get(pk=order.pk)) == 0
    check_everything()


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ({"amount": 0}, EmptyRefund, "empty_refund"),
        ({"amount": 1_000, "delivery": -1}, EmptyRefund, "empty_refund"),
        ({"amount": -5, "delivery": 10}, EmptyRefund, "empty_refund"),
        ({"amount": 1_000, "reason": " "}, ReasonRequired, "reason_required"),
        ({"amount": 1_000, "returned": 3}, ReturnExceedsDelivered, "return_exceeds_delivered"),
        ({"amount": 1_000, "returned": 1}, ReturnWarehouseRequired, "return_warehouse_required"),
        ({"amount": 1_000, "unsent": 1}, UnsentExceedsOpen, "unsent_exceeds_open"),
        ({"amount": 1_000, "lines": {unknown_uuid(): LineRefund(1_000)}}, Missing, "missing"),
        ({"amount": 1_000, "returned": 1, "warehouse_id": unknown_uuid()}, Missing, "missing"),
    ],
)
def test_invalid_decisions_are_refused(fields, kind, code) -> None:
    part = deliver_order(make_paid_order())

    with assert_refused(kind, code):
        refund_first_line(part, **fields)


def test_unpaid_or_cancelled_part_cannot_be_refunded() -> None:
    make_bank_account()
    waiting_part = make_order((make_variant(price=45_000), 2), method=PaymentMethod.TRANSFER).parts.get()
    ended_part = make_order((make_variant(price=45_000), 2)).parts.get()
    cancel_part(part_id=ended_part.pk, reason="Hết hàng", **ACTOR_AND_NOW)

    for part in (waiting_part, ended_part):
        with assert_refused(PartNotCharged, "part_not_charged"):
            refund_first_line(OrderPart.objects.get(pk=part.pk), 1_000)


def test_part_of_another_order_is_missing() -> None:
    part, other = deliver_order(make_paid_order()), make_paid_order()

    with assert_refused(Missing, "missing"):
        decide_refund(
            order_id=other.pk,
            part_id=part.pk,
            decision=RefundDecision(CostBearer.PLATFORM, "x", delivery=1),
            **ACTOR_AND_NOW,
        )


def test_undamaged_returned_items_are_restocked() -> None:
    variant = make_variant(price=45_000, on_hand=10)
    order = make_order((variant, 3))
    part = deliver_order(order)
    warehouse_id = get_stock(variant).warehouse_id
    assert get_stock(variant).on_hand == 7

    refund = refund_first_line(part, 90_000, returned=2, damaged=1, warehouse_id=warehouse_id)

    assert get_stock(variant).on_hand == 8
    parcel = refund.parcel
    assert (parcel.kind, parcel.state) == (ParcelKind.RETURN_AND_REFUND, ParcelState.DELIVERED)
    rows = list(parcel.lines.order_by("pk").values_list("quantity", "stock__warehouse"))
    assert rows == [(1, warehouse_id), (1, None)]
    assert refund.lines.get().quantity == 2
    part.refresh_from_db()
    assert part.progress == Progress.PARTLY_RETURNED
    with assert_refused(ReturnExceedsDelivered, "return_exceeds_delivered"):
        refund_first_line(part, 1_000, returned=2, warehouse_id=warehouse_id)
    refund_first_line(part, 45_000, returned=1, warehouse_id=warehouse_id)
    part.refresh_from_db()
    order.refresh_from_db()
    assert (part.progress, order.status) == (Progress.RETURNED, OrderStatus.RETURNED)
    assert get_stock(variant).on_hand == 9
    check_everything()


def test_returned_items_can_be_received_later() -> None:
    variant = make_variant(price=45_000, on_hand=10)
    part = deliver_order(make_order((variant, 3)))
    warehouse_id = get_stock(variant).warehouse_id
    refund = refund_first_line(part, 90_000, returned=2, is_received=False)
    assert (refund.parcel.state, get_stock(variant).on_hand) == (ParcelState.HANDED_OVER, 7)
    assert OrderPart.objects.get(pk=part.pk).progress == Progress.DELIVERED
    line = get_first_line(part)

    with assert_refused(ReturnExceedsDelivered, "return_exceeds_delivered"):
        receive_return(
            parcel_id=refund.parcel_id, damaged={line.pk: 3}, warehouse_id=warehouse_id, **ACTOR_AND_NOW
        )
    for _time in range(2):
        receive_return(
            parcel_id=refund.parcel_id,
            damaged={},
            warehouse_id=warehouse_id,
            idempotency_key="a",
            **ACTOR_AND_NOW,
        )

    assert get_stock(variant).on_hand == 9
    assert OrderPart.objects.get(pk=part.pk).progress == Progress.PARTLY_RETURNED
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        receive_return(parcel_id=refund.parcel_id, damaged={}, warehouse_id=warehouse_id, **ACTOR_AND_NOW)
    check_everything()


def test_cancelled_return_can_be_made_again() -> None:
    variant = make_variant(price=45_000, on_hand=10)
    part = deliver_order(make_order((variant, 3)))
    refund = refund_first_line(part, 90_000, returned=3, is_received=False)

    with assert_refused(ReasonRequired, "reason_required"):
        cancel_return(parcel_id=refund.parcel_id, reason=" ", **ACTOR_AND_NOW)
    cancel_return(parcel_id=refund.parcel_id, reason="Người mua giữ lại", **ACTOR_AND_NOW)

    assert Parcel.objects.get(pk=refund.parcel_id).state == ParcelState.VOIDED
    warehouse_id = get_stock(variant).warehouse_id
    refund_first_line(part, 1_000, returned=3, warehouse_id=warehouse_id)
    assert get_stock(variant).on_hand == 10
    check_everything()


@pytest.mark.parametrize("is_received", [True, False])
def test_parcel_with_returned_items_cannot_be_voided(is_received) -> None:
    variant = make_variant(price=45_000, on_hand=10)
    part = deliver_order(make_order((variant, 3)))
    warehouse_id = get_stock(variant).warehouse_id
    return_parcel = refund_first_line(
        part, 45_000, returned=1, warehouse_id=warehouse_id, is_received=is_received
    ).parcel
    dispatch = part.parcels.dispatches().get()

    with assert_refused(ItemsAlreadyReturned, "items_already_returned"):
        void_parcel(parcel_id=dispatch.pk, reason="đóng nhầm", **ACTOR_AND_NOW)

    if not is_received:
        cancel_return(parcel_id=return_parcel.pk, reason="Người mua giữ lại", **ACTOR_AND_NOW)
        void_parcel(parcel_id=dispatch.pk, reason="đóng nhầm", **ACTOR_AND_NOW)
        assert (get_stock(variant).on_hand, get_stock(variant).allocated) == (10, 3)
    check_everything()


def test_return_and_dispatch_parcels_have_separate_steps() -> None:
    part = deliver_order(make_order((make_variant(price=45_000), 2)))
    parcel = refund_first_line(part, 1_000, returned=1, is_received=False).parcel
    outgoing = part.parcels.dispatches().get()

    for act in (
        lambda: deliver_parcel(parcel_id=parcel.pk, is_cash_collected=False, **ACTOR_AND_NOW),
        lambda: hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW),
        lambda: receive_return(
            parcel_id=outgoing.pk, damaged={}, warehouse_id=outgoing.warehouse_id, **ACTOR_AND_NOW
        ),
    ):
        with assert_refused(Missing, "missing"):
            act()


def test_items_cannot_be_returned_to_another_cooperative() -> None:
    part = deliver_order(make_order((make_variant(price=45_000), 2)))
    foreign = make_warehouse(make_seller("HTX Yến Dương"), part.order.channel)

    with assert_refused(Missing, "missing"):
        refund_first_line(part, 1_000, returned=1, warehouse_id=foreign.pk)


def test_unsent_items_are_refunded_and_released() -> None:
    variant = make_variant(price=45_000, on_hand=10)
    order = make_order((variant, 3))
    part = order.parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    line = get_first_line(part)
    assert get_stock(variant).allocated == 3

    refund = refund_first_line(part, 45_000, unsent=1)

    assert (get_stock(variant).on_hand, get_stock(variant).allocated) == (10, 2)
    assert refund.parcel.kind == ParcelKind.REFUND
    assert read_unpacked_quantities([line]) == {line.pk: 2}
    with assert_refused(NoLinesLeftToSend, "no_lines_left_to_send"):
        refund_first_line(part, 45_000, unsent=2)
    parcel = pack_open_lines(OrderPart.objects.get(pk=part.pk))
    assert parcel.cod_expected == 120_000
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, **ACTOR_AND_NOW)
    part.refresh_from_db()
    order.refresh_from_db()
    assert (part.progress, order.status, order.saleor_status) == ("delivered", "delivered", "fulfilled")
    check_everything()


def test_packed_items_are_not_released() -> None:
    variant = make_variant(price=45_000, on_hand=10)
    part = make_order((variant, 3)).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    line = get_first_line(part)
    pack_parcel(part_id=part.pk, quantities={line.pk: 2}, **ACTOR_AND_NOW)

    refund_first_line(part, 45_000, unsent=1)

    assert get_stock(variant).allocated == 2
    check_everything()


@pytest.mark.parametrize(
    ("bearer", "owed", "cost", "commission"),
    [
        # 20,000 of 90,000 is refunded, so 7/9 of the commission of 9,000 remains.
        (CostBearer.COOPERATIVE, 70_000 + 30_000 - 7_000, 0, 7_000),
        (CostBearer.PLATFORM, 90_000 + 30_000 - 9_000, 20_000, 9_000),
    ],
)
def test_ledger_charges_refund_to_its_bearer(bearer, owed, cost, commission) -> None:
    order = make_paid_order()
    line = get_first_line(order.parts.get())
    line.commission_rate, line.commission = 10, 9_000
    line.save()
    part = deliver_order(order)

    refund_first_line(part, 20_000, bearer=bearer)

    assert LedgerEntry.objects.of_cooperative(part.cooperative, "VND").owed == owed
    assert (balance(LedgerAccount.PLATFORM_COST), -balance(LedgerAccount.COMMISSION)) == (cost, commission)
    assert balance(LedgerAccount.BUYER) == -20_000
    check_everything()


def test_buyer_cancelling_paid_part_is_refunded() -> None:
    order = make_paid_order()

    cancel_part_as_buyer(part_id=order.parts.get().pk, actor=DESK, now=LATER)

    refund = Refund.objects.get()
    assert (refund.amount, refund.repayment, refund.surplus, refund.part) == (
        120_000,
        120_000,
        120_000,
        order.parts.get(),
    )
    assert Payout.objects.without_account().get().amount == 120_000
    notification = Notification.objects.filter(key__startswith="refund_decided").get()
    assert notification.recipient == "hoa@example.com"
    assert "120.000 ₫" in notification.subject
    check_everything()


@pytest.mark.parametrize("ending", [decline_part, cancel_part])
def test_declined_or_cancelled_part_is_refunded(ending) -> None:
    first, second = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    make_bank_account()
    order = make_order(
        (make_variant(first, price=45_000), 2),
        (make_variant(second, price=60_000), 1),
        method=PaymentMethod.TRANSFER,
    )
    receive_transfer(order.code, 210_000)

    ending(part_id=order.parts.get(number=1).pk, reason="Hết hàng", **ACTOR_AND_NOW)

    assert [refund.repayment for refund in Refund.objects.all()] == [120_000]
    assert sums(order)[:2] == (90_000, 210_000)
    check_everything()


def test_cancelled_order_is_refunded_less_earlier_refund() -> None:
    first, second = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    make_bank_account()
    order = make_order(
        (make_variant(first, price=45_000), 2),
        (make_variant(second, price=60_000), 1),
        method=PaymentMethod.TRANSFER,
    )
    receive_transfer(order.code, 210_000)
    earlier = refund_first_line(order.parts.get(number=2), 10_000)

    cancel_order(order_id=order.pk, reason="Bão lụt", **ACTOR_AND_NOW)

    assert earlier.repayment == 10_000
    assert sorted(Refund.objects.values_list("repayment", flat=True)) == [10_000, 200_000]
    check_everything()


def test_cancelled_unpaid_order_is_not_refunded() -> None:
    order = make_order((make_variant(price=45_000), 2))

    cancel_order(order_id=order.pk, reason="Bão lụt", **ACTOR_AND_NOW)

    assert not Refund.objects.exists()
    check_everything()


def test_late_payment_of_cancelled_order_is_refunded() -> None:
    order = make_paid_order()
    cancel_order(order_id=order.pk, reason="Bão lụt", **ACTOR_AND_NOW)
    payment = order.payments.get()
    record_received_money(
        Order.objects.get(pk=order.pk), payment, 50_000, idempotency_key="late", **ACTOR_AND_NOW
    )

    for _time in range(2):
        refund_ended_order_surplus(order_id=order.pk, **ACTOR_AND_NOW)
    refund_ended_orders_task()

    assert sorted(Refund.objects.values_list("repayment", flat=True)) == [50_000, 120_000]
    check_everything()


def test_sweep_refunds_late_payment() -> None:
    order = make_paid_order()
    cancel_order(order_id=order.pk, reason="Bão lụt", **ACTOR_AND_NOW)
    first = Payout.objects.get()
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    mark_payout_paid(payout_id=first.pk, reference="FT1", **ACTOR_NEXT_DAY)
    payment = order.payments.get()
    record_payment_event(payment, EventKind.CHARGE_SUCCESS, 50_000, idempotency_key="late", **ACTOR_AND_NOW)
    finish_order_change(Order.objects.get(pk=order.pk), now=LATER)

    refund_ended_orders_task()

    assert sorted(Refund.objects.values_list("repayment", flat=True)) == [50_000, 120_000]


def test_sweep_refunds_late_payment_while_earlier_refund_is_unpaid() -> None:
    order = make_paid_order()
    cancel_order(order_id=order.pk, reason="Bão lụt", **ACTOR_AND_NOW)
    promised = list(overpaid_orders())
    record_payment_event(
        order.payments.get(), EventKind.CHARGE_SUCCESS, 50_000, idempotency_key="late", **ACTOR_AND_NOW
    )
    finish_order_change(Order.objects.get(pk=order.pk), now=LATER)

    late = list(overpaid_orders())
    refund_ended_orders_task()

    assert (promised, late, list(overpaid_orders())) == ([], [order], [])
    assert sorted(Refund.objects.values_list("repayment", flat=True)) == [50_000, 120_000]
    check_everything()


def test_surplus_of_lower_weight_is_refunded_after_handover() -> None:
    make_bank_account()
    order = make_order((make_variant_sold_by_weight(), 1), method=PaymentMethod.TRANSFER)
    receive_transfer(order.code, 66_000)
    part = order.parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    weigh_line(part_id=part.pk, line_id=get_first_line(part).pk, grams=2_000, **ACTOR_AND_NOW)
    assert not Refund.objects.exists()

    parcel = pack_open_lines(OrderPart.objects.get(pk=part.pk))
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    refund = Refund.objects.get()
    assert (refund.repayment, refund.surplus) == (6_000, 6_000)
    assert sums(order)[:2] == (60_000, 66_000)
    check_everything()


def test_refunded_line_cannot_be_weighed_again() -> None:
    make_bank_account()
    order = make_order((make_variant_sold_by_weight(), 1), method=PaymentMethod.TRANSFER)
    receive_transfer(order.code, 66_000)
    part = order.parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    weigh_line(part_id=part.pk, line_id=get_first_line(part).pk, grams=2_400, **ACTOR_AND_NOW)
    refund_first_line(part, 5_000)

    with assert_refused(LineAlreadyRefunded, "line_already_refunded"):
        weigh_line(part_id=part.pk, line_id=get_first_line(part).pk, grams=2_000, **ACTOR_AND_NOW)


def test_refund_account_is_validated_and_can_change_until_paid() -> None:
    order = make_paid_order()
    refund = refund_first_line(deliver_order(order), 20_000)
    payout = refund.payouts.get()

    with assert_refused(InvalidBankAccount, "invalid_bank_account"):
        set_refund_account(order_id=order.pk, account=BankAccount("970436", "12", "Hoa"), **ACTOR_AND_NOW)
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    set_refund_account(
        order_id=order.pk, account=BankAccount("970405", "8800200", "Lò Thị Mai"), **ACTOR_AND_NOW
    )
    mark_payout_paid(payout_id=payout.pk, reference="FT9", **ACTOR_NEXT_DAY)

    payout.refresh_from_db()
    assert (payout.bank_account, payout.bank_holder, payout.state) == ("8800200", "LO THI MAI", "paid")
    with assert_refused(NoRefundAwaitsAccount, "no_refund_awaits_account"):
        set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    with assert_refused(PayoutAlreadyPaid, "payout_already_paid"):
        mark_payout_paid(payout_id=payout.pk, reference="FT9", **ACTOR_NEXT_DAY)
    recorded = Change.objects.filter(action="refund.account_set").latest("pk")
    assert recorded.data == {"amount": 20_000, "account": "0200"}


def test_buyer_is_notified_each_time_account_is_set() -> None:
    """Anyone who knows the order's URL can set the account, not only the buyer."""
    order = make_paid_order()
    refund_first_line(deliver_order(order), 20_000)

    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, idempotency_key="a", **ACTOR_AND_NOW)
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, idempotency_key="a", **ACTOR_AND_NOW)
    set_refund_account(
        order_id=order.pk, account=BankAccount("970405", "8800200", "Lò Thị Mai"), **ACTOR_AND_NOW
    )

    notifications = Notification.objects.filter(
        recipient=order.email, subject__contains="tài khoản"
    ).order_by("pk")
    assert [notification.subject[-4:] for notification in notifications] == ["7766", "0200"]
    assert f"/don-hang/{order.pk}/tai-khoan-nhan-tien/" in notifications[0].text
    assert REFUND_ACCOUNT.number not in notifications[0].text + notifications[0].html


def test_number_of_account_changes_is_limited(client) -> None:
    order = make_paid_order()
    prove_order(client, order)
    refund_first_line(deliver_order(order), 20_000)
    page = f"/don-hang/{order.pk}/tai-khoan-nhan-tien/"

    for number in range(12):
        form = {"bank": "970436", "account": f"00998877{number:02}", "holder": "Hoa"}
        response = client.post(page, form)

    assert (response.status_code, Payout.objects.get().bank_account) == (200, "0099887709")
    assert Change.objects.filter(action="refund.account_set").count() == 10


def test_failed_card_refund_is_paid_by_bank() -> None:
    order = make_paid_order()
    refund = refund_first_line(deliver_order(order), 20_000)
    payment = order.payments.get()
    Payout.objects.all().delete()  # as with a card: requested, without a payout
    with assert_refused(NoFailedRefundAmount, "no_failed_refund_amount"):
        pay_refund_by_bank(refund_id=refund.pk, **ACTOR_AND_NOW)
    record_payment_event(
        payment,
        EventKind.REFUND_FAILURE,
        20_000,
        idempotency_key="failed",
        refund=refund,
        actor=DESK,
        now=LATER,
    )
    assert Refund.objects.failed_amounts() == {refund.pk: 20_000}

    for _time in range(2):
        pay_refund_by_bank(refund_id=refund.pk, idempotency_key="a", **ACTOR_AND_NOW)

    payout = refund.payouts.get()
    assert (payout.amount, payout.state) == (20_000, PayoutState.DUE)
    assert Refund.objects.failed_amounts() == {}
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    mark_payout_paid(payout_id=payout.pk, reference="FT9", **ACTOR_NEXT_DAY)
    assert sums(order) == (100_000, 100_000, Coverage.FULL)
    check_everything()


def test_failed_refund_is_not_counted_as_surplus() -> None:
    order = make_paid_order()
    refund = refund_first_line(deliver_order(order), 20_000)
    record_payment_event(
        order.payments.get(),
        EventKind.REFUND_FAILURE,
        20_000,
        idempotency_key="no",
        refund=refund,
        actor=DESK,
        now=LATER,
    )

    assert read_refundable_surplus(Order.objects.get(pk=order.pk)) == 0


def test_refund_is_split_over_payments() -> None:
    make_bank_account()
    order = make_order((make_variant(price=45_000), 2), method=PaymentMethod.TRANSFER)
    receive_transfer(order.code, 120_000)
    second = Payment.objects.create(
        order=order, method=PaymentMethod.TRANSFER, currency="VND", idempotency_key="second"
    )
    Payment.objects.filter(pk=second.pk).update(created_at=LATER + datetime.timedelta(days=999))
    record_received_money(
        Order.objects.get(pk=order.pk), second, 15_000, idempotency_key="more", **ACTOR_AND_NOW
    )
    part = deliver_order(order)
    assert read_refund_limits(Order.objects.get(pk=order.pk), None).surplus == 15_000

    refund = refund_first_line(part, 25_000, surplus=15_000)

    assert refund.repayment == 40_000
    requested = PaymentEvent.objects.filter(kind=EventKind.REFUND_REQUEST).order_by("pk")
    assert [(event.payment_id, event.amount) for event in requested] == [
        (second.pk, 15_000),
        (order.payments.exclude(pk=second.pk).get().pk, 25_000),
    ]
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    for payout in Payout.objects.all():
        mark_payout_paid(payout_id=payout.pk, reference=f"FT{payout.amount}", **ACTOR_NEXT_DAY)
    assert sums(order) == (95_000, 95_000, Coverage.FULL)
    check_everything()


def test_buyer_is_notified_when_refund_is_paid() -> None:
    order = make_paid_order()
    refund = refund_first_line(deliver_order(order), 20_000)
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)

    mark_payout_paid(payout_id=refund.payouts.get().pk, reference="FT9", **ACTOR_NEXT_DAY)

    notification = Notification.objects.filter(key__startswith="refund_paid").get()
    assert "20.000\u00a0₫" in notification.text
    assert "7766" in notification.text
    assert "0099887766" not in notification.text
    assert "FT9" in notification.text


def test_order_history_records_refund() -> None:
    part = deliver_order(make_paid_order())

    refund = refund_first_line(part, 20_000)

    recorded = Change.objects.of_row_and_parts(part.order).get(action="refund.decided")
    assert recorded.data == {
        "amount": 20_000,
        "repayment": 20_000,
        "currency": "VND",
        "part": 1,
        "bearer": "cooperative",
    }
    assert (recorded.reason, recorded.key, recorded.cooperative) == (
        "Hàng dập khi đến nơi.",
        str(refund.pk),
        part.cooperative_id,
    )
