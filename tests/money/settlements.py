"""Settlements are closed and paid out, and balances are corrected."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from cooperatives.models import Cooperative
from orders.actions.cash_on_delivery.cash_offset import offset_collected_cash
from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.actions.settlement.close_settlement import close_settlement, correct_balance
from orders.models import LedgerEntry, Payout, Settlement
from orders.states import PayoutState, SettlementState
from tests.money.market import INDEXES, Market, after_writes, requires_row

FIXED = ("goods", "delivery", "refunds", "commission", "tax_withheld", "corrections", "cash_held", "payable")


def with_entries() -> Any:
    return Settlement.objects.open().filter(entries__isnull=False).distinct()


def closed() -> Any:
    return Settlement.objects.closed()


def to_pay_out() -> Any:
    return Payout.objects.filter(state=PayoutState.DUE)


class Settlements(Market):
    """Operations between the platform and cooperatives."""

    def __init__(self) -> None:
        super().__init__()
        self.fixed: dict[int, tuple[int, ...]] = {}

    @requires_row(with_entries)
    @rule(index=INDEXES, is_repeated=st.booleans(), is_at_once=st.booleans())
    def close(self, index: int, is_repeated: bool, is_at_once: bool) -> None:
        """Close a settlement, and perhaps pay it at once."""

        def work(settlement: Settlement) -> None:
            for _round in range(2 if is_repeated else 1):
                close_settlement(
                    settlement_id=settlement.pk,
                    idempotency_key=f"close:{settlement.pk}",
                    **self.next_actor_and_time(),
                )

        self.attempt(with_entries(), index, work)
        if is_at_once:
            self.pay_out(index, is_repeated)

    @requires_row(closed)
    @rule(index=INDEXES)
    def offset_cash(self, index: int) -> None:
        self.attempt(
            closed(),
            index,
            lambda row: offset_collected_cash(settlement_id=row.pk, **self.next_actor_and_time()),
        )

    @requires_row(to_pay_out)
    @rule(index=INDEXES, is_repeated=st.booleans())
    def pay_out(self, index: int, is_repeated: bool) -> None:
        def work(payout: Payout) -> None:
            who = self.next_actor_and_time()
            if payout.payable_from is not None:  # its account was set less than a day ago
                who = who | {"now": max(who["now"], payout.payable_from)}
            for _round in range(2 if is_repeated else 1):
                mark_payout_paid(
                    payout_id=payout.pk, reference="FT9", idempotency_key=f"paid:{payout.pk}", **who
                )

        self.attempt(to_pay_out(), index, work)

    @rule(index=INDEXES, amount=st.sampled_from([-7_000, 12_345]), is_repeated=st.booleans())
    def correct(self, index: int, amount: int, is_repeated: bool) -> None:
        idempotency_key = f"correct:{self.now}"

        def work(cooperative: Cooperative) -> None:
            for _round in range(2 if is_repeated else 1):
                correct_balance(
                    cooperative_id=cooperative.pk,
                    currency="VND",
                    amount=amount,
                    reason="Counted wrongly",
                    idempotency_key=idempotency_key,
                    **self.next_actor_and_time(),
                )

        self.attempt(Cooperative.objects.all(), index, work)

    @invariant()
    @after_writes
    def closed_settlements_never_change(self) -> None:
        for row in closed():
            figures = tuple(getattr(row, column) for column in FIXED)
            assert self.fixed.setdefault(row.pk, figures) == figures
            entries = LedgerEntry.objects.filter(settlement=row)
            assert entries.balance() == 0, "a closed settlement is balanced"
            due = Payout.objects.of_settlement(row)
            assert (due.amount if due else 0) == max(0, row.payable)
            assert (row.state == SettlementState.PAID) == (due is not None and due.state == PayoutState.PAID)
