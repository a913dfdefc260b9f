"""What the desk decides about transfers that settled nothing by themselves: each đồng goes to one place."""

from __future__ import annotations

import datetime

import pytest
from django.db import transaction
from django.db.models import Sum

from catalog.actions.stock.stock_movements import record_movement, refresh_availability
from catalog.models import MovementReason
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
from orders.actions.payouts.payouts import AlreadyPaid, mark_payout_paid
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.placement.replace_expired_order import OrderNotReplaceable, replace_expired_order
from orders.models import LedgerAccount, LedgerEntry, Order, Payment, PaymentMethod, Payout
from orders.payments.incoming_transfers import TransferSource
from orders.states import Coverage, OrderStatus, PayoutState, TransferState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change
from shop.core.states import WrongMove
from tests.factories import NOW, nobody, stock_of
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfers_at_hand import BANK, HOUR, LATER, take, waiting_order
from tests.unchanged import every_row, refused

pytestmark = pytest.mark.django_db
DESK = Actor.system("desk")
TO = BankAccount("970436", "0099887766", "Nguyễn Thị Hoa")


def settle(transfer, *shares, now=LATER + HOUR):
    return assign_transfer(
        transfer_id=transfer.pk, shares={order.pk: n for order, n in shares}, actor=DESK, now=now
    )


def balance(account: LedgerAccount) -> int:
    return LedgerEntry.objects.filter(account=account).aggregate(sum=Sum("amount", default=0))["sum"]


def test_money_in_doubt_is_on_the_account_and_nobodys() -> None:
    take("tien hang", 50_000) if waiting_order() else None

    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.UNCLAIMED), balance(LedgerAccount.BUYER)) == (
        50_000,
        -50_000,
        0,
    )
    check_everything()


def test_one_tap_settles_it() -> None:
    order = waiting_order()
    transfer = take("tien hang")

    settle(transfer, (order, 120_000))

    order.refresh_from_db()
    transfer.refresh_from_db()
    assert transfer.state == TransferState.SETTLED
    assert (order.charge_coverage, order.confirmed_at) == (Coverage.FULL, LATER + HOUR)
    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.UNCLAIMED), balance(LedgerAccount.BUYER)) == (
        120_000,
        0,
        -120_000,
    )
    assert [change.action for change in Change.objects.of(transfer).in_time()] == [
        *("transfer.seen", "transfer.to_review", "transfer.shared", "transfer.settled"),
    ]
    check_everything()


def test_settled_twice_it_is_as_it_was() -> None:
    order = waiting_order()
    transfer = take("tien hang")
    settle(transfer, (order, 120_000))
    before = every_row()

    settle(transfer, (order, 120_000))

    assert every_row() == before


def test_a_part_is_credited_when_somebody_says_so_and_the_buyer_has_time_for_the_rest() -> None:
    order = waiting_order()
    transfer = take(order.code, 100_000)

    settle(transfer, (order, 100_000))

    order.refresh_from_db()
    assert (order.charged, order.still_due, order.confirmed_at) == (100_000, 20_000, None)
    assert order.payments.get().expires_at == LATER + HOUR + 24 * HOUR
    check_everything()


def test_the_rest_settles_by_itself() -> None:
    order = waiting_order()
    settle(take(order.code, 100_000), (order, 100_000))

    rest = take(order.code, 20_000, now=LATER + 2 * HOUR)

    order.refresh_from_db()
    assert (rest.state, order.charged) == (TransferState.SETTLED, 120_000)
    assert order.confirmed_at == LATER + 2 * HOUR
    check_everything()


def test_a_surplus_stays_to_be_given_back() -> None:
    order = waiting_order()
    transfer = take(order.code, 125_000)

    settle(transfer, (order, 120_000))
    payout = return_transfer(transfer_id=transfer.pk, to=TO, reason="Chuyển dư", actor=DESK, now=LATER)

    order.refresh_from_db()
    transfer.refresh_from_db()
    assert (order.charged, order.confirmed_at) == (120_000, LATER + HOUR)
    assert (transfer.state, payout.amount, payout.note) == (
        TransferState.GIVEN_BACK,
        5_000,
        f"HOAN TIEN {order.code}",
    )
    check_everything()


