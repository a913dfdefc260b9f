"""Captures, voids and refunds that name an order instead of a payment."""

from __future__ import annotations

import pytest

from orders.models import GatewayOperation, Order, Refund
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from tests.factories import (
    make_staff,
    make_user,
    make_variant_sold_by_weight,
)
from tests.orders.gateway.card_order_helpers import (
    get_call,
    make_paid_card_order,
    send_order_call,
    stripe,
)
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db

AMOUNT = """mutation($id: ID!, $amount: PositiveDecimal!) {{ {name}(id: $id, amount: $amount) {{
  order {{ totalCaptured {{ amount }} totalGrantedRefund {{ amount }} }} errors {{ field code }} }} }}"""
VOID = "mutation($id: ID!) { orderVoid(id: $id) { order { number } errors { field code } } }"


@pytest.fixture
def token():
    return token_of(make_staff(Permission.MANAGE_ORDERS))


def change(name, token, order, amount):
    return data_of(AMOUNT.format(name=name), token, id=global_id("Order", order.pk), amount=amount)[name]


def test_authorised_amount_is_captured_once(stripe, token) -> None:
    order = make_paid_card_order(stripe, (make_variant_sold_by_weight(), 2))

    # The card holds 116,400, the price of the highest weight; 102,000 are due.
    errors = [change("orderCapture", token, order, amount)["errors"] for amount in (0, 102_001, 102_000, 1)]
    send_order_call(order, GatewayOperation.CAPTURE)

    assert errors == [
        [{"field": "amount", "code": "ZERO_QUANTITY"}],
        [{"field": "amount", "code": "CAPTURE_INACTIVE_PAYMENT"}],
        [],
        [{"field": "id", "code": "CAPTURE_INACTIVE_PAYMENT"}],
    ]
    assert Order.objects.get(pk=order.pk).charged == 102_000


def test_authorisation_is_voided(stripe, token) -> None:
    order = make_paid_card_order(stripe, (make_variant_sold_by_weight(), 2))

    voided = data_of(VOID, token, id=global_id("Order", order.pk))["orderVoid"]
    send_order_call(order, GatewayOperation.VOID)
    again = data_of(VOID, token, id=global_id("Order", order.pk))["orderVoid"]

    assert voided["errors"] == []
    assert again["errors"] == [{"field": "id", "code": "VOID_INACTIVE_PAYMENT"}]
    assert stripe.intent(get_call(order).reference)["status"] == "canceled"


def test_paid_amount_is_refunded_up_to_what_was_paid(stripe, token) -> None:
    order = make_paid_card_order(stripe)
    paid, buyer = Order.objects.get(pk=order.pk).charged, token_of(make_user())
    before = all_rows()

    refused = change("orderRefund", token, order, paid + 1)
    key = global_id("Order", order.pk)
    stranger = execute(AMOUNT.format(name="orderRefund"), buyer, id=key, amount=1)

    assert refused["errors"] == [{"field": "amount", "code": "CANNOT_REFUND"}]
    assert stranger["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    assert all_rows() == before
    assert change("orderRefund", token, order, 50_000) == {
        "order": {"totalCaptured": {"amount": paid}, "totalGrantedRefund": {"amount": 50_000}},
        "errors": [],
    }
    assert [refund.amount for refund in Refund.objects.all()] == [50_000]
