"""Discounts that staff grant on drafts over the API."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.models import Variant
from orders.actions.placement.draft_orders import edit_draft, place_draft
from orders.actions.quotes.quote_types import RequestedDelivery, RequestedLine
from orders.models import CostBearer, Discount, DiscountKind, Order
from shop.accounts.models import ConsentPurpose
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.actors import Actor
from tests.factories import NOW, make_admin, make_contact, make_order, make_staff, make_variant, unknown_uuid
from tests.invariants import check_everything
from tests.shop.api.client import execute
from tests.shop.api.orders.test_draft_mutations import create_draft, errors_of, line_of, payload
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

ERRORS = "errors { field code }"
TOTAL = "total { gross { amount } }"
LINES = """lines { id quantity unitDiscountValue unitDiscountType unitDiscountReason
  totalPrice { gross { amount } } }"""
ORDER = f"order {{ {TOTAL} discounts {{ id type valueType value reason total {{ amount }} }} }}"
ADD = f"""
mutation($order: ID!, $input: OrderDiscountCommonInput!) {{
  orderDiscountAdd(orderId: $order, input: $input) {{ {ORDER} {ERRORS} }} }}
"""
CHANGE = f"""
mutation($id: ID!, $input: OrderDiscountCommonInput!) {{
  orderDiscountUpdate(discountId: $id, input: $input) {{ {ORDER} {ERRORS} }} }}
"""
DELETE = f"mutation($id: ID!) {{ orderDiscountDelete(discountId: $id) {{ {ORDER} {ERRORS} }} }}"
SET_LINE = f"""
mutation($line: ID!, $input: OrderDiscountCommonInput!) {{
  orderLineDiscountUpdate(orderLineId: $line, input: $input) {{
    orderLine {{ unitDiscountValue }} order {{ {TOTAL} discounts {{ id }} {LINES} }} {ERRORS} }} }}
"""
CLEAR_LINE = f"""
mutation($line: ID!) {{ orderLineDiscountRemove(orderLineId: $line) {{
  orderLine {{ id }} order {{ {TOTAL} {LINES} }} {ERRORS} }} }}
"""
SET_QUANTITY = f"""
mutation($id: ID!, $quantity: Int!) {{ orderLineUpdate(id: $id, input: {{quantity: $quantity}}) {{
  order {{ {TOTAL} discounts {{ id total {{ amount }} }} {LINES} }} {ERRORS} }} }}