def test_one_transfer_pays_two_orders() -> None:
    one, other = waiting_order(), waiting_order()
    transfer = take(f"{one.code} {other.code}", 240_000)

    settle(transfer, (one, 120_000), (other, 120_000))

    transfer.refresh_from_db()
    assert transfer.state == TransferState.SETTLED
    assert [order.confirmed_at for order in Order.objects.order_by("number")] == [LATER + HOUR] * 2
    check_everything()


def test_an_order_to_be_paid_in_cash_is_paid_in_full_before_it_is_packed() -> None:
    order = waiting_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=DESK, now=LATER)

    settle(take(order.code), (order, 120_000))
    parcel = pack_parcel(
        part_id=part.pk, quantities={order.lines.get().pk: 2}, actor=DESK, now=LATER + 2 * HOUR
    )

    pending = {p.method: Payment.objects.all().sums()[p.pk].charge_pending for p in order.payments.all()}
    order.refresh_from_db()
    assert (order.charged, parcel.cod_expected) == (120_000, 0)
    assert set(pending.values()) == {0}


def test_cash_that_is_under_way_is_not_paid_twice() -> None:
    order = waiting_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=DESK, now=LATER)
    pack_parcel(part_id=part.pk, quantities={order.lines.get().pk: 2}, actor=DESK, now=LATER)
    transfer = take(order.code)

    with refused(CashOnDeliveryInProgress, "cash_under_way"):
        settle(transfer, (order, 120_000))


def test_part_of_an_order_to_be_paid_in_cash_is_refused() -> None:
    order = waiting_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    transfer = take(order.code, 50_000)

    with refused(CashOnDeliveryInProgress, "cash_under_way"):
        settle(transfer, (order, 50_000))


def test_what_does_not_fit_is_refused() -> None:
    order = waiting_order()
    small, large = take("tien hang", 50_000), take("tien hang", 500_000)

    with refused(AmountExceedsTransfer, "too_much_shared"):
        settle(small, (order, 50_001))
    with refused(AmountExceedsOrderDue, "not_due"):
        settle(large, (order, 120_001))
    for amount in (0, -5):
        with refused(NoAmountAssigned, "nothing_shared"):
            settle(small, (order, amount))
    with refused(NoAmountAssigned, "nothing_shared"):
        settle(small)
    with refused(Missing, "missing"):
        assign_transfer(transfer_id=nobody(), shares={order.pk: 1}, actor=DESK, now=LATER)
    with refused(Missing, "missing"):
        assign_transfer(transfer_id=small.pk, shares={nobody(): 1}, actor=DESK, now=LATER)


def test_an_order_has_its_share_of_a_transfer_once() -> None:
    order = waiting_order()
    transfer = take("tien hang", 100_000)
    settle(transfer, (order, 30_000))

    with refused(TransferAlreadyAssigned, "shared_already"):
        settle(transfer, (order, 20_000))


def test_an_order_that_ended_is_not_paid() -> None:
    order = waiting_order()
    cancel_order(order_id=order.pk, reason="Đổi ý", actor=BANK, now=LATER)
    transfer = take(order.code)

    with refused(OrderEnded, "order_ended"):
        settle(transfer, (order, 120_000))


