"""Draft orders written over the API in the Dashboard's steps, from the channel to the placed order."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.models import Variant
from orders.models import Order, OrderLine, OrderSource
from orders.states import OrderStatus
from shop.accounts.models import Consent, ConsentPurpose
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from tests.factories import (
    HANOI,
    get_stock,
    make_admin,
    make_channel,
    make_divisions,
    make_order,
    make_staff,
    make_user,
    make_variant,
    set_wholesale_prices,
)
from tests.invariants import check_everything
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

ERRORS = "errors { field code }"
CREATE = f"""
mutation($input: DraftOrderCreateInput!) {{ draftOrderCreate(input: $input) {{
  order {{ id status userEmail lines {{ quantity }} shippingAddress {{ city }} }} {ERRORS} }} }}
"""
UPDATE = f"""
mutation($id: ID!, $input: DraftOrderInput!) {{ draftOrderUpdate(id: $id, input: $input) {{
  order {{ userEmail customerNote voucherCode user {{ email }} metadata {{ key value }}
           shippingAddress {{ firstName city }} billingAddress {{ companyName }} }} {ERRORS} }} }}
"""
ADD_LINES = f"""
mutation($id: ID!, $input: [OrderLineCreateInput!]!) {{ orderLinesCreate(id: $id, input: $input) {{
  orderLines {{ id quantity }} order {{ total {{ gross {{ amount }} }} }} {ERRORS} }} }}
"""
SET_QUANTITY = f"""
mutation($id: ID!, $quantity: Int!) {{ orderLineUpdate(id: $id, input: {{quantity: $quantity}}) {{
  orderLine {{ id quantity unitPrice {{ gross {{ amount }} }} }} order {{ total {{ gross {{ amount }} }} }}
  {ERRORS} }} }}
"""
DELETE_LINE = f"""
mutation($id: ID!) {{ orderLineDelete(id: $id) {{
  orderLine {{ quantity }} order {{ lines {{ id }} }} {ERRORS} }} }}
"""
SET_DELIVERY = f"""
mutation($order: ID!, $method: ID) {{
  orderUpdateShipping(order: $order, input: {{shippingMethod: $method}}) {{
  order {{ shippingMethodName total {{ gross {{ amount }} }} }} {ERRORS} }} }}
