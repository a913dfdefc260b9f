"""Staff decisions about transfers under review: money is assigned, returned or dismissed, and only once."""

from __future__ import annotations

import datetime

import pytest
from django.db import transaction
from django.db.models import Sum

from catalog.actions.stock.stock_movements import record_movement, refresh_availability
from catalog.models import MovementReason, WholesalePrice
from cooperatives.models import DeliveryRate
from orders.actions.bank_transfers.transfer_review import (
    AmountExceedsOrderDue,
    AmountExceedsTransfer,
    CashOnDeliveryInProgress,
    NoAmountAssigned,
    OrderEnded,
    TransferAlreadyAssigned,
    assign_transfer,
    confirm_transfer_returned,
    dismiss_transfer,
    reopen_transfer_review,
    return_transfer,
)
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.payments.order_payments import change_payment_method
from orders.actions.payouts.bank_accounts import BankAccount, InvalidBankAccount
from orders.actions.payouts.complete_payouts import PayoutAlreadyPaid, mark_payout_paid
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.placement.replace_expired_order import (
    OrderNotReplaceable,
    quote_replacement,
    replace_expired_order,
)
from orders.models import LedgerAccount, LedgerEntry, Order, Payment, PaymentMethod, Payout
from orders.payments.incoming_transfers import TransferSource
from orders.states import Coverage, OrderStatus, PayoutState, TransferState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    get_stock,
    make_bank_account,
    make_order,
    make_variant,
    set_wholesale_prices,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import (
    BANK,
    HOUR,
    LATER,
    make_transfer_order,
    receive_transfer,
)
from tests.refusals import all_rows, assert_refused

pytestmark = pytest.mark.django_db
DESK = Actor.system("desk")
RETURN_ACCOUNT = BankAccount("970436", "0099887766", "Nguyễn Thị Hoa")


def assign(transfer, *shares, now=LATER + HOUR):
    return assign_transfer(
        transfer_id=transfer.pk, amounts={order.pk: n for order, n in shares}, actor=DESK, now=now
    )


def balance(account: LedgerAccount) -> int:
    return LedgerEntry.objects.filter(account=account).aggregate(sum=Sum("amount", default=0))["sum"]


def test_transfer_under_review_is_booked_as_unmatched() -> None:
    receive_transfer("tien hang", 50_000) if make_transfer_order() else None

    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.UNMATCHED), balance(LedgerAccount.BUYER)) == (
        50_000,
        -50_000,
        0,
    )
    check_everything()


def test_assigning_transfer_to_order_settles_both() -> None:
    order = make_transfer_order()
    transfer = receive_transfer("tien hang")

    assign(transfer, (order, 120_000))

    order.refresh_from_db()
    transfer.refresh_from_db()
    assert transfer.state == TransferState.ASSIGNED
    assert (order.charge_coverage, order.confirmed_at) == (Coverage.FULL, LATER + HOUR)
    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.UNMATCHED), balance(LedgerAccount.BUYER)) == (
        120_000,
        0,
        -120_000,
    )
    assert [change.action for change in Change.objects.of_row(transfer).oldest_first()] == [
        *("transfer.recorded", "transfer.sent_to_review", "transfer.assigned", "transfer.fully_assigned"),
    ]
    check_everything()


def test_assigning_same_amount_again_changes_nothing() -> None:
    order = make_transfer_order()
    transfer = receive_transfer("tien hang")
    assign(transfer, (order, 120_000))
    before = all_rows()

    assign(transfer, (order, 120_000))

    assert all_rows() == before


def test_partial_assignment_credits_order_and_extends_its_deadline() -> None:
    order = make_transfer_order()
    transfer = receive_transfer(order.code, 100_000)

    assign(transfer, (order, 100_000))

    order.refresh_from_db()
    assert (order.charged, order.amount_due, order.confirmed_at) == (100_000, 20_000, None)
    assert order.payments.get().expires_at == LATER + HOUR + 24 * HOUR
    check_everything()


