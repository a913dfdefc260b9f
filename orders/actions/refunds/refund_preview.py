"""Compute how a refund would reach the buyer, to show it before it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orders.actions.payouts.refund_execution import find_payments_with_balance
from orders.actions.payouts.surplus_refunds import read_refundable_surplus
from orders.models import Order, OrderPart, PaymentMethod, Refund


@dataclass(frozen=True, slots=True)
class RefundRoute:
    """How the refund reaches the buyer, in minor units: to a card, to a bank account, or as less to pay."""

    card: int
    bank: int
    deduction: int


def find_refund_route(order: Order, part: OrderPart, amount: int) -> RefundRoute:
    """Return how a refund of `amount` for the part would reach the buyer. Cards come first."""
    repayment = min(amount, read_refundable_surplus(order, planned_refunds={part.pk: amount}))
    return _build_route(order, amount, repayment)


def read_cancellation_route(order: Order, parts: Sequence[OrderPart]) -> RefundRoute:
    """Return how the money for these active parts would reach the buyer if they were cancelled."""
    reductions = Refund.objects.filter(part__in=parts).amount_reduction_by_part()
    remaining = {part.pk: part.total_gross - reductions.get(part.pk, 0) for part in parts}
    repayment = read_refundable_surplus(order, planned_refunds=remaining)
    return _build_route(order, max(repayment, sum(remaining.values())), repayment)


def _build_route(order: Order, amount: int, repayment: int) -> RefundRoute:
    """Split the repayment of a refund of `amount` between cards and bank accounts."""
    card_balance = sum(
        balance
        for payment, balance in find_payments_with_balance(order)
        if payment.method == PaymentMethod.CARD
    )
    card = min(repayment, card_balance)
    return RefundRoute(card=card, bank=repayment - card, deduction=amount - repayment)
