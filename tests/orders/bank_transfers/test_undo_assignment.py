"""Take a transfer off its order: the payment is reversed once, and not after the money went on."""

from __future__ import annotations

import pytest

from orders.actions.bank_transfers.transfer_review import return_transfer
from orders.actions.bank_transfers.undo_assignment import (
    AssignedMoneyRefunded,
    AssignedOrderSettled,
    undo_transfer_assignment,
)
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.gateway_requests.intended_calls import read_payment_sums
from orders.actions.payments.order_payments import change_payment_method
from orders.models import BankTransfer, LedgerAccount, PaymentEvent, PaymentMethod, PostingKind, TransferShare
from orders.states import Coverage, TransferState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from shop.notifications.models import Notification
from tests.invariants import check_everything
from tests.orders.bank_transfers.test_incoming_transfers import pack_all
from tests.orders.bank_transfers.test_transfer_review import DESK, RETURN_ACCOUNT, assign, balance
from tests.orders.bank_transfers.transfer_helpers import HOUR, LATER, make_transfer_order, receive_transfer
from tests.orders.ledger.test_earnings_postings import deliver
from tests.orders.settlement.settlement_helpers import close_open_settlement
from tests.refusals import all_rows, assert_refused

pytestmark = pytest.mark.django_db


def take_off(transfer: BankTransfer, share: TransferShare | None = None, reason: str = "Nhầm đơn"):
    share_id = share.pk if share else transfer.shares.get().pk
    return undo_transfer_assignment(
        transfer_id=transfer.pk, share_id=share_id, reason=reason, actor=DESK, now=LATER + 2 * HOUR
    )


def balances() -> tuple[int, int, int]:
    accounts = (LedgerAccount.BANK, LedgerAccount.UNMATCHED, LedgerAccount.BUYER)
    bank, unmatched, buyer = (balance(account) for account in accounts)
    return bank, unmatched, buyer


def test_taking_automatic_match_off_makes_order_due_and_transfer_unmatched() -> None:
    order = make_transfer_order()
    transfer = receive_transfer(order.code)

    take_off(transfer)

    transfer.refresh_from_db()
    order.refresh_from_db()
    assert (transfer.state, transfer.reason) == (TransferState.REVIEW, "taken_off")
    assert (order.charged, order.amount_due, order.charge_coverage) == (0, 120_000, Coverage.NONE)
    assert order.confirmed_at == LATER
    assert balances() == (120_000, -120_000, 0)
    event = PaymentEvent.objects.get(kind="charge_back")
    assert (event.amount, event.message) == (120_000, "Nhầm đơn")
    kinds = event.payment.order.postings.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [PostingKind.PAYMENT, PostingKind.PAYMENT]
    change = Change.objects.get(action="transfer.unassigned")
    assert (change.reason, change.data) == ("Nhầm đơn", {"code": order.code, "amount": 120_000})
    check_everything()


def test_cash_is_expected_again_after_transfer_of_a_cash_order_was_taken_off() -> None:
    order = make_transfer_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    transfer = receive_transfer(order.code)
    assert transfer.state == TransferState.ASSIGNED
    Notification.objects.all().delete()

    take_off(transfer)

    order.refresh_from_db()
    payment = order.payments.current()
    pending = {row: read_payment_sums(row).charge_pending for row in order.payments.all()}
    assert payment is not None
    assert (payment.method, order.charged, order.amount_due) == (PaymentMethod.COD, 0, 120_000)
    assert pending == dict.fromkeys(pending, 0) | {payment: 120_000}
    text = Notification.objects.get().text
    assert "Trả 120.000\u00a0₫ tiền mặt khi nhận." in text
    assert "Nội dung:" not in text
    check_everything()
    second_transfer = receive_transfer(order.code)
    assert second_transfer.state == TransferState.ASSIGNED
    take_off(second_transfer)
    deliver(order.parts.get())
    order.refresh_from_db()
    assert (order.charged, order.amount_due) == (120_000, 0)
    check_everything()


