"""The money of a placed order as staff see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy

from orders.states import ENDED_ORDER_STATUSES, Coverage

if TYPE_CHECKING:
    from orders.models.order import Order
    from orders.models.payment import Payment


class PaymentState(TextChoices):
    """An order's status, its charged amount and its latest payment decide it."""

    WAITING = "waiting", pgettext_lazy("payment state", "waiting for money")
    CASH_ON_DELIVERY = "cod", pgettext_lazy("payment state", "cash on delivery")
    AUTHORISED = "authorised", pgettext_lazy("payment state", "held on the card")
    PARTLY_PAID = "partly_paid", pgettext_lazy("payment state", "paid in part")
    PAID = "paid", pgettext_lazy("payment state", "paid")
    OVERPAID = "overpaid", pgettext_lazy("payment state", "paid too much")
    REFUND_DUE = "refund_due", pgettext_lazy("payment state", "to be refunded")
    NOTHING_DUE = "nothing_due", pgettext_lazy("payment state", "nothing to pay")


def derive_payment_state(order: Order, last_payment: Payment | None) -> PaymentState:
    """Return the state of an order's money.

    `orders.models.shown_status.payment_state_condition` finds orders by it.
    """
    if order.charge_coverage == Coverage.OVER:
        has_ended = order.status in ENDED_ORDER_STATUSES
        return PaymentState.REFUND_DUE if has_ended else PaymentState.OVERPAID
    if not order.current_total_gross:
        return PaymentState.NOTHING_DUE
    if order.charge_coverage == Coverage.FULL:
        return PaymentState.PAID
    if order.charge_coverage == Coverage.PARTIAL:
        return PaymentState.PARTLY_PAID
    if order.authorize_coverage in (Coverage.FULL, Coverage.OVER):
        return PaymentState.AUTHORISED
    is_cash = last_payment is not None and last_payment.is_cash_on_delivery
    return PaymentState.CASH_ON_DELIVERY if is_cash else PaymentState.WAITING
