"""Refunds and returns of items, as Saleor's Dashboard records them for a fulfilled order."""

from __future__ import annotations

import pytest

from orders.models import Order, OrderPart, Parcel, Refund
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.content.models import Page, PageType, ReasonPageType
from tests.factories import make_admin, make_order, make_seller, make_staff, make_user, make_variant
from tests.invariants import check_everything
from tests.orders.refunds.refund_helpers import deliver_order, make_paid_order, pack_open_lines
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.test_apps import create_app
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

RETURN = """mutation($order: ID!, $input: OrderReturnProductsInput!) {
  orderFulfillmentReturnProducts(order: $order, input: $input) {
    returnFulfillment { status reason reasonReference { title } totalRefundedAmount { amount }
      lines { quantity reason reasonReference { title } } }
    replaceFulfillment { status lines { quantity } }
    replaceOrder { id }
    order { totalGrantedRefund { amount } }
    errors { field code } } }"""
REFUND = """mutation($order: ID!, $input: OrderRefundProductsInput!) {
  orderFulfillmentRefundProducts(order: $order, input: $input) {
    fulfillment { status lines { quantity } }
    order { totalGrantedRefund { amount } }
    errors { field code } } }"""


@pytest.fixture
def token():
    return token_of(make_admin())


def make_delivered_order() -> Order:
    """Two items at 45,000 and a delivery for 30,000, paid and delivered."""
    order = make_paid_order()
    deliver_order(order)
    return Order.objects.get(pk=order.pk)


def order_line(order, quantity=1, **values):
    return {"orderLineId": global_id("OrderLine", order.lines.get().pk), "quantity": quantity} | values


def fulfillment_line(order, quantity=1, **values):
    line = Parcel.objects.filter(part__order=order).earliest("number").lines.get()
    return {"fulfillmentLineId": global_id("FulfillmentLine", line.pk), "quantity": quantity} | values


def return_items(order, token, **input_data):
    variables = {"order": global_id("Order", order.pk), "input": input_data}
    return data_of(RETURN, token, **variables)["orderFulfillmentReturnProducts"]


def refund_items(order, token, **input_data):
    variables = {"order": global_id("Order", order.pk), "input": input_data}
    return data_of(REFUND, token, **variables)["orderFulfillmentRefundProducts"]


def test_delivered_items_come_back_and_are_refunded_with_the_delivery(token) -> None:
    order = make_delivered_order()

    payload = return_items(
        order,
        token,
        fulfillmentLines=[fulfillment_line(order, reason="Mốc một góc")],
        refund=True,
        includeShippingCosts=True,
        reason="Hàng ẩm",
    )

    assert payload == {
        "returnFulfillment": {
            "status": "REFUNDED_AND_RETURNED",
            "reason": "Hàng ẩm",
            "reasonReference": None,
            "totalRefundedAmount": {"amount": 75_000},
            "lines": [{"quantity": 1, "reason": "Mốc một góc", "reasonReference": None}],
        },
        "replaceFulfillment": None,
        "replaceOrder": None,
        "order": {"totalGrantedRefund": {"amount": 75_000}},
        "errors": [],
    }
    refund = Refund.objects.get()
    assert (refund.reason, refund.repayment, refund.delivery_amount) == ("Hàng ẩm", 75_000, 30_000)
    check_everything()


def test_items_come_back_without_a_refund(token) -> None:
    order = make_delivered_order()

    payload = return_items(order, token, fulfillmentLines=[fulfillment_line(order, 2)])

    assert (payload["returnFulfillment"]["status"], payload["errors"]) == ("RETURNED", [])
    assert payload["returnFulfillment"]["lines"][0]["quantity"] == 2
    assert payload["order"] == {"totalGrantedRefund": {"amount": 0}}
    assert not Refund.objects.exists()
    again = return_items(order, token, fulfillmentLines=[fulfillment_line(order)])
    assert again["errors"] == [{"field": None, "code": "INVALID_QUANTITY"}]
    check_everything()


