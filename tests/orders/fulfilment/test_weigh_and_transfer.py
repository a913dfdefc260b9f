"""Weighed orders paid by transfer: the difference is requested from or refunded to the buyer."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import answer_weight_question, weigh_line
from orders.models import Order, OrderPart, PaymentMethod, Payout, Refund, WeightQuestion
from orders.states import Coverage
from shop.core.actors import Actor
from shop.notifications.models import Notification
from tests.factories import NOW, make_bank_account, make_order, make_seller, make_variant_sold_by_weight
from tests.invariants import check_everything
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import receive_transfer

pytestmark = pytest.mark.django_db
PACKER = Actor.system("test")
LATER = NOW + datetime.timedelta(hours=2)


def paid_part(*lines) -> OrderPart:
    """Return an accepted part paid by transfer: by default two gourds for 72,000 plus 30,000 for delivery."""
    make_bank_account()
    order = make_order(
        *(lines or ((make_variant_sold_by_weight(), 2),)),
        method=PaymentMethod.TRANSFER,
        email="hoa@example.com",
    )
    receive_transfer(order.code, order.total_gross)
    for part in order.parts.order_by("number"):
        accept_part(part_id=part.pk, actor=PACKER, now=LATER)
    return order.parts.order_by("number")[0]


def weigh(part: OrderPart, grams: int) -> Order:
    weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=grams, actor=PACKER, now=LATER)
    return Order.objects.get(pk=part.order_id)


def payment_requests() -> list[Notification]:
    return list(Notification.objects.filter(key__startswith="amount_due:").order_by("pk"))


def test_cost_of_higher_weight_is_requested_by_email_and_on_page(client) -> None:
    part = paid_part()

    order = weigh(part, 5000)

    assert (order.current_total_gross, order.charged, order.amount_due) == (105_000, 102_000, 3_000)
    (notification,) = payment_requests()
    for text in (notification.text, notification.html):
        assert "105.000\u00a0₫" in text
        assert "3.000\u00a0₫" in text
        assert order.code in text
    page = html_of(client.get(f"/don-hang/{order.pk}/"))
    assert "<svg" in page.partition('id="paying-panel"')[2]
    assert "3.000\u00a0₫" in page.partition('id="paying-panel"')[2]
    receive_transfer(order.code, 3_000, now=LATER)
    order.refresh_from_db()
    assert (order.amount_due, order.charge_coverage) == (0, Coverage.FULL)
    check_everything()


def test_each_amount_due_is_requested_once() -> None:
    part = paid_part()

    for grams in (5000, 4900, 5000, 4800):
        weigh(part, grams)

    assert [request.key.rpartition(":due:")[2] for request in payment_requests()] == [
        "105000:102000:email",
        "103500:102000:email",
    ]


def test_nothing_is_requested_while_a_weight_is_pending() -> None:
    part = paid_part(
        (make_variant_sold_by_weight(make_seller("HTX Yến Dương")), 2),
        (make_variant_sold_by_weight(make_seller()), 2),
    )
    other = part.order.parts.exclude(pk=part.pk).get()

    weigh(part, 5000)
    weigh(other, 6000)
    before = payment_requests()
    answer_weight_question(
        question_id=WeightQuestion.objects.get().pk, is_agreed=True, actor=Actor.guest(), now=LATER
    )

    assert before == []
    assert [request.key.rpartition(":due:")[2] for request in payment_requests()] == ["225000:204000:email"]


def test_lower_weight_leaves_order_overpaid_and_requests_nothing(client) -> None:
    part = paid_part()

    order = weigh(part, 4600)

    assert (order.current_total_gross, order.charged, order.charge_coverage) == (
        99_000,
        102_000,
        Coverage.OVER,
    )
    assert payment_requests() == []
    assert "paying-panel" not in html_of(client.get(f"/don-hang/{order.pk}/"))
    check_everything()


def test_surplus_of_lower_weight_is_refunded_after_handover() -> None:
    part = paid_part()
    weigh(part, 4600)
    line = part.lines.get()

    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 2}, actor=PACKER, now=LATER)
    close_parcel(parcel_id=parcel.pk, actor=PACKER, now=LATER)
    before = Refund.objects.count()
    hand_over_parcel(parcel_id=parcel.pk, actor=PACKER, now=LATER)

    assert before == 0
    refund = Refund.objects.get()
    assert (refund.amount, refund.surplus, refund.repayment) == (3_000, 3_000, 3_000)
    assert Payout.objects.get(refund=refund).amount == 3_000
    check_everything()


def test_cash_on_delivery_order_sends_no_payment_request() -> None:
    part = make_order((make_variant_sold_by_weight(), 2), email="hoa@example.com").parts.get()
    accept_part(part_id=part.pk, actor=PACKER, now=LATER)

    weigh(part, 5000)

    assert payment_requests() == []
