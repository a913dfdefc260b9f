"""Cash paid into a till and out of it, with a reason."""

from __future__ import annotations

import pytest

from orders.actions.counter.cash_movements import InvalidCashMovement, MoreThanInTill
from orders.actions.counter.shifts import ShiftClosed, read_expected_cash
from orders.models import CashDirection, CashMovement
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change, KeyReused, Picture
from tests.factories import make_cooperative
from tests.orders.counter.till_helpers import HALF_A_MILLION, LATER, end_shift, make_open_shift, move_cash
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def test_cash_is_paid_in_and_out_with_reason_and_photo() -> None:
    shift, cashier = make_open_shift(500_000)
    picture = Picture.objects.create(original="pictures/original/phieu.jpg")

    paid_in = move_cash(shift, cashier, 200_000, reason=" Thu  nợ, chị Hương ", idempotency_key="a")
    again = move_cash(shift, cashier, 200_000, reason="Thu nợ, chị Hương", idempotency_key="a")
    paid_out = move_cash(
        shift, cashier, 150_000, CashDirection.PAID_OUT, reason="Xe chở hàng", picture=picture
    )

    assert again == paid_in
    assert list(CashMovement.objects.order_by("pk")) == [paid_in, paid_out]
    assert (paid_in.signed_amount, paid_in.reason, paid_in.picture) == (200_000, "Thu nợ, chị Hương", None)
    assert (paid_out.signed_amount, paid_out.picture) == (-150_000, picture)
    assert (paid_out.recorded_by, paid_out.recorded_at) == (cashier, LATER)
    assert read_expected_cash(shift) == 550_000
    change = Change.objects.get(action="shift.cash_paid_out")
    assert (change.data, change.reason, change.root_key) == (
        {"amount": 150_000},
        "Xe chở hàng",
        str(shift.till_id),
    )


@pytest.mark.parametrize("amount", [0, -1, 10_000_000_001])
def test_absurd_amounts_are_refused(amount) -> None:
    shift, cashier = make_open_shift()

    with assert_refused(InvalidCashMovement, "invalid_cash_movement"):
        move_cash(shift, cashier, amount)


def test_reason_is_required() -> None:
    shift, cashier = make_open_shift()

    with assert_refused(ReasonRequired, "reason_required"):
        move_cash(shift, cashier, 1_000, reason="  ")


def test_more_than_the_till_holds_is_asked_about_once() -> None:
    shift, cashier = make_open_shift(500_000)
    out = CashDirection.PAID_OUT

    with assert_refused(MoreThanInTill, "more_than_in_till") as refusal:
        move_cash(shift, cashier, 1_500_000, out, confirmation_token="")
    token = refusal.value.confirmation_token
    with assert_refused(MoreThanInTill, "more_than_in_till"):
        move_cash(shift, cashier, 1_600_000, out, confirmation_token=token)
    move_cash(shift, cashier, 500_000, out, confirmation_token="")
    with assert_refused(MoreThanInTill, "more_than_in_till") as refusal:
        move_cash(shift, cashier, 1, out, confirmation_token="")
    move_cash(shift, cashier, 1, out, confirmation_token=refusal.value.confirmation_token)

    assert read_expected_cash(shift) == -1


def test_closed_shift_takes_no_cash() -> None:
    shift, cashier = make_open_shift(500_000)
    end_shift(shift, cashier, HALF_A_MILLION)

    with assert_refused(ShiftClosed, "shift_closed"):
        move_cash(shift, cashier, 1_000)


def test_key_is_bound_to_direction_and_till() -> None:
    shift, cashier = make_open_shift()
    other, other_cashier = make_open_shift(cooperative=shift.till.cooperative)
    move_cash(shift, cashier, 1_000, idempotency_key="a")

    with assert_refused(KeyReused, "key_reused"):
        move_cash(shift, cashier, 1_000, CashDirection.PAID_OUT, idempotency_key="a")
    with assert_refused(KeyReused, "key_reused"):
        move_cash(other, other_cashier, 1_000, idempotency_key="a")


def test_shift_of_another_cooperative_is_missing() -> None:
    shift, cashier = make_open_shift()
    shift.till.cooperative = make_cooperative("HTX khác")

    with assert_refused(Missing, "missing"):
        move_cash(shift, cashier, 1_000)