def test_replaced_items_are_sent_once_more_instead_of_being_refunded(token) -> None:
    order = make_delivered_order()
    lines = [fulfillment_line(order, replace=True), fulfillment_line(order)]

    payload = return_items(order, token, fulfillmentLines=lines, refund=True)

    assert payload["replaceFulfillment"] == {"status": "REPLACED", "lines": [{"quantity": 1}]}
    assert payload["order"] == {"totalGrantedRefund": {"amount": 45_000}}
    kinds = Parcel.objects.filter(part__order=order).order_by("number").values_list("kind", flat=True)
    assert list(kinds) == ["dispatch", "return", "replacement", "return_and_refund"]
    check_everything()


def test_items_that_are_not_packed_are_refunded_instead_of_sent(token) -> None:
    order = make_paid_order()

    payload = return_items(order, token, orderLines=[order_line(order)], refund=True, amountToRefund=40_000)

    assert payload["errors"] == []
    assert payload["order"] == {"totalGrantedRefund": {"amount": 40_000}}
    assert list(Parcel.objects.values_list("kind", "lines__quantity")) == [("refund", 1)]
    check_everything()


def test_refunded_items_stay_with_the_buyer_or_are_not_sent(token) -> None:
    delivered, unsent = make_delivered_order(), make_paid_order()

    kept = refund_items(
        delivered, token, fulfillmentLines=[fulfillment_line(delivered)], includeShippingCosts=True
    )
    cancelled = refund_items(unsent, token, orderLines=[order_line(unsent)])

    assert kept == {
        "fulfillment": None,
        "order": {"totalGrantedRefund": {"amount": 75_000}},
        "errors": [],
    }
    assert cancelled == {
        "fulfillment": {"status": "REFUNDED", "lines": [{"quantity": 1}]},
        "order": {"totalGrantedRefund": {"amount": 45_000}},
        "errors": [],
    }
    assert Parcel.objects.filter(part__order=delivered).count() == 1
    check_everything()


def test_amount_alone_is_refunded_from_everything(token) -> None:
    order = make_delivered_order()

    payload = refund_items(order, token, amountToRefund=12_000, includeShippingCosts=True)

    assert payload["errors"] == []
    assert payload["order"] == {"totalGrantedRefund": {"amount": 12_000}}


@pytest.mark.parametrize(
    ("make_input", "field", "code"),
    [
        (lambda order: {}, "lines", "REQUIRED"),
        (lambda order: {"refund": True}, "amountToRefund", "REQUIRED"),
        (lambda order: {"refund": True, "amountToRefund": 120_001}, "amountToRefund", "CANNOT_REFUND"),
        (
            lambda order: {"fulfillmentLines": [fulfillment_line(order, 3)]},
            "fulfillmentLineId",
            "INVALID_QUANTITY",
        ),
        (
            lambda order: {"fulfillmentLines": [fulfillment_line(order, 0)]},
            "fulfillmentLineId",
            "INVALID_QUANTITY",
        ),
        (
            lambda order: {"fulfillmentLines": [fulfillment_line(order), fulfillment_line(order, 2)]},
            "fulfillmentLineId",
            "INVALID_QUANTITY",
        ),
        (
            lambda order: {"orderLines": [order_line(order)], "refund": True},
            "orderLineId",
            "INVALID_QUANTITY",
        ),
        (lambda order: {"orderLines": [order_line(order, replace=True)]}, "orderLineId", "INVALID"),
        (lambda order: {"orderLines": [order_line(make_order())]}, "orderLines", "NOT_FOUND"),
        (
            lambda order: {"fulfillmentLines": [fulfillment_line(make_delivered_order())]},
            "fulfillmentLines",
            "NOT_FOUND",
        ),
        (
            lambda order: {
                "fulfillmentLines": [fulfillment_line(order, reasonReference=global_id("Page", 1))]
            },
            "reasonReference",
            "INVALID",
        ),
    ],
)
def test_invalid_return_changes_nothing(token, make_input, field, code) -> None:
    order = make_delivered_order()
    input_data = make_input(order)
    before = all_rows()

    payload = return_items(order, token, **input_data)

    assert payload["errors"] == [{"field": field, "code": code}]
    assert (payload["returnFulfillment"], payload["replaceFulfillment"]) == (None, None)
    assert all_rows() == before