def test_money_goes_back_to_the_account_that_somebody_wrote() -> None:
    order = waiting_order()
    cancel_order(order_id=order.pk, reason="Đổi ý", actor=BANK, now=LATER)
    transfer = take(order.code)

    payout = return_transfer(transfer_id=transfer.pk, to=TO, reason="Đơn đã huỷ", actor=DESK, now=LATER)
    again = return_transfer(transfer_id=transfer.pk, to=TO, reason="Đơn đã huỷ", actor=DESK, now=LATER)
    waiting = balance(LedgerAccount.UNCLAIMED)
    confirm_transfer_returned(transfer_id=transfer.pk, reference="FT99", actor=DESK, now=LATER + HOUR)

    payout.refresh_from_db()
    assert again == payout
    assert (payout.bank_bin, payout.bank_account, payout.bank_holder) == (
        "970436",
        "0099887766",
        "NGUYEN THI HOA",
    )
    assert (payout.state, payout.paid_at, payout.reference) == (PayoutState.PAID, LATER + HOUR, "FT99")
    assert (waiting, balance(LedgerAccount.UNCLAIMED), balance(LedgerAccount.BANK)) == (-120_000, 0, 0)
    assert Payout.objects.count() == 1
    check_everything()


def test_sent_back_twice_it_was_sent_once() -> None:
    transfer = take("tien hang") if waiting_order() else None
    return_transfer(transfer_id=transfer.pk, to=TO, reason="Nhầm", actor=DESK, now=LATER)
    confirm_transfer_returned(transfer_id=transfer.pk, reference="FT99", actor=DESK, now=LATER + HOUR)
    before = every_row()

    confirm_transfer_returned(transfer_id=transfer.pk, reference="FT100", actor=DESK, now=LATER + HOUR)

    assert every_row() == before


def test_paid_from_the_list_of_payments_it_was_sent_back_once() -> None:
    transfer = take("tien hang") if waiting_order() else None
    payout = return_transfer(transfer_id=transfer.pk, to=TO, reason="Nhầm", actor=DESK, now=LATER)
    mark_payout_paid(payout_id=payout.pk, reference="FT99", actor=DESK, now=LATER + HOUR)
    before = every_row()

    confirm_transfer_returned(transfer_id=transfer.pk, reference="FT100", actor=DESK, now=LATER + HOUR)

    assert every_row() == before
    assert (balance(LedgerAccount.UNCLAIMED), balance(LedgerAccount.BANK)) == (0, 0)
    with refused(AlreadyPaid, "already_paid"):
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
def test_no_account_no_way_back(to: BankAccount) -> None:
    waiting_order()
    transfer = take("tien hang")

    with refused(InvalidBankAccount, "not_an_account"):
        return_transfer(transfer_id=transfer.pk, to=to, reason="Nhầm", actor=DESK, now=LATER)


def test_what_was_settled_is_neither_given_back_nor_set_aside() -> None:
    order = waiting_order()
    transfer = take(order.code)

    with refused(WrongMove, "wrong_move"):
        return_transfer(transfer_id=transfer.pk, to=TO, reason="Nhầm", actor=DESK, now=LATER)
    with refused(WrongMove, "wrong_move"):
        dismiss_transfer(transfer_id=transfer.pk, reason="Nhầm", actor=DESK, now=LATER)
    with refused(Missing, "missing"):
        confirm_transfer_returned(transfer_id=transfer.pk, reference="", actor=DESK, now=LATER)


def test_reasons_are_asked_for() -> None:
    waiting_order()
    transfer = take("tien hang")

    with refused(ReasonRequired, "reason_needed"):
        return_transfer(transfer_id=transfer.pk, to=TO, reason=" ", actor=DESK, now=LATER)
    with refused(ReasonRequired, "reason_needed"):
        dismiss_transfer(transfer_id=transfer.pk, reason="", actor=DESK, now=LATER)


def test_what_was_set_aside_may_be_looked_at_again() -> None:
    order = waiting_order()
    transfer = take("tien hang")
    dismiss_transfer(transfer_id=transfer.pk, reason="Tiền của sàn", actor=DESK, now=LATER)
    with refused(WrongMove, "wrong_move"):
        settle(transfer, (order, 120_000))

    reopen_transfer_review(transfer_id=transfer.pk, actor=DESK, now=LATER)
    settle(transfer, (order, 120_000))

    transfer.refresh_from_db()
    assert transfer.state == TransferState.SETTLED
    check_everything()