def test_transfer_of_remaining_amount_settles_automatically() -> None:
    order = make_transfer_order()
    assign(receive_transfer(order.code, 100_000), (order, 100_000))

    second = receive_transfer(order.code, 20_000, now=LATER + 2 * HOUR)

    order.refresh_from_db()
    assert (second.state, order.charged) == (TransferState.ASSIGNED, 120_000)
    assert order.confirmed_at == LATER + 2 * HOUR
    check_everything()


def test_surplus_of_assigned_transfer_can_be_returned() -> None:
    order = make_transfer_order()
    transfer = receive_transfer(order.code, 125_000)

    assign(transfer, (order, 120_000))
    payout = return_transfer(
        transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Chuyển dư", actor=DESK, now=LATER
    )

    order.refresh_from_db()
    transfer.refresh_from_db()
    assert (order.charged, order.confirmed_at) == (120_000, LATER + HOUR)
    assert (transfer.state, payout.amount, payout.note) == (
        TransferState.RETURN_DECIDED,
        5_000,
        f"HOAN TIEN {order.code}",
    )
    check_everything()


def test_transfer_can_be_split_between_two_orders() -> None:
    one, other = make_transfer_order(), make_transfer_order()
    transfer = receive_transfer(f"{one.code} {other.code}", 240_000)

    assign(transfer, (one, 120_000), (other, 120_000))

    transfer.refresh_from_db()
    assert transfer.state == TransferState.ASSIGNED
    assert [order.confirmed_at for order in Order.objects.order_by("number")] == [LATER + HOUR] * 2
    check_everything()


def test_transfer_pays_cash_on_delivery_order_in_full_before_packing() -> None:
    order = make_transfer_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=DESK, now=LATER)

    assign(receive_transfer(order.code), (order, 120_000))
    parcel = pack_parcel(
        part_id=part.pk, quantities={order.lines.get().pk: 2}, actor=DESK, now=LATER + 2 * HOUR
    )

    pending = {p.method: Payment.objects.all().sums()[p.pk].charge_pending for p in order.payments.all()}
    order.refresh_from_db()
    assert (order.charged, parcel.cod_expected) == (120_000, 0)
    assert set(pending.values()) == {0}


def test_transfer_cannot_pay_order_whose_cash_parcel_is_packed() -> None:
    order = make_transfer_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=DESK, now=LATER)
    pack_parcel(part_id=part.pk, quantities={order.lines.get().pk: 2}, actor=DESK, now=LATER)
    transfer = receive_transfer(order.code)

    with assert_refused(CashOnDeliveryInProgress, "cash_on_delivery_in_progress"):
        assign(transfer, (order, 120_000))


def test_transfer_cannot_pay_cash_on_delivery_order_in_part() -> None:
    order = make_transfer_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    transfer = receive_transfer(order.code, 50_000)

    with assert_refused(CashOnDeliveryInProgress, "cash_on_delivery_in_progress"):
        assign(transfer, (order, 50_000))


def test_invalid_assignments_are_refused() -> None:
    order = make_transfer_order()
    small, large = receive_transfer("tien hang", 50_000), receive_transfer("tien hang", 500_000)

    with assert_refused(AmountExceedsTransfer, "amount_exceeds_transfer"):
        assign(small, (order, 50_001))
    with assert_refused(AmountExceedsOrderDue, "amount_exceeds_order_due"):
        assign(large, (order, 120_001))
    for amount in (0, -5):
        with assert_refused(NoAmountAssigned, "no_amount_assigned"):
            assign(small, (order, amount))
    with assert_refused(NoAmountAssigned, "no_amount_assigned"):
        assign(small)
    with assert_refused(Missing, "missing"):
        assign_transfer(transfer_id=unknown_uuid(), amounts={order.pk: 1}, actor=DESK, now=LATER)
    with assert_refused(Missing, "missing"):
        assign_transfer(transfer_id=small.pk, amounts={unknown_uuid(): 1}, actor=DESK, now=LATER)


