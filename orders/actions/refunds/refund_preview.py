"""Compute how a refund would reach the buyer, to show it before it is decided."""

from __future__ import annotations

from dataclasses import dataclass

from orders.actions.payouts.refund_execution import find_payments_with_balance
from orders.actions.payouts.surplus_refunds import read_refundable_surplus
from orders.models import Order, OrderPart, PaymentMethod


@dataclass(frozen=True, slots=True)
class RefundRoute:
    """How the refund reaches the buyer, in minor units: to a card, to a bank account, or as less to pay."""

    card: int
    bank: int
    deduction: int


def refund_route(order: Order, part: OrderPart, amount: int) -> RefundRoute:
    """Return how a refund of `amount` for the part would reach the buyer. Cards come first."""
    repayment = min(amount, read_refundable_surplus(order, planned_refunds={part.pk: amount}))
    card_balance = sum(
        balance
        for payment, balance in find_payments_with_balance(order)
        if payment.method == PaymentMethod.CARD
    )
    card = min(repayment, card_balance)
    return RefundRoute(card=card, bank=repayment - card, deduction=amount - repayment)
