"""Fulfilments over the API, along the same state tables as in the members' app."""

from __future__ import annotations

import pytest

from catalog.models import Stock
from orders.models import Allocation, Order, OrderPart, Parcel
from orders.states import ParcelState, PartState
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import ShopSettings
from tests.factories import (
    get_stock,
    make_admin,
    make_channel,
    make_order,
    make_seller,
    make_staff,
    make_user,
    make_variant,
    make_warehouse,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

FULFILL = """
mutation($order: ID!, $lines: [OrderFulfillLineInput!]!, $tracking: String, $force: Boolean) {
  orderFulfill(
    order: $order
    input: {lines: $lines, trackingNumber: $tracking, allowStockToBeExceeded: $force}
  ) {
    errors { field code message orderLines }
    order { status lines { quantityFulfilled quantityToFulfill } }
    fulfillments { id status trackingNumber warehouse { name } lines { quantity } }
  }
}
"""


def lines_of(order: Order, **quantities: int) -> list[dict]:
    """Return the fulfilment input of each line, from the first warehouse of its cooperative."""
    return [
        {
            "orderLineId": global_id("OrderLine", line.pk),
            "stocks": [
                {
                    "quantity": quantities.get("each", line.quantity),
                    "warehouse": global_id(
                        "Warehouse", line.cooperative.warehouses.order_by("created_at", "pk")[0].pk
                    ),
                }
            ],
        }
        for line in order.lines.select_related("cooperative").order_by("part__number", "position")
    ]


def fulfil(order, token, lines=None, **variables):
    key = global_id("Order", order.pk)
    data = data_of(FULFILL, token, order=key, lines=lines or lines_of(order), **variables)
    return data["orderFulfill"]


def test_fulfill_sends_lines_of_several_cooperatives() -> None:
    pillow = make_variant(make_seller("HTX Thiên An"), on_hand=10)
    tea = make_variant(make_seller("HTX Yến Dương"), name="Trà", on_hand=10)
    order = make_order((pillow, 2), (tea, 3))

    payload = fulfil(order, token_of(make_admin()), tracking="VN123")

    assert payload["errors"] == []
    assert payload["order"] == {
        "status": "FULFILLED",
        "lines": [
            {"quantityFulfilled": 2, "quantityToFulfill": 0},
            {"quantityFulfilled": 3, "quantityToFulfill": 0},
        ],
    }
    assert [
        (fulfillment["status"], fulfillment["trackingNumber"], fulfillment["lines"])
        for fulfillment in payload["fulfillments"]
    ] == [
        ("FULFILLED", "VN123", [{"quantity": 2}]),
        ("FULFILLED", "VN123", [{"quantity": 3}]),
    ]
    assert set(order.parts.values_list("state", flat=True)) == {PartState.ACCEPTED}
    assert (get_stock(pillow).on_hand, get_stock(pillow).allocated) == (8, 0)
    assert (get_stock(tea).on_hand, get_stock(tea).allocated) == (7, 0)


def test_fulfillment_waits_for_approval_and_can_be_cancelled() -> None:
    ShopSettings.objects.update_or_create(pk=1, defaults={"fulfillment_auto_approve": False})
    pillow = make_variant(on_hand=10)
    order = make_order((pillow, 2))
    token = token_of(make_admin())

    (parcel,) = fulfil(order, token)["fulfillments"]

    assert parcel["status"] == "WAITING_FOR_APPROVAL"
    assert (get_stock(pillow).on_hand, get_stock(pillow).allocated) == (10, 2)
    track = """mutation($id: ID!) {
      orderFulfillmentUpdateTracking(id: $id, input: {trackingNumber: " VN9 "}) {
        errors { code } fulfillment { trackingNumber } order { events { type message } } } }"""
    tracked = data_of(track, token, id=parcel["id"])["orderFulfillmentUpdateTracking"]
    assert tracked["fulfillment"] == {"trackingNumber": "VN9"}
    assert tracked["order"]["events"][-1] == {"type": "TRACKING_UPDATED", "message": "VN9"}
    approve = """mutation($id: ID!) { orderFulfillmentApprove(id: $id, notifyCustomer: true) {
      errors { field code } fulfillment { status } order { status } } }"""
    assert data_of(approve, token, id=parcel["id"])["orderFulfillmentApprove"] == {
        "errors": [],
        "fulfillment": {"status": "FULFILLED"},
        "order": {"status": "FULFILLED"},
    }
    assert (get_stock(pillow).on_hand, get_stock(pillow).allocated) == (8, 0)
    approved_again = data_of(approve, token, id=parcel["id"])["orderFulfillmentApprove"]
    assert approved_again == {
        "errors": [{"field": None, "code": "INVALID"}],
        "fulfillment": None,
        "order": None,
    }
    cancel = """mutation($id: ID!) { orderFulfillmentCancel(id: $id) {
      errors { code } fulfillment { status } order { status lines { quantityToFulfill } } } }"""
    assert data_of(cancel, token, id=parcel["id"])["orderFulfillmentCancel"] == {
        "errors": [],
        "fulfillment": {"status": "CANCELED"},
        "order": {"status": "UNFULFILLED", "lines": [{"quantityToFulfill": 2}]},
    }
    assert (get_stock(pillow).on_hand, get_stock(pillow).allocated) == (10, 2)
    cancelled_again = data_of(cancel, token, id=parcel["id"])["orderFulfillmentCancel"]
    assert cancelled_again["errors"] == [{"code": "CANNOT_CANCEL_FULFILLMENT"}]


def test_fulfill_takes_stock_from_the_chosen_warehouse() -> None:
    seller, channel = make_seller(), make_channel()
    pillow = make_variant(seller, on_hand=5)
    order = make_order((pillow, 3))
    chosen_warehouse = make_warehouse(seller, channel, name="Kho mới")
    Stock.objects.create(variant=pillow, warehouse=chosen_warehouse, on_hand=4)
    first = Stock.objects.exclude(warehouse=chosen_warehouse).get(variant=pillow)
    lines = lines_of(order)
    lines[0]["stocks"] = [{"quantity": 2, "warehouse": global_id("Warehouse", chosen_warehouse.pk)}]

    payload = fulfil(order, token_of(make_admin()), lines)

    assert payload["errors"] == []
    assert payload["fulfillments"][0]["warehouse"] == {"name": "Kho mới"}
    first.refresh_from_db()
    assert (first.on_hand, first.allocated) == (5, 1)
    chosen_stock = Stock.objects.get(variant=pillow, warehouse=chosen_warehouse)
    assert (chosen_stock.on_hand, chosen_stock.allocated) == (2, 0)
    assert list(Allocation.objects.values_list("stock", "quantity")) == [(first.pk, 1)]


@pytest.mark.parametrize(
    ("mistake", "code"),
    [
        ("too many", "FULFILL_ORDER_LINE"),
        ("nothing", "ZERO_QUANTITY"),
        ("less than nothing", "ZERO_QUANTITY"),
        ("more than is there", "INSUFFICIENT_STOCK"),
        ("a foreign warehouse", "NOT_FOUND"),
        ("a foreign line", "NOT_FOUND"),
        ("no line at all", "GRAPHQL_ERROR"),
        ("a cancelled order", "FULFILL_ORDER_LINE"),
        ("unpaid", "CANNOT_FULFILL_UNPAID_ORDER"),
        ("unconfirmed", "INVALID"),
    ],
)
def test_invalid_fulfillment_is_refused_and_changes_nothing(mistake, code) -> None:
    seller = make_seller()
    order = make_order((make_variant(seller, on_hand=5), 2))
    lines = lines_of(order)
    (stock,) = lines[0]["stocks"]
    if mistake == "too many":
        stock["quantity"] = 3
    elif mistake == "nothing":
        stock["quantity"] = 0
    elif mistake == "less than nothing":
        stock["quantity"] = -1
    elif mistake == "more than is there":
        stock["warehouse"] = global_id("Warehouse", make_warehouse(seller, make_channel()).pk)
    elif mistake == "a foreign warehouse":
        stock["warehouse"] = global_id("Warehouse", make_seller("HTX Khác").warehouses.get().pk)
    elif mistake == "a foreign line":
        lines[0]["orderLineId"] = lines_of(make_order())[0]["orderLineId"]
    elif mistake == "no line at all":
        lines[0]["orderLineId"] = "abc"
    elif mistake == "a cancelled order":
        order.parts.update(state=PartState.CANCELLED)
    elif mistake == "unpaid":
        ShopSettings.objects.update_or_create(pk=1, defaults={"fulfillment_allow_unpaid": False})
    else:
        Order.objects.filter(pk=order.pk).update(confirmed_at=None)
    before = list(OrderPart.objects.filter(order=order).values_list("state", "progress"))

    payload = fulfil(order, token_of(make_admin()), lines)

    assert [error["code"] for error in payload["errors"]] == [code]
    assert (payload["order"], payload["fulfillments"]) == (None, None)
    assert not Parcel.objects.filter(part__order=order).exists()
    assert list(OrderPart.objects.filter(order=order).values_list("state", "progress")) == before


def test_cooperative_staff_fulfill_only_their_own_lines() -> None:
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    order = make_order((make_variant(thien_an), 1), (make_variant(yen_duong, name="Trà"), 1))
    own_line, foreign_line = lines_of(order)
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))
    token = token_of(staff)
    (edge,) = data_of("{ orders(first: 1) { edges { node { id } } } }", token)["orders"]["edges"]

    foreign_payload = data_of(FULFILL, token, order=edge["node"]["id"], lines=[foreign_line])["orderFulfill"]
    own_payload = data_of(FULFILL, token, order=edge["node"]["id"], lines=[own_line])["orderFulfill"]

    assert [error["code"] for error in foreign_payload["errors"]] == ["NOT_FOUND"]
    assert own_payload["errors"] == []
    assert [fulfillment["status"] for fulfillment in own_payload["fulfillments"]] == ["FULFILLED"]
    assert list(Parcel.objects.values_list("part__cooperative", "state")) == [
        (thien_an.pk, ParcelState.HANDED_OVER)
    ]
    packed = fulfil(order, token_of(make_admin()), [foreign_line])["fulfillments"][0]
    cancel = "mutation($id: ID!) { orderFulfillmentCancel(id: $id) { errors { field code } } }"
    assert data_of(cancel, token, id=packed["id"])["orderFulfillmentCancel"]["errors"] == [
        {"field": "id", "code": "NOT_FOUND"}
    ]
    cancel_order = "mutation($id: ID!) { orderCancel(id: $id) { errors { code } } }"
    assert (
        execute(cancel_order, token, id=edge["node"]["id"])["errors"][0]["extensions"]["code"]
        == "PermissionDenied"
    )
    buyer = execute(FULFILL, token_of(make_user()), order=global_id("Order", order.pk), lines=[own_line])
    assert buyer["errors"][0]["extensions"]["code"] == "PermissionDenied"
    assert Parcel.objects.count() == 2
