"""Base of the state machines about money: a small market with its rows, its clock and its invariants."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.test import override_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition

from cooperatives.models import DeliveryMethod
from orders.models import (
    BankTransfer,
    GatewayCall,
    LedgerAccount,
    LedgerEntry,
    Order,
    OrderLine,
    Payout,
    Refund,
    WeightQuestion,
)
from shop.core.actors import Actor
from shop.core.errors import Refused
from tests.factories import (
    NOW,
    make_bank_account,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
    make_voucher,
)
from tests.invariants import check_everything

SOMEBODY = Actor.system("machine")
OPERATION_COUNTS: Counter[str] = Counter()  # number of operations that were not refused, by rule
INDEXES = st.integers(min_value=0, max_value=7)
# Random keys have no stable order: the same draws would choose other operations.
ORDERINGS = {
    Order: ["number"],
    OrderLine: ["order__number", "position"],
    WeightQuestion: ["created_at"],
    BankTransfer: ["first_reported_at", "reference"],
    GatewayCall: ["created_at", "operation", "payment__order__number", "payout__created_at", "amount"],
    Payout: ["created_at", "note", "amount"],
    Refund: ["decided_at", "order__number", "amount"],
}
CARRIER = "Giao Hàng Nhanh"
SEPAY_SECRET = "whsec-of-sepay"


def requires_row(rows: Callable[[], Any]) -> Callable[[Any], Any]:
    """Apply a rule only if such a row exists."""
    return precondition(lambda machine: machine.has_rows(rows))


def after_writes(check: Callable[[Any], None]) -> Callable[[Any], None]:
    """Check an invariant only if something was written since its last check."""

    @wraps(check)
    def check_if_changed(machine: Any) -> None:
        written = machine.written
        if machine.checked_at.get(check.__name__) != written:
            check(machine)
            machine.checked_at[check.__name__] = machine.written = written

    return check_if_changed


class Market(RuleBasedStateMachine):
    """A market with two cooperatives, three variants, one of them weighed, a voucher and a moving clock.

    The first cooperative delivers itself, the second uses a carrier.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settings = override_settings(SEPAY_SECRET=SEPAY_SECRET)
        self._settings.enable()
        self._world = transaction.atomic()
        self._world._from_testcase = True  # allows durable atomic blocks inside it
        self._world.__enter__()
        self.written = 0  # statements that may have changed a row
        self.checked_at: dict[str, int] = {}
        self.existing: dict[Any, tuple[int, bool]] = {}
        connection.execute_wrappers.append(self._count_writing)
        self.now = NOW
        self.notices: list[dict[str, Any]] = []
        first, second = make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
        DeliveryMethod.objects.filter(cooperative=second).update(carrier=CARRIER)
        make_bank_account()
        self.variants = [
            make_variant(first, price=99_999, on_hand=7),
            make_variant_sold_by_weight(first, on_hand=9),
            make_variant(second, price=45_001, on_hand=6),
        ]
        make_voucher("CHAO10", value=10, usage_limit=3)

    def teardown(self) -> None:
        try:
            check_everything()
        finally:
            connection.execute_wrappers.remove(self._count_writing)
            transaction.set_rollback(True)
            self._world.__exit__(None, None, None)
            self._settings.disable()

    def next_actor_and_time(self) -> dict[str, Any]:
        """Move the clock by seven minutes and return the arguments `actor` and `now` of an action."""
        self.now += datetime.timedelta(minutes=7)
        return {"actor": SOMEBODY, "now": self.now}

    @invariant()
    @after_writes
    def every_rule_holds(self) -> None:
        check_everything(order_limit=2)

    @invariant()
    @after_writes
    def no_money_is_made_or_lost(self) -> None:
        """Check that money paid and not refunded is booked on our accounts or on its holder's."""
        paid = sum(Order.objects.values_list("charged", flat=True))
        of_events = LedgerEntry.objects.filter(
            posting__order__isnull=False, posting__idempotency_key__startswith="event:"
        )
        booked = of_events.exclude(account=LedgerAccount.BUYER)
        assert sum(booked.values_list("amount", flat=True)) == paid

    def attempt(self, rows: Any, index: int, work: Callable[[Any], Any]) -> None:
        """Do the work on one of the rows, if there are any, and ignore refusals."""
        row = self.pick(rows, index)
        if row is not None:
            with suppress(Refused):
                work(row)
                OPERATION_COUNTS[work.__qualname__.split(".")[1]] += 1

    def has_rows(self, rows: Callable[[], Any]) -> bool:
        """Return whether such a row exists; cached until something is written."""
        if self.existing.get(rows, (None,))[0] != self.written:
            self.existing[rows] = self.written, rows().exists()
        return self.existing[rows][1]

    def pick(self, rows: Any, index: int) -> Any:
        in_order = list(rows.order_by(*ORDERINGS.get(rows.model, ["pk"])))
        return in_order[index % len(in_order)] if in_order else None

    def _count_writing(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            self.written += 1
        return execute(sql, params, many, context)