def test_items_on_the_way_are_not_returned_and_unsent_ones_are_refunded(token) -> None:
    packed, unpaid = make_paid_order(), make_order()
    pack_open_lines(packed.parts.get())
    open_order = make_paid_order()
    before = all_rows()

    answers = [
        return_items(packed, token, fulfillmentLines=[fulfillment_line(packed)]),
        return_items(open_order, token, orderLines=[order_line(open_order)]),
        refund_items(unpaid, token, orderLines=[order_line(unpaid)]),
        refund_items(open_order, token),
        refund_items(open_order, token, orderLines=[order_line(open_order, 2)]),
    ]

    assert [answer["errors"] for answer in answers] == [
        [{"field": "fulfillmentLineId", "code": "INVALID"}],
        [{"field": "refund", "code": "INVALID"}],
        [{"field": "order", "code": "CANNOT_REFUND"}],
        [{"field": "amountToRefund", "code": "REQUIRED"}],
        [{"field": None, "code": "CANNOT_REFUND"}],
    ]
    assert all_rows() == before


def test_people_choose_a_listed_reason_and_apps_may(token) -> None:
    page_type = PageType.objects.create(slug="ly-do", name="Lý do")
    ReasonPageType.objects.create(kind="return", page_type=page_type)
    damp = Page.objects.create(page_type=page_type, slug="am", title="Hàng ẩm")
    order = make_delivered_order()
    app_token = create_app("MANAGE_ORDERS")[1]["authToken"]
    before = all_rows()

    refused = return_items(order, token, fulfillmentLines=[fulfillment_line(order)], reason="Ẩm")

    assert refused["errors"] == [{"field": "reasonReference", "code": "REQUIRED"}]
    assert all_rows() == before
    page_id = global_id("Page", damp.pk)
    lines = [fulfillment_line(order, reasonReference=page_id)]
    chosen = return_items(order, token, fulfillmentLines=lines, reasonReference=page_id)
    assert chosen["returnFulfillment"] == {
        "status": "RETURNED",
        "reason": "Hàng ẩm",
        "reasonReference": {"title": "Hàng ẩm"},
        "totalRefundedAmount": None,
        "lines": [{"quantity": 1, "reason": None, "reasonReference": {"title": "Hàng ẩm"}}],
    }
    by_app = return_items(order, app_token, fulfillmentLines=[fulfillment_line(order)], reason="Ẩm")
    assert (by_app["errors"], by_app["returnFulfillment"]["reason"]) == ([], "Ẩm")


def test_cooperative_staff_return_only_items_of_their_part() -> None:
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    order = make_order((make_variant(thien_an, price=50_000), 2), (make_variant(yen_duong, price=70_000), 1))
    for part in order.parts.all():
        parcel = pack_open_lines(part)
        Parcel.objects.filter(pk=parcel.pk).update(state="delivered")
    token = token_of(make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,)))
    (edge,) = data_of("{ orders(first: 1) { edges { node { id } } } }", token)["orders"]["edges"]

    def request_return(cooperative):
        part = OrderPart.objects.get(order=order, cooperative=cooperative)
        line_id = global_id("FulfillmentLine", part.parcels.get(kind="dispatch").lines.get().pk)
        lines = [{"fulfillmentLineId": line_id, "quantity": 1}]
        variables = {"order": edge["node"]["id"], "input": {"fulfillmentLines": lines}}
        return data_of(RETURN, token, **variables)["orderFulfillmentReturnProducts"]["errors"]

    assert request_return(yen_duong) == [{"field": "fulfillmentLines", "code": "NOT_FOUND"}]
    assert request_return(thien_an) == []
    returned = Parcel.objects.filter(kind="return").values_list("part__cooperative", flat=True)
    assert list(returned) == [thien_an.pk]


def test_only_staff_who_manage_orders_refund_and_return_items() -> None:
    order = make_delivered_order()
    variables = {"order": global_id("Order", order.pk), "input": {"amountToRefund": 1_000}}
    tokens = [None, token_of(make_user()), token_of(make_staff(Permission.MANAGE_PRODUCTS))]
    before = all_rows()

    refusals = [execute(document, token, **variables) for document in (RETURN, REFUND) for token in tokens]

    messages = {error["message"] for refusal in refusals for error in refusal["errors"]}
    assert messages == {"Permission denied: this needs one of MANAGE_ORDERS."}
    assert all_rows() == before
