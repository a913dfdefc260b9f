"""Anything that can happen to money, in any order, drawn by hypothesis; after each step every rule holds.

Rules 1 (stock), 3 (sums), 5 (paying) and 6 (ledger) are asked of the rows by `tests.invariants`; what must
hold of money over time is asked by the machine.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.doubles.stripe import StripeDouble
from tests.money.arriving import Arriving
from tests.money.buying import Buying
from tests.money.cash import Cash
from tests.money.disputing import Disputing
from tests.money.fulfilling import Fulfilling
from tests.money.market import DONE
from tests.money.passing_on import PassingOn
from tests.money.refunding import Refunding
from tests.money.settling import Settling
from tests.money.statements import Statements
from tests.orders.gateway.card_at_hand import stripe

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db


RARE = {
    *("change_the_way", "pay_out", "settle_by_hand", "give_back", "weigh", "begin_anew", "refund"),
    *("make_a_difference_good", "as_the_carrier_says", "ask_for_what_was_refused_again"),
}


class Money(Buying, Arriving, Disputing, PassingOn, Fulfilling, Cash, Refunding, Settling, Statements):
    """All of it together."""


def walk(stripe: StripeDouble, examples: int, steps: int, *, derandomize: bool) -> None:
    Money.stripe = stripe
    run_state_machine_as_test(
        Money,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=derandomize,
            database=None,
            phases=[Phase.generate],  # to shorten a walk takes longer than to read it
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_rules_hold_for_random_operations(stripe: StripeDouble) -> None:
    walk(stripe, 6, 40, derandomize=True)

    assert len(DONE) > 12, "hardly anything happened"


@pytest.mark.long
def test_rules_hold_for_many_random_operations(stripe: StripeDouble) -> None:
    walk(stripe, 60, 80, derandomize=False)
    for _more in range(6):  # what happens rarely is waited for
        if set(DONE) >= RARE:
            break
        walk(stripe, 20, 80, derandomize=False)

    assert set(DONE) >= RARE