def test_transfer_cannot_be_assigned_twice_to_one_order() -> None:
    order = make_transfer_order()
    transfer = receive_transfer("tien hang", 100_000)
    assign(transfer, (order, 30_000))

    with assert_refused(TransferAlreadyAssigned, "transfer_already_assigned"):
        assign(transfer, (order, 20_000))


def test_transfer_cannot_be_assigned_to_cancelled_order() -> None:
    order = make_transfer_order()
    cancel_order(order_id=order.pk, reason="Đổi ý", actor=BANK, now=LATER)
    transfer = receive_transfer(order.code)

    with assert_refused(OrderEnded, "order_ended"):
        assign(transfer, (order, 120_000))


def test_returned_transfer_is_paid_to_named_account() -> None:
    order = make_transfer_order()
    cancel_order(order_id=order.pk, reason="Đổi ý", actor=BANK, now=LATER)
    transfer = receive_transfer(order.code)

    payout = return_transfer(
        transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Đơn đã huỷ", actor=DESK, now=LATER
    )
    repeated = return_transfer(
        transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Đơn đã huỷ", actor=DESK, now=LATER
    )
    waiting = balance(LedgerAccount.UNMATCHED)
    confirm_transfer_returned(transfer_id=transfer.pk, reference="FT99", actor=DESK, now=LATER + HOUR)

    payout.refresh_from_db()
    assert repeated == payout
    assert (payout.bank_bin, payout.bank_account, payout.bank_holder) == (
        "970436",
        "0099887766",
        "NGUYEN THI HOA",
    )
    assert (payout.state, payout.paid_at, payout.reference) == (PayoutState.PAID, LATER + HOUR, "FT99")
    assert (waiting, balance(LedgerAccount.UNMATCHED), balance(LedgerAccount.BANK)) == (-120_000, 0, 0)
    assert Payout.objects.count() == 1
    check_everything()


