"""Shifts: opened with counted cash, closed by a count of notes, and handed to the next cashier."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cooperatives.models import Role
from orders.actions.counter.shifts import (
    CashCount,
    CashDifferenceUnexplained,
    DifferenceExplanation,
    InvalidCashCount,
    InvalidLeftCash,
    OpeningDifferenceUnexplained,
    ReviewNotNeeded,
    ShiftAlreadyOpen,
    ShiftClosed,
    read_expected_cash,
    review_shift,
)
from orders.models import CashDifferenceReason, CashDirection, Shift
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_cooperative, make_member, make_user
from tests.orders.counter.till_helpers import (
    HALF_A_MILLION,
    LATER,
    acting,
    begin_shift,
    end_shift,
    make_open_shift,
    make_till,
    move_cash,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
WRONG_CHANGE = DifferenceExplanation(CashDifferenceReason.WRONG_CHANGE, "Khách mua khăn, lúc đông")


def test_shift_opens_with_the_counted_cash() -> None:
    till, cashier = make_till()

    first = begin_shift(till, cashier, 500_000, idempotency_key="a")
    again = begin_shift(till, cashier, 500_000, idempotency_key="a")

    shift = Shift.objects.get()
    assert first == again == shift
    assert (shift.number, shift.cashier, shift.opening_cash, shift.opening_difference) == (
        1,
        cashier,
        500_000,
        0,
    )
    assert (shift.opened_at, shift.is_open, shift.difference, shift.handed_in_cash) == (NOW, True, None, None)
    change = Change.objects.get(action="shift.opened")
    assert (change.root_kind, change.root_key, change.data) == (
        "orders.till",
        str(till.pk),
        {"counted": 500_000},
    )


def test_a_till_has_one_open_shift() -> None:
    shift, cashier = make_open_shift()

    with assert_refused(ShiftAlreadyOpen, "shift_already_open") as refusal:
        begin_shift(shift.till, cashier)

    assert refusal.value.details == {"shift": shift.pk}


def test_several_tills_are_open_at_once() -> None:
    shift, cashier = make_open_shift()
    other, _cashier = make_till("Nhà chung", cooperative=shift.till.cooperative)

    begin_shift(other, cashier)

    assert Shift.objects.open().count() == 2


@pytest.mark.parametrize("cash", [-1, 10_000_000_001])
def test_absurd_opening_is_refused(cash) -> None:
    till, cashier = make_till()

    with assert_refused(InvalidCashCount, "invalid_cash_count"):
        begin_shift(till, cashier, cash)


def test_closing_counts_notes_and_splits_them_between_till_and_cooperative() -> None:
    shift, cashier = make_open_shift(500_000)
    move_cash(shift, cashier, 200_000)
    move_cash(shift, cashier, 150_000, CashDirection.PAID_OUT)

    closed = end_shift(shift, cashier, {500_000: 1, 50_000: 1, 2_000: 0}, left_cash=500_000)

    closed.refresh_from_db()
    assert (closed.expected_cash, closed.counted_cash, closed.difference) == (550_000, 550_000, 0)
    assert closed.note_counts == {"500000": 1, "50000": 1}
    assert (closed.left_cash, closed.handed_in_cash) == (500_000, 50_000)
    assert (closed.closed_at, closed.closed_by, closed.needs_review) == (LATER, cashier, False)
    assert (closed.difference_reason, closed.difference_note) == ("", "")
    assert Change.objects.get(action="shift.closed").data == {"counted": 550_000}


def test_difference_needs_a_reason() -> None:
    shift, cashier = make_open_shift(500_000)

    with assert_refused(CashDifferenceUnexplained, "cash_difference_unexplained") as refusal:
        end_shift(shift, cashier, {200_000: 2, 50_000: 1})

    assert (refusal.value.field, refusal.value.details) == ("difference_reason", {"expected": 500_000})


def test_small_difference_is_recorded_with_its_reason() -> None:
    shift, cashier = make_open_shift(500_000)

    closed = end_shift(shift, cashier, {200_000: 2, 50_000: 1}, explanation=WRONG_CHANGE)

    assert (closed.difference, closed.needs_review) == (-50_000, False)
    assert (closed.difference_reason, closed.difference_note) == ("wrong_change", "Khách mua khăn, lúc đông")
    assert not Shift.objects.awaiting_review().exists()
    assert Change.objects.get(action="shift.closed").data == {"counted": 450_000, "difference": -50_000}


def test_large_difference_waits_for_a_manager() -> None:
    shift, cashier = make_open_shift(500_000)
    cooperative = shift.till.cooperative
    manager = make_member(cooperative, Role.MANAGER)

    closed = end_shift(shift, cashier, {200_000: 2}, explanation=WRONG_CHANGE)

    assert list(Shift.objects.awaiting_review()) == [closed]
    common = {"cooperative": cooperative, "shift_id": closed.pk, "actor": acting(manager), "now": LATER}
    review_shift(**common)
    closed.refresh_from_db()
    assert (closed.reviewed_at, closed.reviewed_by) == (LATER, manager)
    with assert_refused(ReviewNotNeeded, "review_not_needed"):
        review_shift(**common)


@pytest.mark.parametrize("notes", [{500_000: -1}, {500_000: 100_001}, {3_000: 1}])
def test_impossible_notes_are_refused(notes) -> None:
    shift, cashier = make_open_shift(500_000)

    with assert_refused(InvalidCashCount, "invalid_cash_count"):
        end_shift(shift, cashier, notes, explanation=WRONG_CHANGE)


@pytest.mark.parametrize("left_cash", [-1, 500_001])
def test_no_more_is_left_than_was_counted(left_cash) -> None:
    shift, cashier = make_open_shift(500_000)

    with assert_refused(InvalidLeftCash, "invalid_left_cash"):
        end_shift(shift, cashier, HALF_A_MILLION, left_cash=left_cash)


def test_closed_shift_is_closed_once_and_its_key_answers_again() -> None:
    shift, cashier = make_open_shift(500_000)

    end_shift(shift, cashier, HALF_A_MILLION, idempotency_key="a")
    again = end_shift(shift, cashier, {500_000: 2}, idempotency_key="a")

    assert again.counted_cash == 500_000
    with assert_refused(ShiftClosed, "shift_closed"):
        end_shift(shift, cashier, HALF_A_MILLION)


def test_shift_is_handed_to_the_next_cashier_who_counts_what_was_left() -> None:
    shift, cashier = make_open_shift(500_000)
    next_cashier = make_member(shift.till.cooperative, Role.CASHIER)

    closed = end_shift(shift, cashier, HALF_A_MILLION, left_cash=300_000, next_cashier_id=next_cashier.pk)
    following = begin_shift(shift.till, next_cashier, 300_000, now=LATER)

    assert (closed.next_cashier, following.cashier) == (next_cashier, next_cashier)
    assert (following.number, following.opening_cash, following.opening_difference) == (2, 300_000, 0)


def test_next_cashier_explains_a_sum_other_than_was_left() -> None:
    shift, cashier = make_open_shift(500_000)
    end_shift(shift, cashier, HALF_A_MILLION, left_cash=300_000)

    with assert_refused(OpeningDifferenceUnexplained, "opening_difference_unexplained") as refusal:
        begin_shift(shift.till, cashier, 280_000, now=LATER)
    following = begin_shift(shift.till, cashier, 280_000, note="Đưa Sơn mua túi", now=LATER)

    assert refusal.value.details == {"left": 300_000}
    assert (following.opening_difference, following.opening_note) == (-20_000, "Đưa Sơn mua túi")
    assert read_expected_cash(following) == 280_000


def test_shift_is_handed_to_members_only() -> None:
    shift, cashier = make_open_shift(500_000)
    stranger = make_user()

    with assert_refused(Missing, "missing"):
        end_shift(shift, cashier, HALF_A_MILLION, next_cashier_id=stranger.pk)


def test_another_cashier_closes_the_shift_of_a_lost_phone() -> None:
    shift, _cashier = make_open_shift(500_000)
    other = make_member(shift.till.cooperative, Role.CASHIER)

    closed = end_shift(shift, other, HALF_A_MILLION)

    assert closed.closed_by == other


def test_shift_of_another_cooperative_is_missing() -> None:
    shift, cashier = make_open_shift(500_000)
    common = {"cooperative": make_cooperative("HTX khác"), "actor": acting(cashier), "now": LATER}

    with assert_refused(Missing, "missing"):
        review_shift(shift_id=shift.pk, **common)
    with assert_refused(Missing, "missing"):
        review_shift(shift_id=shift.pk + 1, **common)


amounts = st.integers(min_value=1, max_value=2_000_000)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    opening=st.integers(min_value=0, max_value=5_000_000),
    moves=st.lists(st.tuples(st.sampled_from(CashDirection), amounts), max_size=8),
    note_counts=st.dictionaries(
        st.sampled_from([500_000, 20_000, 500]), st.integers(min_value=0, max_value=9)
    ),
)
def test_expected_cash_is_the_opening_and_what_was_paid_in_and_out(opening, moves, note_counts) -> None:
    shift, cashier = make_open_shift(opening)
    for direction, amount in moves:
        move_cash(shift, cashier, amount, direction)

    counted = CashCount.of_notes(note_counts)
    closed = end_shift(shift, cashier, note_counts, explanation=WRONG_CHANGE)

    paid_in = sum(amount for direction, amount in moves if direction == CashDirection.PAID_IN)
    paid_out = sum(amount for direction, amount in moves if direction == CashDirection.PAID_OUT)
    assert closed.expected_cash == opening + paid_in - paid_out
    assert closed.counted_cash == counted.total == sum(v * n for v, n in note_counts.items())
    assert closed.difference == counted.total - closed.expected_cash
    assert (closed.difference_reason == "") == (closed.difference == 0)
