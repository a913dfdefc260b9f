"""Open a till's shift with counted cash, and close it by a count of notes."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, Membership
from orders import locks
from orders.actions.counter.tills import TillClosed, lock_own_till
from orders.models import CashDifferenceReason, CounterReturn, CounterSale, Shift, Till
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import find_key_of_created_row, record_change, was_done_with_key

# Values of the notes that a count asks for, in minor units. In other currencies the sum alone is entered.
NOTES: Mapping[str, tuple[int, ...]] = {
    "VND": (500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500)
}
MAX_CASH = 10_000_000_000
MAX_NOTES = 100_000
# A manager looks at a shift whose cash differs by more, in minor units.
REVIEWED_DIFFERENCE = 50_000


class InvalidCashCount(Refused):
    """A counted sum or number of notes that cannot be, such as a negative one."""

    code = "invalid_cash_count"
    default_message = _("Count again. This number cannot be right.")


class ShiftAlreadyOpen(Refused):
    """The till has an open shift, `details["shift"]`."""

    code = "shift_already_open"
    default_message = _("A shift is already open at this till.")


class OpeningDifferenceUnexplained(Refused):
    """The counted cash is not what the shift before left, `details["left"]` in minor units."""

    code = "opening_difference_unexplained"
    default_message = _("The last shift left a different sum. Count again, or explain the difference.")


class ShiftClosed(Refused):
    code = "shift_closed"
    default_message = _("This shift is closed.")


class CashDifferenceUnexplained(Refused):
    """The counted cash is not the expected cash, `details["expected"]` in minor units."""

    code = "cash_difference_unexplained"
    default_message = _("The cash differs from the records. Choose why.")


class InvalidLeftCash(Refused):
    """The cash left in the till is negative, or more than was counted."""

    code = "invalid_left_cash"
    default_message = _("You cannot leave more in the till than you counted.")


class ReviewNotNeeded(Refused):
    code = "review_not_needed"
    default_message = _("This shift needs no review, or a manager has reviewed it.")


@dataclass(frozen=True, slots=True)
class CashCount:
    """Cash as counted: how many notes of each value, or only the sum in a currency without known notes."""

    note_counts: Mapping[int, int]
    total: int

    @classmethod
    def of_notes(cls, note_counts: Mapping[int, int]) -> CashCount:
        """Return the count of these notes, without those that are not there."""
        counts = {value: count for value, count in sorted(note_counts.items(), reverse=True) if count}
        return cls(counts, sum(value * count for value, count in counts.items()))

    @classmethod
    def of_sum(cls, total: int) -> CashCount:
        return cls({}, total)


@dataclass(frozen=True, slots=True)
class DifferenceExplanation:
    """Why the counted cash differs from the records. `reason` is empty if it does not."""

    reason: CashDifferenceReason | None = None
    note: str = ""


UNEXPLAINED = DifferenceExplanation()


@transaction.atomic(durable=True)
def open_shift(
    *,
    cooperative: Cooperative,
    till_id: int,
    counted: CashCount,
    note: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Shift:
    """Open a shift of the acting cashier with the counted cash.

    If it is not what the shift before left in the till, `note` explains why. A repeated `idempotency_key`
    returns the first shift. Raises InvalidCashCount, KeyReused, Missing, OpeningDifferenceUnexplained,
    ShiftAlreadyOpen, TillClosed.
    """
    till = lock_own_till(cooperative, till_id)
    existing_key = find_key_of_created_row(
        idempotency_key, "shift.opened", cooperative_id=cooperative.pk, root=till
    )
    if existing_key is not None:
        return Shift.objects.get(pk=existing_key)
    if till.closed_at is not None:
        raise TillClosed()
    _require_possible_count(till, counted)
    last = _find_last_shift(till)
    if last is not None and last.is_open:
        raise ShiftAlreadyOpen(shift=last.pk)
    note = " ".join(note.split())[:200]
    difference = counted.total - (last.left_cash or 0) if last is not None else 0
    if difference and last is not None and not note:
        raise OpeningDifferenceUnexplained(field="note", left=last.left_cash)
    shift = Shift.objects.create(
        till=till,
        number=last.number + 1 if last is not None else 1,
        cashier_id=actor.user_id,
        opening_cash=counted.total,
        opening_difference=difference,
        opening_note=note,
        opened_at=now,
    )
    data = {"counted": counted.total} | ({"difference": difference} if difference else {})
    record_change(
        "shift.opened",
        shift,
        actor=actor,
        now=now,
        root=till,
        cooperative_id=cooperative.pk,
        reason=note,
        data=data,
        idempotency_key=idempotency_key,
    )
    return shift


@transaction.atomic(durable=True)
def close_shift(
    *,
    cooperative: Cooperative,
    shift_id: int,
    counted: CashCount,
    left_cash: int,
    explanation: DifferenceExplanation = UNEXPLAINED,
    next_cashier_id: int | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Shift:
    """Close a shift with the counted cash, of which `left_cash` stays in the till for the next cashier.

    Any cashier may close it, because a phone may be lost with its shift open. A difference of more than
    REVIEWED_DIFFERENCE waits for a manager's review. Raises CashDifferenceUnexplained, InvalidCashCount,
    InvalidLeftCash, KeyReused, Missing, ShiftClosed.
    """
    shift = lock_own_shift(cooperative, shift_id)
    if was_done_with_key(idempotency_key, "shift.closed", shift):
        return shift
    if not shift.is_open:
        raise ShiftClosed()
    _require_possible_count(shift.till, counted)
    if not 0 <= left_cash <= counted.total:
        raise InvalidLeftCash(field="left_cash")
    expected = read_expected_cash(shift)
    difference = counted.total - expected
    if difference and explanation.reason is None:
        raise CashDifferenceUnexplained(field="difference_reason", expected=expected)
    if next_cashier_id is not None:
        _require_active_member(cooperative, next_cashier_id)
    shift.closed_at, shift.closed_by_id = now, actor.user_id
    shift.expected_cash, shift.counted_cash, shift.left_cash = expected, counted.total, left_cash
    shift.note_counts = {str(value): count for value, count in counted.note_counts.items()}
    if difference and explanation.reason is not None:
        shift.difference_reason = explanation.reason
        shift.difference_note = " ".join(explanation.note.split())[:200]
    shift.next_cashier_id = next_cashier_id
    shift.needs_review = abs(difference) > REVIEWED_DIFFERENCE
    shift.save()
    data = {"counted": counted.total} | ({"difference": difference} if difference else {})
    record_change(
        "shift.closed",
        shift,
        actor=actor,
        now=now,
        root=shift.till,
        cooperative_id=cooperative.pk,
        reason=shift.difference_note,
        data=data,
        idempotency_key=idempotency_key,
    )
    return shift


@transaction.atomic(durable=True)
def review_shift(*, cooperative: Cooperative, shift_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Record that a manager has looked at a closed shift's large difference.

    Raises Missing, ReviewNotNeeded.
    """
    shift = lock_own_shift(cooperative, shift_id)
    if not shift.needs_review or shift.reviewed_at is not None:
        raise ReviewNotNeeded()
    shift.reviewed_at, shift.reviewed_by_id = now, actor.user_id
    shift.save(update_fields=["reviewed_at", "reviewed_by"])
    record_change(
        "shift.reviewed", shift, actor=actor, now=now, root=shift.till, cooperative_id=cooperative.pk
    )


