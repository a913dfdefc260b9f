"""Order mutations of platform and cooperative staff."""

from __future__ import annotations

import pytest

from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import CostBearer, Order, PaymentMethod, Refund, RefundLine
from orders.states import OrderStatus
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import (
    NOW,
    get_stock,
    make_admin,
    make_bank_account,
    make_divisions,
    make_order,
    make_seller,
    make_staff,
    make_variant,
    unknown_uuid,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.orders.test_fulfillment import fulfil
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db


def run_order_mutation(name, order, fields="order { status }", token=None):
    query = f"mutation($id: ID!) {{ {name}(id: $id) {{ errors {{ field code }} {fields} }} }}"
    return data_of(query, token or token_of(make_admin()), id=global_id("Order", order.pk))[name]


def test_cancelled_order_releases_its_stock() -> None:
    pillow = make_variant(on_hand=5)
    order = make_order((pillow, 2))

    assert run_order_mutation("orderCancel", order) == {"errors": [], "order": {"status": "CANCELED"}}

    assert get_stock(pillow).allocated == 0
    assert run_order_mutation("orderCancel", order)["errors"] == [
        {"field": None, "code": "CANNOT_CANCEL_ORDER"}
    ]
    dispatched_order = make_order((pillow, 1))
    fulfil(dispatched_order, token_of(make_admin()))
    assert run_order_mutation("orderCancel", dispatched_order)["errors"] == [
        {"field": None, "code": "CANNOT_CANCEL_ORDER"}
    ]
    dispatched_order.refresh_from_db()
    assert dispatched_order.status == OrderStatus.ON_THE_WAY
    dispatched_order.pk = unknown_uuid()
    assert run_order_mutation("orderCancel", dispatched_order)["errors"] == [
        {"field": "id", "code": "NOT_FOUND"}
    ]


def test_order_awaiting_payment_is_confirmed() -> None:
    make_bank_account()
    order = make_order(method=PaymentMethod.TRANSFER)
    assert order.confirmed_at is None

    assert run_order_mutation("orderConfirm", order) == {"errors": [], "order": {"status": "UNFULFILLED"}}

    order.refresh_from_db()
    assert order.confirmed_at is not None
    assert order.parts.get().accept_by is not None
    assert run_order_mutation("orderConfirm", order)["errors"] == [{"field": None, "code": "INVALID"}]


def test_notes_are_added_and_updated() -> None:
    order, admin = make_order(), make_admin()
    token, key = token_of(admin), global_id("Order", order.pk)
    add = """mutation($order: ID!, $words: String!) {
      orderNoteAdd(order: $order, input: {message: $words}) {
        errors { field code } event { id type message user { email } }
        order { events { type message } } } }"""
    change = """mutation($note: ID!, $words: String!) {
      orderNoteUpdate(note: $note, input: {message: $words}) {
        errors { field code } event { type message } order { number } } }"""

    added = data_of(add, token, order=key, words=" Gọi trước khi giao ")["orderNoteAdd"]
    changed = data_of(change, token, note=added["event"]["id"], words="Gọi sau 17 giờ")["orderNoteUpdate"]

    assert added["errors"] == []
    assert added["event"]["type"] == "NOTE_ADDED"
    assert added["event"]["message"] == "Gọi trước khi giao"
    assert added["event"]["user"] == {"email": admin.email}
    assert added["order"]["events"][-1] == {"type": "NOTE_ADDED", "message": "Gọi trước khi giao"}
    assert changed == {
        "errors": [],
        "event": {"type": "NOTE_UPDATED", "message": "Gọi sau 17 giờ"},
        "order": {"number": str(order.number)},
    }
    before = Change.objects.count()
    for message, code in (("  ", "REQUIRED"), ("x" * 5001, "GRAPHQL_ERROR")):
        refused = data_of(add, token, order=key, words=message)["orderNoteAdd"]
        assert refused["errors"] == [{"field": "message", "code": code}]
    placed = global_id("OrderEvent", Change.objects.get(action="order.placed").pk)
    assert data_of(change, token, note=placed, words="x")["orderNoteUpdate"]["errors"] == [
        {"field": "note", "code": "NOT_FOUND"}
    ]
    assert Change.objects.count() == before


GRANT_REFUND = """
mutation($id: ID!, $input: OrderGrantRefundCreateInput!) {
  orderGrantRefundCreate(id: $id, input: $input) {
    errors { field code lines { lineId field code } }
    grantedRefund { amount { amount } reason status shippingCostsIncluded user { email }
      lines { quantity orderLine { productName } } }
    order { totalGrantedRefund { amount } totalBalance { amount } }
  }
}
"""


def grant_refund(order, token=None, **input_data):
    payment = order.payments.get()
    input_data = {"transactionId": global_id("TransactionItem", payment.pk)} | input_data
    data = data_of(
        GRANT_REFUND, token or token_of(make_admin()), id=global_id("Order", order.pk), input=input_data
    )
    return data["orderGrantRefundCreate"]


def test_granted_refund_of_lines_releases_their_stock() -> None:
    pillow = make_variant(price=320_000)
    order = make_order((pillow, 2))
    line = order.lines.get()
    admin = make_admin()
    refund_lines = [{"id": global_id("OrderLine", line.pk), "quantity": 1}]

    payload = grant_refund(
        order, token_of(admin), lines=refund_lines, reason="Rách", grantRefundForShipping=True
    )

    assert payload == {
        "errors": [],
        "grantedRefund": {
            "amount": {"amount": 350_000},
            "reason": "Rách",
            "status": "NONE",
            "shippingCostsIncluded": True,
            "user": {"email": admin.email},
            "lines": [{"quantity": 1, "orderLine": {"productName": "Gối thảo dược"}}],
        },
        "order": {"totalGrantedRefund": {"amount": 350_000}, "totalBalance": {"amount": -320_000}},
    }
    refund = Refund.objects.get()
    assert (refund.bearer, refund.repayment) == (CostBearer.COOPERATIVE, 0)
    assert get_stock(pillow).allocated == 1


def test_granted_amount_is_spread_over_all_parts() -> None:
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    order = make_order((make_variant(thien_an, price=270_000), 1), (make_variant(yen_duong, price=70_000), 1))

    payload = grant_refund(order, amount=100_000, bearer="PLATFORM")

    assert payload["errors"] == []
    assert payload["order"]["totalGrantedRefund"] == {"amount": 100_000}
    parts = Refund.objects.order_by("part__number").values_list("part__cooperative", "amount", "bearer")
    assert list(parts) == [
        (thien_an.pk, 75_000, CostBearer.PLATFORM),
        (yen_duong.pk, 25_000, CostBearer.PLATFORM),
    ]


@pytest.mark.parametrize(
    ("invalid_values", "field", "code"),
    [
        ({"amount": 350_001}, "amount", "AMOUNT_GREATER_THAN_AVAILABLE"),
        ({"amount": 0}, "amount", "REQUIRED"),
        ({"amount": -5}, "amount", "REQUIRED"),
        ({"amount": 10_000.5}, "amount", "INVALID"),
        ({"lines": 2}, "lines", "INVALID"),
        ({"lines": 0}, "lines", "INVALID"),
        ({"transactionId": "foreign"}, "transactionId", "NOT_FOUND"),
        ({"line": "foreign"}, "lines", "NOT_FOUND"),
    ],
)
def test_invalid_refund_is_refused(invalid_values, field, code) -> None:
    order = make_order((make_variant(price=320_000), 1))
    if "lines" in invalid_values:
        key = global_id("OrderLine", order.lines.get().pk)
        invalid_values = {"lines": [{"id": key, "quantity": invalid_values["lines"]}]}
    elif "line" in invalid_values:
        invalid_values = {
            "lines": [{"id": global_id("OrderLine", make_order().lines.get().pk), "quantity": 1}]
        }
    elif "transactionId" in invalid_values:
        invalid_values = {"transactionId": global_id("TransactionItem", make_order().payments.get().pk)}

    payload = grant_refund(order, **invalid_values)

    assert [(error["field"], error["code"]) for error in payload["errors"]] == [(field, code)]
    assert (payload["grantedRefund"], payload["order"]) == (None, None)
    assert not Refund.objects.exists()
    assert not RefundLine.objects.exists()


def test_cooperative_staff_refund_only_their_part() -> None:
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    order = make_order((make_variant(thien_an, price=320_000), 1), (make_variant(yen_duong, price=50_000), 1))
    token = token_of(make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,)))
    (edge,) = data_of("{ orders(first: 1) { edges { node { id } } } }", token)["orders"]["edges"]
    foreign = order.lines.get(cooperative=yen_duong)

    def request_refund(**input_data):
        payment = {"transactionId": global_id("TransactionItem", order.payments.get().pk)}
        return data_of(GRANT_REFUND, token, id=edge["node"]["id"], input=payment | input_data)[
            "orderGrantRefundCreate"
        ]

    lines = [{"id": global_id("OrderLine", foreign.pk), "quantity": 1}]
    assert [error["code"] for error in request_refund(lines=lines)["errors"]] == ["NOT_FOUND"]
    assert [error["code"] for error in request_refund(amount=1, bearer="PLATFORM")["errors"]] == ["INVALID"]
    assert [error["code"] for error in request_refund(amount=350_001)["errors"]] == [
        "AMOUNT_GREATER_THAN_AVAILABLE"
    ]
    assert not Refund.objects.exists()
    assert request_refund(amount=20_000)["order"] == {
        "totalGrantedRefund": {"amount": 20_000},
        "totalBalance": {"amount": -330_000},
    }
    assert list(Refund.objects.values_list("part__cooperative", "amount")) == [(thien_an.pk, 20_000)]
    assert Order.objects.get(pk=order.pk).current_total_gross == 410_000