def test_one_told_of_twice_and_set_aside_was_never_booked_twice() -> None:
    order = waiting_order()
    take(order.code, reference="FT1")
    again = take(order.code, provider=TransferSource.CASSO, reference="")

    dismiss_transfer(transfer_id=again.pk, reason="Một lần chuyển, báo hai lần", actor=DESK, now=LATER)

    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.UNCLAIMED)) == (120_000, 0)
    check_everything()


def test_one_in_doubt_that_pays_an_order_and_goes_back_in_part_is_booked_once() -> None:
    """Nobody booked it when it was seen, for it might have been told of twice."""
    order = waiting_order()
    take("tien hang", 150_000, reference="FT1")
    again = take("tien hang", 150_000, provider=TransferSource.CASSO, reference="")
    settle(again, (order, 120_000))

    return_transfer(transfer_id=again.pk, to=TO, reason="Chuyển thừa", actor=DESK, now=LATER)
    before = (balance(LedgerAccount.BANK), balance(LedgerAccount.UNCLAIMED))
    confirm_transfer_returned(transfer_id=again.pk, reference="FT99", actor=DESK, now=LATER + HOUR)

    assert before == (300_000, -180_000)  # the first one is here and nobody's, of this one 30,000 are
    assert (balance(LedgerAccount.BANK), balance(LedgerAccount.UNCLAIMED)) == (270_000, -150_000)
    check_everything()


def test_an_expired_order_is_placed_anew_and_paid() -> None:
    order = waiting_order()
    variant = order.lines.get().variant
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)
    transfer = take(order.code, now=NOW + 25 * HOUR)

    fresh = replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 26 * HOUR)

    transfer.refresh_from_db()
    order.refresh_from_db()
    fresh.refresh_from_db()
    assert order.status == OrderStatus.EXPIRED
    assert (fresh.due_gross, fresh.charged, fresh.confirmed_at) == (120_000, 120_000, NOW + 26 * HOUR)
    assert fresh.code != order.code
    assert (fresh.buyer_name, fresh.phone) == (order.buyer_name, order.phone)
    assert stock_of(variant).allocated == 2
    assert transfer.state == TransferState.SETTLED
    assert Change.objects.get(action="order.placed_again").data == {"code": fresh.code}
    check_everything()


def test_placed_anew_twice_it_is_placed_once() -> None:
    """More came than it costs, so the transfer is still looked at when the button is pressed again."""
    order = waiting_order()
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)
    transfer = take(order.code, 300_000, now=NOW + 25 * HOUR)
    fresh = replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 26 * HOUR)
    before = every_row()

    again = replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 27 * HOUR)

    assert again == fresh
    assert every_row() == before
    transfer.refresh_from_db()
    assert (transfer.state, balance(LedgerAccount.UNCLAIMED)) == (TransferState.REVIEW, -180_000)
    check_everything()


def test_without_its_goods_it_is_not_placed_anew() -> None:
    order = waiting_order()
    stock = stock_of(order.lines.get().variant)
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)
    transfer = take(order.code, now=NOW + 25 * HOUR)
    with transaction.atomic():
        stock.refresh_from_db()
        record_movement(stock, -9, reason=MovementReason.LOSS, actor=DESK, now=NOW)
        refresh_availability(variant_ids={stock.variant_id})

    with refused(OrderNotReplaceable, "cannot_be_again"):
        replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=NOW + 26 * HOUR)


def test_an_order_that_stands_is_not_placed_anew() -> None:
    order = waiting_order()
    transfer = take("tien hang")

    with refused(WrongMove, "wrong_move"):
        replace_expired_order(transfer_id=transfer.pk, order_id=order.pk, actor=DESK, now=LATER)


def test_given_back_while_the_order_waits_it_lapses_in_its_time() -> None:
    order = waiting_order()
    transfer = take(order.code, 1_000)
    return_transfer(transfer_id=transfer.pk, to=TO, reason="Thiếu", actor=DESK, now=LATER)

    expire_order(order_id=order.pk, actor=BANK, now=NOW + datetime.timedelta(days=2))

    order.refresh_from_db()
    assert order.status == OrderStatus.EXPIRED
    check_everything()