def test_confirming_return_twice_keeps_first_reference() -> None:
    transfer = receive_transfer("tien hang") if make_transfer_order() else None
    return_transfer(transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Nhầm", actor=DESK, now=LATER)
    confirm_transfer_returned(transfer_id=transfer.pk, reference="FT99", actor=DESK, now=LATER + HOUR)
    before = all_rows()

    confirm_transfer_returned(transfer_id=transfer.pk, reference="FT100", actor=DESK, now=LATER + HOUR)

    assert all_rows() == before


def test_confirming_return_already_paid_as_payout_changes_nothing() -> None:
    transfer = receive_transfer("tien hang") if make_transfer_order() else None
    payout = return_transfer(
        transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Nhầm", actor=DESK, now=LATER
    )
    mark_payout_paid(payout_id=payout.pk, reference="FT99", actor=DESK, now=LATER + HOUR)
    before = all_rows()

    confirm_transfer_returned(transfer_id=transfer.pk, reference="FT100", actor=DESK, now=LATER + HOUR)

    assert all_rows() == before
    assert (balance(LedgerAccount.UNMATCHED), balance(LedgerAccount.BANK)) == (0, 0)
    with assert_refused(PayoutAlreadyPaid, "payout_already_paid"):
        mark_payout_paid(payout_id=payout.pk, reference="FT99", actor=DESK, now=LATER + HOUR)
    check_everything()


@pytest.mark.parametrize(
    "to",
    [
        BankAccount("000000", "0099887766", "Hoa"),
        BankAccount("970436", "", "Hoa"),
        BankAccount("970436", "0099 8877", "Hoa"),
        BankAccount("970436", "1" * 20, "Hoa"),
        BankAccount("970436", "0099887766", " "),
    ],
)
def test_returning_transfer_requires_valid_bank_account(to: BankAccount) -> None:
    make_transfer_order()
    transfer = receive_transfer("tien hang")

    with assert_refused(InvalidBankAccount, "invalid_bank_account"):
        return_transfer(transfer_id=transfer.pk, account=to, reason="Nhầm", actor=DESK, now=LATER)


def test_settled_transfer_can_be_neither_returned_nor_dismissed() -> None:
    order = make_transfer_order()
    transfer = receive_transfer(order.code)

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        return_transfer(transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Nhầm", actor=DESK, now=LATER)
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        dismiss_transfer(transfer_id=transfer.pk, reason="Nhầm", actor=DESK, now=LATER)
    with assert_refused(Missing, "missing"):
        confirm_transfer_returned(transfer_id=transfer.pk, reference="", actor=DESK, now=LATER)


def test_returning_and_dismissing_require_reason() -> None:
    make_transfer_order()
    transfer = receive_transfer("tien hang")

    with assert_refused(ReasonRequired, "reason_required"):
        return_transfer(transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason=" ", actor=DESK, now=LATER)
    with assert_refused(ReasonRequired, "reason_required"):
        dismiss_transfer(transfer_id=transfer.pk, reason="", actor=DESK, now=LATER)


def test_dismissed_transfer_can_be_reopened() -> None:
    order = make_transfer_order()
    transfer = receive_transfer("tien hang")
    dismiss_transfer(transfer_id=transfer.pk, reason="Tiền của sàn", actor=DESK, now=LATER)
    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        assign(transfer, (order, 120_000))

    reopen_transfer_review(transfer_id=transfer.pk, actor=DESK, now=LATER)
    assign(transfer, (order, 120_000))

    transfer.refresh_from_db()
    assert transfer.state == TransferState.ASSIGNED
    check_everything()


def test_dismissed_duplicate_is_not_booked() -> None:
    order = make_transfer_order()
    receive_transfer(order.code, reference="FT1")
    repeated = receive_transfer(order.code, provider=TransferSource.CASSO, reference="")

    dismiss_transfer(transfer_id=repeated.pk, reason="Một lần chuyển, báo hai lần", actor=DESK, now=LATER)

    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.UNMATCHED)) == (120_000, 0)
    check_everything()


def test_suspected_duplicate_is_booked_once_when_assigned_and_returned() -> None:
    """It was not booked on arrival because it might have been a duplicate."""
    order = make_transfer_order()
    receive_transfer("tien hang", 150_000, reference="FT1")
    repeated = receive_transfer("tien hang", 150_000, provider=TransferSource.CASSO, reference="")
    assign(repeated, (order, 120_000))

    return_transfer(
        transfer_id=repeated.pk, account=RETURN_ACCOUNT, reason="Chuyển thừa", actor=DESK, now=LATER
    )
    before = (balance(LedgerAccount.BANK), balance(LedgerAccount.UNMATCHED))
    confirm_transfer_returned(transfer_id=repeated.pk, reference="FT99", actor=DESK, now=LATER + HOUR)

    assert before == (300_000, -180_000)  # unmatched: 150,000 of the first transfer and 30,000 of this one
    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.UNMATCHED)) == (270_000, -150_000)
    check_everything()


def test_expired_order_is_replaced_and_paid() -> None:
    order = make_transfer_order()
    variant = order.lines.get().variant
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)
    transfer = receive_transfer(order.code, now=NOW + 25 * HOUR)

    replacement = replace_expired_order(
        transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 26 * HOUR
    )

    transfer.refresh_from_db()
    order.refresh_from_db()
    replacement.refresh_from_db()
    assert order.status == OrderStatus.EXPIRED
    assert (replacement.current_total_gross, replacement.charged, replacement.confirmed_at) == (
        120_000,
        120_000,
        NOW + 26 * HOUR,
    )
    assert replacement.code != order.code
    assert (replacement.buyer_name, replacement.phone) == (order.buyer_name, order.phone)
    assert get_stock(variant).allocated == 2
    assert transfer.state == TransferState.ASSIGNED
    assert Change.objects.get(action="order.replaced").data == {"code": replacement.code}
    check_everything()