UPDATE = """
mutation($id: ID!, $input: OrderUpdateInput!) {
  orderUpdate(id: $id, input: $input) {
    errors { field code addressType }
    order {
      userEmail externalReference languageCodeEnum metadata { key value }
      shippingAddress { firstName streetAddress1 city phone } billingAddress { firstName city }
      total { gross { amount } }
    }
  }
}
"""
NEW_ADDRESS = {
    "firstName": "Lê Văn Nam",
    "streetAddress1": "Số 9, ngõ 4",
    "city": "Phường Cầu Giấy",
    "countryArea": "Thành phố Hà Nội",
    "country": "VN",
    "phone": "0912 000 111",
}


def test_order_update_leaves_the_sums_unchanged() -> None:
    make_divisions()
    order = make_order()
    token, key = token_of(make_admin()), global_id("Order", order.pk)
    input_data = {
        "userEmail": "nam@example.com",
        "externalReference": "DH-1",
        "languageCode": "EN",
        "metadata": [{"key": "a", "value": "b"}],
        "shippingAddress": NEW_ADDRESS,
        "billingAddress": NEW_ADDRESS | {"city": "Phường Nghĩa Đô"},
    }

    payload = data_of(UPDATE, token, id=key, input=input_data)["orderUpdate"]

    assert payload == {
        "errors": [],
        "order": {
            "userEmail": "nam@example.com",
            "externalReference": "DH-1",
            "languageCodeEnum": "EN",
            "metadata": [{"key": "a", "value": "b"}],
            "shippingAddress": {
                "firstName": "Lê Văn Nam",
                "streetAddress1": "Số 9, ngõ 4",
                "city": "Phường Cầu Giấy",
                "phone": "+84912000111",
            },
            "billingAddress": {"firstName": "Lê Văn Nam", "city": "Phường Nghĩa Đô"},
            "total": {"gross": {"amount": 350_000}},
        },
    }
    order.refresh_from_db()
    assert (order.buyer_name, order.phone) == ("Lê Văn Nam", "+84912000111")
    assert Change.objects.filter(action="order.corrected").count() == 1


