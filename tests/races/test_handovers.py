"""One code confirmed several times at once, guessed in parallel, and replaced by two givers at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection

from orders import locks
from orders.actions.fulfilment import handovers
from orders.actions.fulfilment.handovers import (
    HandoverCodeClosed,
    IssuedCode,
    Receiver,
    WrongHandoverCode,
    confirm_handover,
    issue_handover_code,
    try_handover_digits,
)
from orders.models import HandoverCode, HandoverMethod, HandoverRecord, HandoverStep, Order, Parcel
from orders.states import ParcelState
from shop.core.actors import Actor
from tests.factories import NOW, make_seller
from tests.races.parallel import run_in_threads
from tests.shop.members.part_factories import accepted_part, closed_parcel

pytestmark = pytest.mark.django_db(transaction=True)


def packed_parcel_with_code() -> tuple[Parcel, Any, IssuedCode]:
    """Return a packed parcel, a callable that makes a code for its driver, and a first code."""
    parcel = closed_parcel(accepted_part(make_seller()))
    issuing = partial(
        issue_handover_code,
        parcel_id=parcel.pk,
        step=HandoverStep.TO_DRIVER,
        cooperative=parcel.part.cooperative,
        giver_name="Hoa",
        now=NOW,
    )
    return parcel, issuing, issuing()


def test_code_confirms_one_handover() -> None:
    parcel, _issuing, issued = packed_parcel_with_code()
    confirming = partial(
        confirm_handover,
        code=issued.code,
        method=HandoverMethod.SCAN,
        receiver=Receiver("Páo", "Bến xe", Actor.system()),
        now=NOW,
    )

    results = run_in_threads([confirming] * 4)

    assert sorted(type(result).__name__ for result in results) == [
        *["HandoverCodeClosed"] * 3,
        "HandoverRecord",
    ]
    parcel.refresh_from_db()
    assert (parcel.state, HandoverRecord.objects.count()) == (ParcelState.HANDED_OVER, 1)


def test_of_parallel_guesses_three_are_compared() -> None:
    parcel, _issuing, issued = packed_parcel_with_code()
    wrong_digits = f"{(int(issued.digits) + 1) % 1_000_000:06}"
    guessing = partial(
        try_handover_digits,
        order_code=parcel.part.order.code,
        label_code=parcel.label_code,
        digits=wrong_digits,
        now=NOW,
    )

    results = run_in_threads([guessing] * 8)

    assert {type(result) for result in results} <= {WrongHandoverCode, HandoverCodeClosed}
    assert HandoverCode.objects.get().tries == 3


def test_two_givers_at_once_leave_one_open_code() -> None:
    _parcel, issuing, _issued = packed_parcel_with_code()

    results = run_in_threads([issuing] * 3)

    assert [type(result) for result in results] == [IssuedCode] * 3
    assert HandoverCode.objects.filter(closed_at=None).count() == 1
    assert HandoverCode.objects.count() == 4


def test_without_lock_the_constraint_refuses_a_second_open_code(monkeypatch) -> None:
    """Another giver makes a code once the first has closed the earlier one."""
    _parcel, issuing, _issued = packed_parcel_with_code()
    monkeypatch.setattr(locks, "lock_order", lambda order_id: Order.objects.get(pk=order_id))
    HandoverCode.objects.update(closed_at=NOW)
    if connection.vendor == "sqlite":  # there the transaction is the lock, so the other code is there before
        issuing()
        monkeypatch.setattr(HandoverCode.objects, "filter", lambda **_values: HandoverCode.objects.none())
    else:
        hash_digits, is_first = handovers._hash_digits, [True]

        def hash_after_other(code: HandoverCode, digits: str) -> str:
            if is_first:
                is_first.clear()
                run_in_threads([issuing])
            return hash_digits(code, digits)

        monkeypatch.setattr(handovers, "_hash_digits", hash_after_other)

    with pytest.raises(IntegrityError):
        issuing()

    monkeypatch.undo()
    assert HandoverCode.objects.filter(closed_at=None).count() == 1