def test_buyer_pays_only_the_difference_of_a_dearer_replacement() -> None:
    order = make_transfer_order(email="hoa@example.com")
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)
    transfer = receive_transfer(order.code, now=NOW + 25 * HOUR)
    DeliveryRate.objects.update(price=50_000)
    assert quote_replacement(order, now=NOW + 26 * HOUR).total == 140_000

    replacement = replace_expired_order(
        transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 26 * HOUR
    )

    replacement.refresh_from_db()
    assert (replacement.charged, replacement.amount_due, replacement.confirmed_at) == (120_000, 20_000, None)
    (notice,) = Notification.objects.filter(subject__contains=replacement.code)
    for content in (notice.html, notice.text):
        assert "Đã thanh toán 120.000\u00a0₫; phần còn lại cần trả thêm 20.000\u00a0₫." in content
    assert "Số tiền: 20.000\u00a0₫" in notice.text
    receive_transfer(replacement.code, 20_000, now=NOW + 27 * HOUR)
    replacement.refresh_from_db()
    assert (replacement.amount_due, replacement.confirmed_at) == (0, NOW + 27 * HOUR)
    check_everything()


def test_replacement_keeps_the_wholesale_price_of_its_time() -> None:
    variant = make_variant(price=15_000, on_hand=50)
    set_wholesale_prices(variant, {10: 13_000})
    make_bank_account()
    order = make_order((variant, 10), method=PaymentMethod.TRANSFER)
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)
    transfer = receive_transfer(order.code, now=NOW + 25 * HOUR)
    WholesalePrice.objects.update(amount=12_000)

    replacement = replace_expired_order(
        transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 26 * HOUR
    )

    line = replacement.lines.get()
    assert (line.unit_price, line.unit_list_price, line.wholesale_from) == (13_000, 13_000, 10)
    assert not replacement.discounts.exists()


def test_replacing_expired_order_twice_places_one_order() -> None:
    """The transfer exceeds the order's total, so it stays under review between the two clicks."""
    order = make_transfer_order()
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)
    transfer = receive_transfer(order.code, 300_000, now=NOW + 25 * HOUR)
    replacement = replace_expired_order(
        transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 26 * HOUR
    )
    before = all_rows()

    repeated = replace_expired_order(
        transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 27 * HOUR
    )

    assert repeated == replacement
    assert all_rows() == before
    transfer.refresh_from_db()
    assert (transfer.state, balance(LedgerAccount.UNMATCHED)) == (TransferState.REVIEW, -180_000)
    check_everything()


def test_expired_order_cannot_be_replaced_without_stock() -> None:
    order = make_transfer_order()
    stock = get_stock(order.lines.get().variant)
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)
    transfer = receive_transfer(order.code, now=NOW + 25 * HOUR)
    with transaction.atomic():
        stock.refresh_from_db()
        record_movement(stock, -9, reason=MovementReason.LOSS, actor=DESK, now=NOW)
        refresh_availability(variant_ids={stock.variant_id})

    with assert_refused(OrderNotReplaceable, "order_not_replaceable"):
        replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 26 * HOUR)


def test_active_order_cannot_be_replaced() -> None:
    order = make_transfer_order()
    transfer = receive_transfer("tien hang")

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=LATER)


def test_order_whose_transfer_is_returned_expires_in_time() -> None:
    order = make_transfer_order()
    transfer = receive_transfer(order.code, 1_000)
    return_transfer(transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Thiếu", actor=DESK, now=LATER)

    expire_order(order_id=order.pk, actor=BANK, now=NOW + datetime.timedelta(days=2))

    order.refresh_from_db()
    assert order.status == OrderStatus.EXPIRED
    check_everything()