def test_invalid_order_update_is_refused() -> None:
    make_divisions()
    order = make_order()
    Order.objects.filter(pk=make_order().pk).update(external_reference="DH-1")
    token, key = token_of(make_admin()), global_id("Order", order.pk)
    nowhere = {"country": "VN", "streetAddress1": ""}
    elsewhere = NEW_ADDRESS | {"countryArea": "Tỉnh Thái Nguyên", "city": "Xã Phủ Thông"}

    for invalid_values, field, code, address_type in (
        ({"userEmail": "x"}, "userEmail", "INVALID", None),
        ({"externalReference": "DH-1"}, "externalReference", "UNIQUE", None),
        ({"shippingAddress": elsewhere}, "shippingAddress", "INVALID", None),
        (
            {"shippingAddress": nowhere},
            "streetAddress1",
            "REQUIRED",
            "SHIPPING",
        ),
    ):
        payload = data_of(UPDATE, token, id=key, input=invalid_values)["orderUpdate"]
        assert {"field": field, "code": code, "addressType": address_type} in payload["errors"]
        assert payload["order"] is None
    saved = Order.objects.get(pk=order.pk)
    assert (saved.email, saved.external_reference, saved.buyer_name) == (
        "hoa@example.com",
        None,
        "Nguyễn Thị Hoa",
    )
    assert not Change.objects.filter(action="order.corrected").exists()
    denied = execute(UPDATE, id=key, input={"userEmail": "nam@example.com"})
    assert denied["data"] == {"orderUpdate": None}


