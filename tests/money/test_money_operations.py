"""Operations on money in any order, drawn by hypothesis; after each step every rule must hold.

`tests.invariants` checks rules 1 (stock), 3 (sums), 5 (paying) and 6 (ledger) on the rows; the machine checks
the rules that must hold over time.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.doubles.stripe import StripeDouble
from tests.money.cash_on_delivery import CashOnDelivery
from tests.money.disputes import Disputes
from tests.money.fulfilment import Fulfilment
from tests.money.incoming_transfers import IncomingTransfers
from tests.money.market import OPERATION_COUNTS
from tests.money.purchases import Purchases
from tests.money.refunds import Refunds
from tests.money.settlements import Settlements
from tests.money.statements import Statements
from tests.money.stripe_payouts import StripePayouts
from tests.orders.gateway.card_order_helpers import stripe

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db


RARE = {
    *("switch_payment_method", "restart_card_payment", "weigh", "assign_by_hand", "return_incoming_transfer"),
    *("refund", "pay_out", "resolve_difference", "accept_problem", "repeat_refused_call"),
}


class Money(
    Purchases,
    IncomingTransfers,
    Disputes,
    StripePayouts,
    Fulfilment,
    CashOnDelivery,
    Refunds,
    Settlements,
    Statements,
):
    """All operations together."""


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
            phases=[Phase.generate],  # shrinking a walk takes longer than reading it
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(900)
def test_rules_hold_for_random_operations(stripe: StripeDouble) -> None:
    # Hypothesis also draws constants of the code, so any change of it leads to other operations.
    for examples in (6, 12, 24):
        walk(stripe, examples, 40, derandomize=True)
        if len(OPERATION_COUNTS) > 12:
            break

    assert len(OPERATION_COUNTS) > 12, "too few kinds of operations were done"


@pytest.mark.long
def test_rules_hold_for_many_random_operations(stripe: StripeDouble) -> None:
    walk(stripe, 60, 80, derandomize=False)
    for _more in range(6):  # until rare operations were done
        if set(OPERATION_COUNTS) >= RARE:
            break
        walk(stripe, 20, 80, derandomize=False)

    assert set(OPERATION_COUNTS) >= RARE
