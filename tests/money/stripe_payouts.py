"""Payouts to one cooperative's Stripe account, and reversals for its debts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from cooperatives.models import Cooperative
from orders.actions.gateway.failed_calls import pay_out_by_bank, repeat_failed_call
from orders.actions.gateway.send_gateway_calls import send_call
from orders.actions.gateway.transfer_reversals import (
    find_cooperatives_in_debt,
    read_unreversed_amount,
    reverse_payouts_for_debt,
)
from orders.models import GatewayCall, GatewayOperation, Payout, PayoutMethod
from orders.states import CallState, PayoutState
from tests.money.cards import Cards, intended
from tests.money.market import INDEXES, requires_row
from tests.orders.gateway.card_order_helpers import COOPERATIVE


def refused_calls() -> Any:
    return GatewayCall.objects.awaiting_staff()


def to_be_paid_at_stripe() -> Any:
    return intended().filter(operation=GatewayOperation.PAY_OUT)


def due_at_stripe() -> Any:
    return Payout.objects.filter(method=PayoutMethod.STRIPE, state=PayoutState.DUE)


def at_stripe() -> Any:
    return Payout.objects.filter(method=PayoutMethod.STRIPE)


class StripePayouts(Cards):
    """Operations on cooperatives' money at Stripe."""

    def __init__(self) -> None:
        super().__init__()
        Cooperative.objects.filter(pk=self.variants[0].cooperative_id).update(stripe_account=COOPERATIVE)
        self.stripe.account.balance = None

    def teardown(self) -> None:
        self.stripe.account.balance = None
        super().teardown()

    @requires_row(at_stripe)
    @rule(balance=st.sampled_from([None, 20_000]))
    def change_stripe_balance(self, balance: int | None) -> None:
        """Change Stripe's balance, so that transfers are refused or possible again."""
        self.stripe.account.balance = balance

    @requires_row(to_be_paid_at_stripe)
    @rule(index=INDEXES)
    def send_refused_payout(self, index: int) -> None:
        """Send a payout while Stripe's balance is empty."""
        self.stripe.account.balance = 0
        send_call(call_id=self.pick(to_be_paid_at_stripe(), index).pk, now=self.next_actor_and_time()["now"])
        self.stripe.account.balance = None

    @requires_row(at_stripe)
    @rule()
    def reverse_payouts_of_debtors(self) -> None:
        for cooperative_id, currency in find_cooperatives_in_debt():
            reverse_payouts_for_debt(
                cooperative_id=cooperative_id, currency=currency, **self.next_actor_and_time()
            )

    @requires_row(refused_calls)
    @rule(index=INDEXES, is_repeated=st.booleans())
    def repeat_refused_call(self, index: int, is_repeated: bool) -> None:
        def work(call: GatewayCall) -> None:
            for _round in range(2 if is_repeated else 1):
                repeat_failed_call(call_id=call.pk, **self.next_actor_and_time())

        self.attempt(refused_calls(), index, work)

    @requires_row(due_at_stripe)
    @rule(index=INDEXES)
    def pay_refused_payout_by_bank(self, index: int) -> None:
        self.attempt(
            due_at_stripe(),
            index,
            lambda row: pay_out_by_bank(payout_id=row.pk, **self.next_actor_and_time()),
        )

    def compare_with_stripe(self) -> None:
        super().compare_with_stripe()
        for call in GatewayCall.objects.filter(operation=GatewayOperation.PAY_OUT):
            stripe_transfers = [
                row
                for row in self.stripe.account.list_objects("transfer")
                if row["metadata"].get("key") == call.idempotency_key
            ]
            assert sum(row["amount"] for row in stripe_transfers) == (
                call.amount if call.state == CallState.SUCCEEDED else 0
            )
            assert sum(row["amount"] - row["amount_reversed"] for row in stripe_transfers) == (
                read_unreversed_amount(call.payout) if call.state == CallState.SUCCEEDED else 0
            )