ORDER_DETAILS = """
query($id: ID!) { order(id: $id) {
  id metadata { key } privateMetadata { key } actions status canFinalize
  transactions { id actions events { type amount { amount } } chargedAmount { amount } }
  payments { id gateway } giftCards { id events { id } }
  grantedRefunds { id amount { amount } status lines { quantity } transactionEvents { type } }
  discounts { id type total { amount } } voucher { type code }
  events { id type date user { email } app { name } message fulfilledItems { quantity } amount composedId }
  fulfillments { id metadata { key } privateMetadata { key } warehouse { name } lines { orderLine { id } } }
  lines { id allocations { quantity warehouse { name } } variant { stocks { quantity } } metadata { key } }
  totalAuthorized { amount } totalRefunded { amount } totalRemainingGrant { amount } totalCanceled { amount }
  totalAuthorizePending { amount } totalRefundPending { amount } totalCancelPending { amount }
  invoices { id } shippingMethods { id } deliveryMethod { __typename } channel { isActive }
  undiscountedTotal { net { amount } }
  cooperativeParts { commission { amount } payout { amount } refunded { amount } }
} }
"""


def test_commission_of_parts_leaves_out_missing_items_and_cancelled_parts() -> None:
    seller, cancelling = make_seller(commission=5), make_seller(commission=5)
    order = make_order((make_variant(seller, price=40_000), 3), (make_variant(cancelling, price=50_000), 1))
    part, cancelled = order.parts.get(cooperative=seller), order.parts.get(cooperative=cancelling)
    as_system = {"actor": Actor.system(), "now": NOW}
    accept_part(part_id=part.pk, **as_system)
    report_shortage(part_id=part.pk, available={part.lines.get().pk: 1}, **as_system)
    cancel_part(part_id=cancelled.pk, reason="Hết hàng", **as_system)
    query = "query($id: ID!) { order(id: $id) { cooperativeParts { state commission { amount } } } }"

    answer = data_of(query, token_of(make_admin()), id=global_id("Order", order.pk))

    assert {row["state"]: row["commission"]["amount"] for row in answer["order"]["cooperativeParts"]} == {
        "ACCEPTED": 2_000,
        "CANCELLED": 0,
    }


def test_order_details_for_platform_and_cooperative_staff() -> None:
    seller = make_seller()
    order = make_order((make_variant(seller, on_hand=5, price=320_000), 2))
    admin = token_of(make_admin())
    fulfil(order, admin)
    grant_refund(order, admin, amount=20_000)
    member = token_of(make_staff(Permission.MANAGE_ORDERS, Permission.MANAGE_PRODUCTS, works_for=(seller,)))
    (edge,) = data_of("{ orders(first: 1) { edges { node { id } } } }", member)["orders"]["edges"]

    order_for_admin = data_of(ORDER_DETAILS, admin, id=global_id("Order", order.pk))["order"]
    order_for_member = data_of(ORDER_DETAILS, member, id=edge["node"]["id"])["order"]

    assert len(order_for_admin["transactions"]) == 1
    assert order_for_member["transactions"] == []
    shared_fields = (
        "grantedRefunds",
        "fulfillments",
        "lines",
        "cooperativeParts",
        "status",
        "undiscountedTotal",
    )
    assert {name: order_for_member[name] for name in shared_fields} == {
        name: order_for_admin[name] for name in shared_fields
    }
    assert order_for_admin["grantedRefunds"][0]["amount"] == {"amount": 20_000}
    assert order_for_admin["cooperativeParts"] == [
        {"commission": {"amount": 0}, "payout": {"amount": 0}, "refunded": {"amount": 20_000}}
    ]
    assert [event["type"] for event in order_for_admin["events"]][:2] == [
        "PLACED",
        "EXTERNAL_SERVICE_NOTIFICATION",
    ]
    sent = next(
        event for event in order_for_admin["events"] if event["type"] == "FULFILLMENT_FULFILLED_ITEMS"
    )
    assert (sent["fulfilledItems"], sent["composedId"]) == ([{"quantity": 2}], f"{order.number}-1")
