"""Cooperatives with money in an open settlement, and closed settlements."""

from __future__ import annotations

from cooperatives.models import Cooperative
from orders.actions.settlement.close_settlement import close_settlement, correct_balance
from orders.models import OrderPart, Payout, Settlement
from tests.factories import make_order, make_variant
from tests.orders.cash_on_delivery.cash_helpers import ACTOR_AND_NOW
from tests.orders.ledger.test_earnings_postings import deliver, refund, with_commission
from tests.row_reuse import reuse_rows

ACCOUNT = {"bank_bin": "970405", "bank_account": "8888000011", "bank_holder": "HTX THIEN AN"}


@reuse_rows
def make_open_settlement(
    cooperative: Cooperative, amount: int = 50_000, *, reason: str = "thưởng", idempotency_key: str = "1"
) -> Settlement:
    """Make an open settlement that owes the cooperative this amount by a correction."""
    correct_balance(
        cooperative_id=cooperative.pk,
        currency="VND",
        amount=amount,
        reason=reason,
        idempotency_key=idempotency_key,
        **ACTOR_AND_NOW,
    )
    return Settlement.objects.open().get(cooperative=cooperative)


@reuse_rows
def make_sale(cooperative: Cooperative, *, price: int = 100_000, refunded_amount: int = 0) -> OrderPart:
    """Make a delivered order of two items with 5 % commission; `refunded_amount` of it is refunded."""
    part = make_order((make_variant(cooperative, price=price), 2)).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(carrier="Viettel Post")
    part = OrderPart.objects.get(pk=part.pk)
    with_commission(part)
    deliver(part)
    if refunded_amount:
        refund(part, line=refunded_amount)
    return part


def close_open_settlement(cooperative: Cooperative) -> Settlement:
    open_settlement = Settlement.objects.open().get(cooperative=cooperative)
    return close_settlement(settlement_id=open_settlement.pk, **ACTOR_AND_NOW)


def make_due_payout(cooperative: Cooperative, amount: int = 50_000) -> Payout:
    """Make the payout of a closed settlement."""
    make_open_settlement(cooperative, amount, idempotency_key=str(Settlement.objects.count()))
    return Payout.objects.get(settlement=close_open_settlement(cooperative))