def test_cash_order_packed_meanwhile_waits_for_a_transfer() -> None:
    order = make_transfer_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    transfer = receive_transfer(order.code)
    assert pack_all(order).cod_expected == 0
    Notification.objects.all().delete()

    take_off(transfer)

    taken_off = order.payments.get(events__kind="charge_back")
    pending = {row: read_payment_sums(row).charge_pending for row in order.payments.all()}
    assert order.payments.current() == taken_off
    assert pending == dict.fromkeys(pending, 0) | {taken_off: 120_000}
    assert f"Nội dung: {order.code}" in Notification.objects.get().text
    check_everything()


def test_buyer_is_told_once_that_transfer_was_taken_off_and_what_is_due() -> None:
    order = make_transfer_order()
    transfer = receive_transfer(order.code)
    share = transfer.shares.get()
    Notification.objects.all().delete()

    take_off(transfer, share, reason="Khách khác chuyển")
    take_off(transfer, share, reason="Khách khác chuyển")

    notification = Notification.objects.get()
    assert notification.subject == f"Đơn hàng {order.code}: đính chính khoản đã ghi nhận"
    assert "Chợ đã ghi nhầm khoản chuyển 120.000\u00a0₫ vào đơn này." in notification.text
    assert "Đơn hàng còn phải trả 120.000\u00a0₫." in notification.text
    assert f"Nội dung: {order.code}" in notification.text
    assert "Khách khác" not in notification.text


def test_transfer_is_assigned_to_same_order_again_after_it_was_taken_off_twice() -> None:
    order = make_transfer_order()
    transfer = receive_transfer("tien hang")
    for _round in range(2):
        assign(transfer, (order, 120_000))
        transfer.refresh_from_db()
        take_off(transfer)

    assign(transfer, (order, 120_000))

    order.refresh_from_db()
    assert (order.charged, order.amount_due) == (120_000, 0)
    assert balances() == (120_000, 0, -120_000)
    check_everything()


def test_one_of_two_shares_is_taken_off() -> None:
    first, second = make_transfer_order(), make_transfer_order()
    transfer = receive_transfer("tien hang", 240_000)
    assign(transfer, (first, 120_000), (second, 120_000))

    take_off(transfer, transfer.shares.get(payment__order=first))

    transfer.refresh_from_db()
    assert transfer.state == TransferState.REVIEW
    assert list(transfer.shares.values_list("payment__order", flat=True)) == [second.pk]
    assert balances() == (240_000, -120_000, -120_000)
    check_everything()


def test_taking_off_again_changes_nothing() -> None:
    transfer = receive_transfer(make_transfer_order().code)
    share = transfer.shares.get()
    take_off(transfer, share)
    before = all_rows()

    take_off(transfer, share)

    assert all_rows() == before


def test_taking_off_needs_a_reason_and_a_share_of_this_transfer() -> None:
    transfer, other = (receive_transfer(make_transfer_order().code) for _ in range(2))

    with assert_refused(ReasonRequired, "reason_required"):
        take_off(transfer, reason=" ")
    with assert_refused(Missing, "missing"):
        take_off(transfer, other.shares.get())


def test_share_stays_while_the_rest_is_returned() -> None:
    order = make_transfer_order()
    transfer = receive_transfer("tien hang", 150_000)
    assign(transfer, (order, 120_000))
    return_transfer(transfer_id=transfer.pk, account=RETURN_ACCOUNT, reason="Dư", actor=DESK, now=LATER)

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        take_off(transfer)


def test_share_stays_once_money_of_the_order_was_refunded() -> None:
    order = make_transfer_order()
    transfer = receive_transfer(order.code)
    cancel_order(order_id=order.pk, reason="Khách đổi ý", actor=DESK, now=LATER + HOUR)

    with assert_refused(AssignedMoneyRefunded, "assigned_money_refunded"):
        take_off(transfer)


def test_share_is_taken_off_a_delivered_order_until_its_settlement_is_closed() -> None:
    first, second = make_transfer_order(), make_transfer_order()
    open_transfer = receive_transfer(first.code)
    deliver(first.parts.get())
    take_off(open_transfer)
    first.refresh_from_db()
    assert first.amount_due == 120_000

    settled_transfer = receive_transfer(second.code)
    part = second.parts.get()
    deliver(part)
    close_open_settlement(part.cooperative)

    with assert_refused(AssignedOrderSettled, "assigned_order_settled"):
        take_off(settled_transfer)
    check_everything()