"""
COMPLETE = f"mutation($id: ID!) {{ draftOrderComplete(id: $id) {{ order {{ status }} {ERRORS} }} }}"
METHODS = "query($id: ID!) { order(id: $id) { shippingMethods { id price { amount } } } }"
ADDRESS = {
    "firstName": "Mai",
    "lastName": "Trần Thị",
    "streetAddress1": "Số 8",
    "city": "Phường Nghĩa Đô",
    "countryArea": "Hà Nội",
    "country": "VN",
    "phone": "0912345678",
}


@pytest.fixture
def token() -> str:
    make_divisions()
    return token_of(make_admin())


def payload(query: str, token: str, **variables: Any) -> dict[str, Any]:
    (content,) = data_of(query, token, **variables).values()
    return content


def create_draft(token: str, *lines: dict[str, Any], **fields: Any) -> str:
    """Create a draft as the Dashboard does, and return its id."""
    channel_id = global_id("Channel", make_channel().pk)
    created = payload(CREATE, token, input={"channelId": channel_id, "lines": list(lines), **fields})
    assert created["errors"] == []
    return created["order"]["id"]


def line_of(variant: Variant, quantity: int, **fields: Any) -> dict[str, Any]:
    return {"variantId": global_id("ProductVariant", variant.pk), "quantity": quantity, **fields}


def errors_of(query: str, token: str, **variables: Any) -> list[dict[str, str | None]]:
    """Return the errors of a refused mutation, which changes nothing."""
    before = all_rows()
    refused = payload(query, token, **variables)
    assert all_rows() == before
    assert refused["order"] is None
    return refused["errors"]


def test_draft_becomes_an_order_in_the_dashboards_steps(token: str) -> None:
    pillow, buyer = make_variant(price=320_000, on_hand=5), make_user(email="mai@example.com")

    created = payload(CREATE, token, input={"channelId": global_id("Channel", make_channel().pk)})
    order_id = created["order"].pop("id")
    assert created == {
        "order": {"status": "DRAFT", "userEmail": "", "lines": [], "shippingAddress": None},
        "errors": [],
    }
    added = payload(ADD_LINES, token, id=order_id, input=[line_of(pillow, 2)])
    assert [line["quantity"] for line in added["orderLines"]] == [2]
    assert added["order"]["total"]["gross"]["amount"] == 640_000.0
    updated = payload(
        UPDATE,
        token,
        id=order_id,
        input={
            "user": global_id("User", buyer.pk),
            "shippingAddress": ADDRESS,
            "billingAddress": ADDRESS | {"companyName": "Công ty Mai"},
            "customerNote": "Gọi trước khi giao",
            "metadata": [{"key": "erp", "value": "7"}],
        },
    )
    assert updated == {
        "order": {
            "userEmail": "mai@example.com",
            "customerNote": "Gọi trước khi giao",
            "voucherCode": "",
            "user": {"email": "mai@example.com"},
            "metadata": [{"key": "erp", "value": "7"}],
            "shippingAddress": {"firstName": "Mai", "city": "Phường Nghĩa Đô"},
            "billingAddress": {"companyName": "Công ty Mai"},
        },
        "errors": [],
    }
    (method,) = data_of(METHODS, token, id=order_id)["order"]["shippingMethods"]
    chosen = payload(SET_DELIVERY, token, order=order_id, method=method["id"])
    assert chosen["order"]["total"]["gross"]["amount"] == 640_000.0 + method["price"]["amount"]

    assert payload(COMPLETE, token, id=order_id) == {"order": {"status": "UNFULFILLED"}, "errors": []}

    order = Order.objects.get()
    assert (order.buyer_name, order.phone, order.province_code, order.source, order.status) == (
        *("Trần Thị Mai", "+84912345678", HANOI),
        *(OrderSource.API, OrderStatus.PLACED),
    )
    assert (order.user_id, order.total_gross) == (buyer.pk, 640_000 + int(method["price"]["amount"]))
    assert get_stock(pillow).allocated == 2
    consent = Consent.objects.get()
    assert (consent.subject, consent.purpose, consent.entry_point) == (
        *(f"order:{order.pk}", ConsentPurpose.ORDER),
        "api",
    )
    assert data_of(METHODS, token, id=order_id)["order"]["shippingMethods"] == []
    check_everything()


def test_items_are_merged_changed_and_removed_and_keep_their_ids(token: str) -> None:
    pillow, honey = make_variant(price=100_000), make_variant(price=50_000)
    set_wholesale_prices(pillow, {10: 80_000})
    order_id = create_draft(token, line_of(pillow, 2), line_of(honey, 1, price="45000"))
    pillow_line, honey_line = OrderLine.objects.in_order()
    OrderLine.objects.filter(pk=pillow_line.pk).update(metadata={"shelf": "B2"})
    assert (pillow_line.unit_price, honey_line.unit_price) == (100_000, 45_000)

    merged = payload(ADD_LINES, token, id=order_id, input=[line_of(pillow, 1)])
    apart = payload(ADD_LINES, token, id=order_id, input=[line_of(pillow, 1, forceNewLine=True)])
    line_id = global_id("OrderLine", pillow_line.pk)
    raised = payload(SET_QUANTITY, token, id=line_id, quantity=12)
    removed = payload(DELETE_LINE, token, id=global_id("OrderLine", honey_line.pk))

    assert merged["orderLines"] == [{"id": line_id, "quantity": 3}]
    assert [line["quantity"] for line in apart["orderLines"]] == [1]
    assert raised["orderLine"] == {
        "id": line_id,
        "quantity": 12,
        "unitPrice": {"gross": {"amount": 80_000.0}},
    }
    assert removed["orderLine"] == {"quantity": 1}
    assert [line["id"] for line in removed["order"]["lines"]] == [
        line_id,
        *(line["id"] for line in apart["orderLines"]),
    ]
    assert OrderLine.objects.get(pk=pillow_line.pk).metadata == {"shelf": "B2"}


def test_incomplete_drafts_are_not_placed(token: str) -> None:
    pillow = make_variant(price=320_000, on_hand=1)
    order_id = create_draft(token)
    assert errors_of(COMPLETE, token, id=order_id) == [{"field": None, "code": "REQUIRED"}]

    payload(ADD_LINES, token, id=order_id, input=[line_of(pillow, 2)])
    assert errors_of(COMPLETE, token, id=order_id) == [
        {"field": "shippingAddress", "code": "ORDER_NO_SHIPPING_ADDRESS"}
    ]
    payload(UPDATE, token, id=order_id, input={"shippingAddress": ADDRESS})
    assert errors_of(COMPLETE, token, id=order_id) == [
        {"field": "shipping", "code": "SHIPPING_METHOD_REQUIRED"}
    ]
    (method,) = data_of(METHODS, token, id=order_id)["order"]["shippingMethods"]
    payload(SET_DELIVERY, token, order=order_id, method=method["id"])
    assert errors_of(COMPLETE, token, id=order_id) == [{"field": "lines", "code": "INSUFFICIENT_STOCK"}]
    payload(SET_DELIVERY, token, order=order_id, method=None)
    assert errors_of(COMPLETE, token, id=order_id) == [
        {"field": "shipping", "code": "SHIPPING_METHOD_REQUIRED"}
    ]


def test_invalid_inputs_are_refused_by_field(token: str) -> None:
    pillow = make_variant()
    order_id = create_draft(token, line_of(pillow, 1))
    unknown = global_id("ProductVariant", 999)
    line_id = global_id("OrderLine", OrderLine.objects.get().pk)

    assert errors_of(CREATE, token, input={}) == [{"field": "channelId", "code": "REQUIRED"}]
    assert errors_of(CREATE, token, input={"channelId": global_id("Channel", 999)}) == [
        {"field": "channelId", "code": "NOT_FOUND"}
    ]
    assert errors_of(ADD_LINES, token, id=order_id, input=[line_of(pillow, 0)]) == [
        {"field": "quantity", "code": "ZERO_QUANTITY"}
    ]
    assert errors_of(ADD_LINES, token, id=order_id, input=[line_of(pillow, 1_000_000)]) == [
        {"field": "quantity", "code": "INVALID_QUANTITY"}
    ]
    assert errors_of(ADD_LINES, token, id=order_id, input=[{"variantId": unknown, "quantity": 1}]) == [
        {"field": "variantId", "code": "NOT_FOUND"}
    ]
    assert errors_of(SET_QUANTITY, token, id=line_id, quantity=-1) == [
        {"field": "quantity", "code": "ZERO_QUANTITY"}
    ]
    wrong = ADDRESS | {"phone": "0912"}
    assert errors_of(UPDATE, token, id=order_id, input={"shippingAddress": wrong}) == [
        {"field": "phone", "code": "INVALID"}
    ]
    assert errors_of(UPDATE, token, id=order_id, input={"userEmail": "mai"}) == [
        {"field": "userEmail", "code": "INVALID"}
    ]
    assert errors_of(UPDATE, token, id=order_id, input={"user": global_id("User", 999)}) == [
        {"field": "user", "code": "NOT_FOUND"}
    ]
    assert errors_of(SET_DELIVERY, token, order=order_id, method=global_id("ShippingMethod", 999)) == [
        {"field": "shippingMethod", "code": "SHIPPING_METHOD_NOT_APPLICABLE"}
    ]


def test_placed_orders_are_not_editable(token: str) -> None:
    pillow = make_variant(on_hand=5)
    order = make_order((pillow, 1))
    order_id, line_id = global_id("Order", order.pk), global_id("OrderLine", order.lines.get().pk)
    expected = [{"field": None, "code": "NOT_EDITABLE"}]

    assert errors_of(UPDATE, token, id=order_id, input={"customerNote": "Mai"}) == expected
    assert errors_of(ADD_LINES, token, id=order_id, input=[line_of(pillow, 1)]) == expected
    assert errors_of(SET_QUANTITY, token, id=line_id, quantity=2) == expected
    assert errors_of(DELETE_LINE, token, id=line_id) == expected
    assert errors_of(SET_DELIVERY, token, order=order_id, method=None) == expected
    assert errors_of(COMPLETE, token, id=order_id) == expected


def test_external_reference_of_another_order_is_refused(token: str) -> None:
    channel_id = global_id("Channel", make_channel().pk)
    create_draft(token, externalReference="SAP-1")

    assert errors_of(CREATE, token, input={"channelId": channel_id, "externalReference": "SAP-1"}) == [
        {"field": "externalReference", "code": "UNIQUE"}
    ]


def test_drafts_are_written_by_staff_who_manage_orders(token: str) -> None:
    order_id = create_draft(token, line_of(make_variant(), 1))
    line_id = global_id("OrderLine", OrderLine.objects.get().pk)
    stranger = token_of(make_staff(Permission.MANAGE_PRODUCTS))
    before = all_rows()

    answers = [
        execute(CREATE, stranger, input={"channelId": global_id("Channel", make_channel().pk)}),
        execute(UPDATE, stranger, id=order_id, input={}),
        execute(ADD_LINES, stranger, id=order_id, input=[]),
        execute(SET_QUANTITY, stranger, id=line_id, quantity=2),
        execute(DELETE_LINE, stranger, id=line_id),
        execute(SET_DELIVERY, stranger, order=order_id),
        execute(COMPLETE, stranger, id=order_id),
    ]

    for answer in answers:
        assert list(answer["data"].values()) == [None]
        assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    assert all_rows() == before


def test_deliveries_are_shown_for_one_draft_at_a_time(token: str) -> None:
    listed = "{ draftOrders(first: 5) { edges { node { number shippingMethods { id } } } } }"
    create_draft(token)
    assert len(data_of(listed, token)["draftOrders"]["edges"]) == 1

    create_draft(token)
    (error,) = execute(listed, token)["errors"]
    assert error["message"] == "Ask for the shipping methods of one draft at a time."
