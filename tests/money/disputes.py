"""Disputes: banks withdraw card payments for their customers and may reinstate them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders.models import GatewayCall, GatewayOperation
from orders.states import CallState
from tests.money.cards import Cards
from tests.money.market import INDEXES, requires_row


def charged_calls() -> Any:
    calls = GatewayCall.objects.filter(operation=GatewayOperation.START_PAYMENT, state=CallState.SUCCEEDED)
    return calls.filter(payment__events__kind="charge_success").distinct()


class Disputes(Cards):
    """Operations of banks; Stripe reports them like others: late, twice, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.disputes: list[str] = []

    @requires_row(charged_calls)
    @rule(index=INDEXES, percent=st.sampled_from([50, 100, 100]))
    def dispute(self, index: int, percent: int) -> None:
        reference = self.pick(charged_calls(), index).reference
        charge = self.stripe.account.rows[self._intent(reference)["latest_charge"]]
        unrefunded_amount = charge["amount_captured"] - charge["amount_refunded"]
        if unrefunded_amount and not charge["disputed"]:
            row = self.stripe.open_dispute(reference, amount=max(1, unrefunded_amount * percent // 100))
            self.disputes.append(row["id"])

    @precondition(lambda machine: machine.disputes)
    @rule(index=INDEXES, status=st.sampled_from(["won", "lost"]))
    def close_dispute(self, index: int, status: str) -> None:
        self.stripe.close_dispute(self.disputes.pop(index % len(self.disputes)), status)