def lock_own_shift(cooperative: Cooperative, shift_id: int) -> Shift:
    """In a transaction: lock the till of a cooperative's shift, and return the shift. Raises Missing."""
    shift = locks.lock_shift(shift_id)
    if shift.till.cooperative_id != cooperative.pk:
        raise Missing()
    return shift


def read_expected_cash(shift: Shift) -> int:
    """Return the cash that an open shift's till must hold by its records, in minor units."""
    paid_in, paid_out = shift.cash_movements.all().read_sums()
    sold = CounterSale.objects.filter(shift=shift).read_cash()["cash"]
    returned = CounterReturn.objects.filter(shift=shift).read_cash()["cash"]
    return shift.opening_cash + sold - returned + paid_in - paid_out


def _find_last_shift(till: Till) -> Shift | None:
    return till.shifts.order_by("number").last()


def _require_possible_count(till: Till, counted: CashCount) -> None:
    """Raise InvalidCashCount for unknown notes, negative numbers and absurd sums."""
    known_notes = NOTES.get(till.currency, ())
    are_notes_possible = all(
        value in known_notes and 0 < count <= MAX_NOTES for value, count in counted.note_counts.items()
    )
    if not are_notes_possible or not 0 <= counted.total <= MAX_CASH:
        raise InvalidCashCount(field="counted")


def _require_active_member(cooperative: Cooperative, user_id: int) -> None:
    """Raise Missing unless the user is an active member of the cooperative."""
    if not Membership.objects.filter(cooperative=cooperative, user=user_id, is_active=True).exists():
        raise Missing()