"""
FIXED_50 = {"valueType": "FIXED", "value": 50_000, "reason": "Khách quen"}
TENTH = {"valueType": "PERCENTAGE", "value": 10}


@pytest.fixture
def token() -> str:
    return token_of(make_admin())


@pytest.fixture
def variant() -> Variant:
    return make_variant(price=320_000, on_hand=9)


def line_id_of(order_id: str, token: str) -> str:
    (line,) = payload("query($id: ID!) { order(id: $id) { lines { id } } }", token, id=order_id)["lines"]
    return line["id"]


def total_of(payload_order: dict[str, Any]) -> float:
    return payload_order["total"]["gross"]["amount"]


def place(variant: Variant) -> Order:
    """Give the only draft a receiver and a delivery, and place it."""
    draft = Order.objects.get()
    line = draft.lines.get()
    delivery = RequestedDelivery(variant.cooperative.delivery_methods.get().pk)
    edit_draft(
        order_id=draft.pk,
        lines=[RequestedLine(line.pk, variant.pk, line.quantity)],
        deliveries={variant.cooperative_id: delivery},
        contact=make_contact(),
        actor=Actor.system("test"),
        now=NOW,
    )
    return place_draft(
        order_id=draft.pk,
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=Actor.system("test"),
        now=NOW,
    )


def test_discount_of_a_draft_is_granted_changed_and_removed(token: str, variant: Variant) -> None:
    order_id = create_draft(token, line_of(variant, 2))

    added = payload(ADD, token, order=order_id, input=FIXED_50)["order"]
    (granted,) = added["discounts"]
    changed = payload(CHANGE, token, id=granted["id"], input=TENTH)["order"]
    removed = payload(DELETE, token, id=granted["id"])["order"]

    assert total_of(added) == 590_000
    assert granted == {
        "id": granted["id"],
        "type": "MANUAL",
        "valueType": "FIXED",
        "value": 50_000,
        "reason": "Khách quen",
        "total": {"amount": 50_000},
    }
    assert total_of(changed) == 576_000
    assert changed["discounts"] == [
        granted | {"valueType": "PERCENTAGE", "value": 10, "total": {"amount": 64_000}}
    ]
    assert (total_of(removed), removed["discounts"]) == (640_000, [])


def test_discounts_follow_the_draft_and_the_platform_bears_them(token: str, variant: Variant) -> None:
    order_id = create_draft(token, line_of(variant, 1))
    line_id = line_id_of(order_id, token)
    payload(ADD, token, order=order_id, input=TENTH)
    payload(SET_LINE, token, line=line_id, input={"valueType": "FIXED", "value": 20_000})

    grown = payload(SET_QUANTITY, token, id=line_id, quantity=3)["order"]
    placed = place(variant)

    # 3 × (320,000 − 20,000), then a tenth less.
    assert total_of(grown) == 810_000
    assert [discount["total"]["amount"] for discount in grown["discounts"]] == [90_000]
    rows = Discount.objects.filter(order=placed).order_by("amount")
    assert list(rows.values_list("kind", "value", "amount", "bearer")) == [
        (DiscountKind.MANUAL, 20_000, 60_000, CostBearer.PLATFORM),
        (DiscountKind.MANUAL, 10, 90_000, CostBearer.PLATFORM),
    ]
    assert placed.parts.get().goods_gross == 810_000
    check_everything()


def test_discount_of_an_item_is_set_and_removed(token: str, variant: Variant) -> None:
    order_id = create_draft(token, line_of(variant, 2))
    line_id = line_id_of(order_id, token)

    fixed = payload(SET_LINE, token, line=line_id, input=FIXED_50)["order"]
    percent = payload(SET_LINE, token, line=line_id, input=TENTH)["order"]
    removed = payload(CLEAR_LINE, token, line=line_id)["order"]

    assert (total_of(fixed), fixed["discounts"]) == (540_000, [])
    assert fixed["lines"] == [
        {
            "id": line_id,
            "quantity": 2,
            "unitDiscountValue": 50_000,
            "unitDiscountType": "FIXED",
            "unitDiscountReason": "Khách quen",
            "totalPrice": {"gross": {"amount": 540_000}},
        }
    ]
    assert total_of(percent) == 576_000
    (line,) = percent["lines"]
    assert (line["unitDiscountValue"], line["unitDiscountType"]) == (10, "PERCENTAGE")
    assert line["unitDiscountReason"] == "Khách quen"
    assert total_of(removed) == 640_000
    assert not Discount.objects.exists()


def test_discount_of_an_empty_draft_waits_for_items(token: str, variant: Variant) -> None:
    order_id = create_draft(token)
    payload(ADD, token, order=order_id, input=TENTH)

    added = payload(
        "mutation($id: ID!, $input: [OrderLineCreateInput!]!) { orderLinesCreate(id: $id, input: $input) {"
        f" {ORDER} {ERRORS} }} }}",
        token,
        id=order_id,
        input=[line_of(variant, 1)],
    )["order"]

    assert total_of(added) == 288_000


def test_impossible_discounts_are_refused(token: str, variant: Variant) -> None:
    order_id = create_draft(token, line_of(variant, 2))
    line_id = line_id_of(order_id, token)
    placed = make_order((make_variant(), 1))
    unknown_id = global_id("OrderDiscount", unknown_uuid())
    invalid = [{"field": "value", "code": "INVALID"}]

    above_price = {"valueType": "FIXED", "value": 640_001}
    assert errors_of(ADD, token, order=order_id, input=above_price) == invalid
    assert errors_of(ADD, token, order=order_id, input=TENTH | {"value": "100.1"}) == invalid
    assert errors_of(SET_LINE, token, line=line_id, input=above_price | {"value": 320_001}) == invalid
    assert errors_of(CHANGE, token, id=unknown_id, input=TENTH) == [
        {"field": "discountId", "code": "NOT_FOUND"}
    ]
    assert errors_of(DELETE, token, id=unknown_id) == [{"field": "discountId", "code": "NOT_FOUND"}]
    assert errors_of(ADD, token, order=global_id("Order", placed.pk), input=TENTH) == [
        {"field": None, "code": "CANNOT_DISCOUNT"}
    ]
    payload(ADD, token, order=order_id, input=TENTH)
    assert errors_of(ADD, token, order=order_id, input=TENTH) == [
        {"field": "orderId", "code": "CANNOT_DISCOUNT"}
    ]


def test_discounts_need_the_right_to_manage_orders(token: str, variant: Variant) -> None:
    order_id = create_draft(token, line_of(variant, 2))
    lister = token_of(make_staff(Permission.MANAGE_PRODUCTS))

    answer = execute(ADD, lister, order=order_id, input=TENTH)

    assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    assert not Discount.objects.exists()
