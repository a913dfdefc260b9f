"""Shifts of one till that are opened at once, and cash recorded while the shift closes."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection

from orders import locks
from orders.actions.counter import shifts
from orders.actions.counter.shifts import ShiftAlreadyOpen, ShiftClosed
from orders.models import CashMovement, Shift, Till
from tests.orders.counter.till_helpers import HALF_A_MILLION, begin_shift, end_shift, make_till, move_cash
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def shift_with_actions() -> tuple[Any, Any]:
    """Return callables that pay cash into an open shift and close it."""
    till, cashier = make_till()
    shift = begin_shift(till, cashier, 500_000)
    return partial(move_cash, shift, cashier, 20_000), partial(end_shift, shift, cashier, HALF_A_MILLION)


def test_one_of_several_openings_succeeds() -> None:
    till, cashier = make_till()

    results = run_in_threads([partial(begin_shift, till, cashier)] * 3)

    assert sorted(type(result).__name__ for result in results) == [
        Shift.__name__,
        ShiftAlreadyOpen.__name__,
        ShiftAlreadyOpen.__name__,
    ]
    assert Shift.objects.open().count() == 1


def test_without_lock_the_constraint_refuses_the_second_shift(monkeypatch) -> None:
    """Another shift opens once the first has found none open."""
    till, cashier = make_till()
    opening = partial(begin_shift, till, cashier)
    monkeypatch.setattr(locks, "lock_till", lambda till_id: Till.objects.get(pk=till_id))

    def find_none_then_open(_till: Till) -> None:
        monkeypatch.undo()
        if connection.vendor != "sqlite":  # there the transaction is the lock, so it opened before that began
            run_in_threads([opening])

    if connection.vendor == "sqlite":
        opening()
    monkeypatch.setattr(shifts, "_find_last_shift", find_none_then_open)

    with pytest.raises(IntegrityError):
        opening()

    assert Shift.objects.open().count() == 1


def test_cash_is_counted_in_the_closed_shift_or_refused() -> None:
    paying_in, closing = shift_with_actions()

    paid_in, closed = run_in_threads([paying_in, closing])

    shift = Shift.objects.get()
    assert (type(paid_in), type(closed), shift.expected_cash) in (
        (ShiftClosed, Shift, 500_000),
        (CashMovement, shifts.CashDifferenceUnexplained, None),
    )


def test_without_lock_cash_is_paid_into_a_closed_shift(monkeypatch) -> None:
    """The shift closes once the payment has found it open."""
    paying_in, closing = shift_with_actions()
    stale_shift = Shift.objects.select_related("till").get()

    def read_then_close(shift_id: int) -> Shift:
        monkeypatch.undo()
        if connection.vendor != "sqlite":  # there the transaction is the lock, so it closed before that began
            run_in_threads([closing])
        return stale_shift

    if connection.vendor == "sqlite":
        closing()
    monkeypatch.setattr(locks, "lock_shift", read_then_close)

    paying_in()

    shift = Shift.objects.get()
    assert (shift.expected_cash, shift.cash_movements.get().amount) == (500_000, 20_000)
