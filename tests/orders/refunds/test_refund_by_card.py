"""Card payments are refunded to the card, or to a bank account if the card rejects the refund."""

from __future__ import annotations

import pytest

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.actions.payouts.refund_execution import pay_refund_by_bank, set_refund_account
from orders.models import GatewayOperation, Order, Payout, Refund
from orders.states import Coverage
from shop.notifications.models import Notification
from tests.invariants import check_everything
from tests.orders.gateway.card_order_helpers import (
    get_call,
    get_payment_sums,
    look_up_order_call,
    make_paid_card_order,
    send_order_call,
    stripe,
)
from tests.orders.refunds.refund_helpers import (
    ACTOR_AND_NOW,
    ACTOR_NEXT_DAY,
    REFUND_ACCOUNT,
    deliver_order,
    refund_first_line,
)

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db


def test_card_payment_is_refunded_to_card(stripe) -> None:
    order = make_paid_card_order(stripe)
    part = deliver_order(order)

    refund = refund_first_line(part, 20_000)
    send_order_call(order, GatewayOperation.REFUND)

    assert [row["amount"] for row in stripe.account.list_objects("refund")] == [20_000]
    order.refresh_from_db()
    assert (order.current_total_gross, order.charged, order.charge_coverage) == (
        100_000,
        100_000,
        Coverage.FULL,
    )
    assert (refund.repayment, Payout.objects.count()) == (20_000, 0)
    notification = Notification.objects.filter(key__startswith="refund_decided", contact_method="email").get()
    assert "20.000\u00a0₫" in notification.text
    check_everything()


def test_cancelled_card_order_is_refunded(stripe) -> None:
    order = make_paid_card_order(stripe)

    cancel_order(order_id=order.pk, reason="Bão lụt", **ACTOR_AND_NOW)
    send_order_call(order, GatewayOperation.REFUND)

    assert [row["amount"] for row in stripe.account.list_objects("refund")] == [120_000]
    order.refresh_from_db()
    assert (order.current_total_gross, order.charged) == (0, 0)
    check_everything()


def test_refund_that_card_rejects_is_paid_by_bank(stripe, settings) -> None:
    order = make_paid_card_order(stripe)
    part = deliver_order(order)
    stripe.account.next_refund = "pending"
    refund = refund_first_line(part, 20_000)
    send_order_call(order, GatewayOperation.REFUND)
    stripe.settle_refund(get_call(order, GatewayOperation.REFUND).reference, "failed")

    look_up_order_call(order, GatewayOperation.REFUND)

    assert Refund.objects.failed_amounts() == {refund.pk: 20_000}
    pay_refund_by_bank(refund_id=refund.pk, **ACTOR_AND_NOW)
    set_refund_account(order_id=order.pk, account=REFUND_ACCOUNT, **ACTOR_AND_NOW)
    mark_payout_paid(payout_id=Payout.objects.get().pk, reference="FT1", **ACTOR_NEXT_DAY)
    order = Order.objects.get(pk=order.pk)
    assert (order.charged, get_payment_sums(order).refunded, get_payment_sums(order).refund_pending) == (
        100_000,
        20_000,
        0,
    )
    check_everything()
