"""Unambiguous transfers settle their orders; all others go to review."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.payments.order_payments import change_payment_method
from orders.actions.placement.order_sweeps import expire_order
from orders.models import (
    BankTransfer,
    Order,
    Parcel,
    PaymentEvent,
    PaymentMethod,
    ReviewReason,
    TransferShare,
)
from orders.payments.incoming_transfers import TransferSource
from orders.states import CodState, Coverage, OrderStatus, TransferState
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import NOW, make_bank_account, make_order, make_variant
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import (
    BANK,
    HOUR,
    LATER,
    make_incoming_transfer,
    make_transfer_order,
    receive_transfer,
    record_in_transaction,
)
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db


def in_review(transfer: BankTransfer, reason: ReviewReason) -> bool:
    """Return whether the transfer is under review for this reason and not assigned to any order."""
    return (transfer.state, transfer.reason) == (TransferState.REVIEW, reason) and not (
        TransferShare.objects.filter(transfer=transfer).exists()
    )


def changes_of(transfer: BankTransfer) -> list[str]:
    return [change.action for change in Change.objects.of_row(transfer).oldest_first()]


def test_transfer_with_exact_code_and_amount_confirms_order() -> None:
    order = make_transfer_order()

    transfer = receive_transfer(f"NGUYEN THI HOA chuyen tien {order.code}")

    order.refresh_from_db()
    share = transfer.shares.get()
    assert (transfer.state, transfer.reason, transfer.order) == (TransferState.ASSIGNED, "", order)
    assert (share.amount, share.payment.order, share.event.reference) == (120_000, order, transfer.reference)
    assert (order.confirmed_at, order.charged, order.charge_coverage) == (LATER, 120_000, Coverage.FULL)
    assert changes_of(transfer) == ["transfer.recorded", "transfer.fully_assigned"]
    check_everything()


@pytest.mark.parametrize(
    "mangle", [str.lower, lambda code: f"{code[:3]} {code[3:]}", lambda code: f"x.{code}.y"]
)
def test_code_is_recognised_in_mangled_note(mangle) -> None:
    order = make_transfer_order()

    assert receive_transfer(mangle(order.code)).state == TransferState.ASSIGNED


def test_repeated_notice_changes_nothing() -> None:
    order = make_transfer_order()
    arrival = make_incoming_transfer(order.code)
    first = record_in_transaction(arrival, now=LATER)
    before = all_rows()

    second = record_in_transaction(arrival, now=LATER + HOUR)

    assert first.is_new
    assert not second.is_new
    assert second.transfer == first.transfer
    assert all_rows() == before


def test_notice_of_another_service_with_same_bank_reference_changes_nothing() -> None:
    order = make_transfer_order()
    first = receive_transfer(order.code, reference="FT 26-330")
    before = all_rows()

    second = receive_transfer(f"CT DEN {order.code} abc", provider=TransferSource.CASSO, reference="FT26330")

    assert second == first
    assert all_rows() == before


@pytest.mark.parametrize(
    ("amount", "reason"), [(119_999, "too_little"), (120_001, "too_much"), (1, "too_little")]
)
def test_transfer_of_another_amount_goes_to_review(amount: int, reason: ReviewReason) -> None:
    order = make_transfer_order()

    transfer = receive_transfer(order.code, amount)

    order.refresh_from_db()
    assert in_review(transfer, reason)
    assert (order.charged, order.confirmed_at, transfer.order) == (0, None, order)
    assert changes_of(transfer) == ["transfer.recorded", "transfer.sent_to_review"]
    check_everything()


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("", ReviewReason.NO_ORDER_CODE),
        ("tien hang", ReviewReason.NO_ORDER_CODE),
        ("TQQQQQ9", ReviewReason.NO_ORDER_CODE),
    ],
)
def test_transfer_without_code_goes_to_review(note: str, reason: ReviewReason) -> None:
    make_transfer_order()

    assert in_review(receive_transfer(note), reason)


def test_transfer_with_unknown_code_goes_to_review() -> None:
    order = make_transfer_order()
    code = order.code
    order.code = "T234679"
    order.save(update_fields=["code"])

    assert in_review(receive_transfer(code), ReviewReason.UNKNOWN_CODE)


def test_transfer_naming_two_orders_goes_to_review() -> None:
    one, other = make_transfer_order(), make_transfer_order()

    transfer = receive_transfer(f"{one.code} {other.code}", 240_000)

    assert in_review(transfer, ReviewReason.SEVERAL_ORDERS)
    assert transfer.order is None
    check_everything()


def test_late_transfer_goes_to_review_and_keeps_order_from_expiring() -> None:
    order = make_transfer_order()

    transfer = receive_transfer(order.code, booked_at=NOW + 25 * HOUR, now=NOW + 25 * HOUR)
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 26 * HOUR)

    order.refresh_from_db()
    assert in_review(transfer, ReviewReason.AFTER_DEADLINE)
    assert order.expired_at is None


def test_transfer_made_in_time_and_reported_late_settles_order() -> None:
    order = make_transfer_order()

    transfer = receive_transfer(order.code, booked_at=NOW + 23 * HOUR, now=NOW + 25 * HOUR)

    assert transfer.state == TransferState.ASSIGNED


def test_second_transfer_for_paid_order_goes_to_review() -> None:
    order = make_transfer_order()
    receive_transfer(order.code)

    repeated = receive_transfer(order.code)

    order.refresh_from_db()
    assert in_review(repeated, ReviewReason.ALREADY_PAID)
    assert order.charged == 120_000
    check_everything()


def test_transfer_for_expired_order_goes_to_review() -> None:
    order = make_transfer_order()
    expire_order(order_id=order.pk, actor=BANK, now=NOW + 24 * HOUR)

    transfer = receive_transfer(order.code, now=NOW + 25 * HOUR)

    order.refresh_from_db()
    assert in_review(transfer, ReviewReason.ORDER_ENDED)
    assert (order.charged, order.status) == (0, OrderStatus.EXPIRED)
    check_everything()


def test_transfer_for_cancelled_order_goes_to_review() -> None:
    order = make_transfer_order()
    cancel_order(order_id=order.pk, reason="Changed my mind", actor=BANK, now=LATER)

    assert in_review(receive_transfer(order.code), ReviewReason.ORDER_ENDED)
    check_everything()


def pack_all(order: Order) -> Parcel:
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=BANK, now=LATER)
    quantities = {line.pk: line.quantity for line in part.lines.all()}
    return pack_parcel(part_id=part.pk, quantities=quantities, actor=BANK, now=LATER)


def test_transfer_pays_a_cash_order_that_is_not_packed_yet() -> None:
    order = make_transfer_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)

    assert in_review(receive_transfer(order.code, 119_000), ReviewReason.TOO_LITTLE)
    assert receive_transfer(order.code).state == TransferState.ASSIGNED

    parcel = pack_all(order)
    order.refresh_from_db()
    assert (order.charged, parcel.cod_expected, parcel.cod_state) == (120_000, 0, CodState.NONE)
    check_everything()


def test_transfer_for_a_packed_cash_order_goes_to_review() -> None:
    order = make_transfer_order()
    change_payment_method(order_id=order.pk, method=PaymentMethod.COD, actor=Actor.guest(), now=LATER)
    parcel = pack_all(order)

    assert in_review(receive_transfer(order.code), ReviewReason.OTHER_METHOD)
    parcel.refresh_from_db()
    assert (parcel.cod_expected, parcel.cod_state) == (120_000, CodState.EXPECTED)
    check_everything()


def test_transfer_to_another_account_goes_to_review() -> None:
    order = make_transfer_order()

    assert in_review(receive_transfer(order.code, account="999"), ReviewReason.OTHER_ACCOUNT)


def test_transfer_goes_to_review_if_shop_has_no_bank_account() -> None:
    order = make_order((make_variant(), 1))

    assert in_review(receive_transfer(order.code), ReviewReason.OTHER_ACCOUNT)


def test_account_number_without_leading_zeros_is_recognised() -> None:
    order = make_transfer_order()

    assert receive_transfer(order.code, account="11223344556").state == TransferState.ASSIGNED


def test_repeated_notice_matches_account_number_without_leading_zeros() -> None:
    order = make_transfer_order()
    first = receive_transfer(order.code, account="11223344556", reference="FT1")

    repeated = receive_transfer(
        order.code, provider=TransferSource.CASSO, account="0011 2233 44556", reference="FT1"
    )

    assert repeated == first
    assert BankTransfer.objects.count() == 1
    check_everything()


def test_similar_transfer_of_another_service_without_reference_goes_to_review() -> None:
    order = make_transfer_order()
    receive_transfer(order.code, reference="FT1")

    repeated = receive_transfer(order.code, provider=TransferSource.CASSO, reference="")

    assert in_review(repeated, ReviewReason.REPEATED)


def test_similar_transfer_with_its_own_reference_is_another_transfer() -> None:
    make_bank_account()
    first = receive_transfer("tien hang", reference="FT1")

    second = receive_transfer("tien hang", reference="FT2")

    assert first != second
    assert in_review(second, ReviewReason.NO_ORDER_CODE)


def test_similar_transfers_with_different_event_ids_are_kept_apart() -> None:
    make_bank_account()
    first = receive_transfer("tien hang", reference="", event_id="1")
    repeated = receive_transfer("tien hang", reference="", event_id="1")

    second = receive_transfer("tien hang", reference="", event_id="2")

    assert repeated == first
    assert in_review(second, ReviewReason.REPEATED)
    assert BankTransfer.objects.count() == 2


def test_settling_order_records_one_charge_event_and_keeps_payment_deadline() -> None:
    order = make_transfer_order()
    receive_transfer(order.code)

    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    assert order.payments.get().expires_at == NOW + datetime.timedelta(hours=24)
