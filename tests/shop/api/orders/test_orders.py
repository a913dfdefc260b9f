"""Orders as buyers and platform staff see them."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.placement.place_order import place_order
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import Order, PaymentMethod
from shop.accounts.models import ConsentPurpose
from shop.api.ids import global_id
from shop.core.actors import Actor
from tests.factories import (
    NOW,
    carrier_deliveries,
    make_admin,
    make_basket,
    make_channel,
    make_contact,
    make_market_pickup,
    make_order,
    make_seller,
    make_user,
    make_variant,
    make_voucher,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

ORDER = """
query order($id: ID!) {
  order(id: $id) {
    id number created status statusDisplay userEmail isPaid paymentStatus chargeStatus authorizeStatus
    origin token voucherCode voucher { code } customerNote languageCodeEnum shippingMethodName
    channel { slug currencyCode }
    billingAddress { firstName city country { code } }
    shippingAddress { streetAddress1 countryArea }
    total { gross { amount currency fractionalAmount } net { amount } tax { amount } }
    subtotal { gross { amount } }
    shippingPrice { gross { amount } }
    undiscountedShippingPrice { amount }
    undiscountedTotal { gross { amount } }
    shippingTaxRate
    totalBalance { amount } totalCaptured { amount } totalAuthorized { amount }
    totalChargePending { amount } totalGrantedRefund { amount }
    discounts { type name valueType value total { amount } }
    isShippingRequired weight { unit value }
    lines {
      productName variantName quantity quantityFulfilled quantityToFulfill taxRate isShippingRequired
      unitPrice { gross { amount } } undiscountedUnitPrice { gross { amount } net { amount } }
      totalPrice { gross { amount } } unitDiscount { amount } unitDiscountReason unitDiscountType
      variant { name product { name } } thumbnail { url alt } cooperative { name }
      discounts { type total { amount } unit { amount } }
    }
    deliveryMethod { ... on Warehouse { slug } ... on ShippingMethod { id name price { amount } } }
    giftCards { id } shippingMethods { id }
    fulfillments { status trackingNumber fulfillmentOrder lines { quantity orderLine { productName } } }
  }
}
"""


def test_guest_order_is_visible_by_its_id() -> None:
    seller = make_seller("HTX Thiên An")
    pillow = make_variant(seller, name="Gối thảo dược", price=320_000)
    order = make_order((pillow, 2))

    order_data = data_of(ORDER, id=global_id("Order", order.pk))["order"]

    assert order_data["number"] == str(order.number)
    assert order_data["created"] == "2026-11-24T03:00:00+00:00"
    assert order_data["status"] == "UNFULFILLED"
    assert order_data["channel"] == {"slug": "viet-nam", "currencyCode": "VND"}
    assert order_data["userEmail"] == "hoa@example.com"
    assert order_data["token"] == str(order.pk)
    assert order_data["shippingAddress"] == {"streetAddress1": "Số 5, ngõ 12", "countryArea": "Hà Nội"}
    assert order_data["total"] == {
        "gross": {"amount": 670_000, "currency": "VND", "fractionalAmount": 670_000},
        "net": {"amount": 670_000},
        "tax": {"amount": 0},
    }
    assert order_data["subtotal"]["gross"]["amount"] == 640_000
    assert order_data["shippingPrice"]["gross"]["amount"] == 30_000
    assert order_data["undiscountedTotal"]["gross"]["amount"] == 670_000
    assert order_data["totalBalance"] == {"amount": -670_000}
    assert order_data["totalCaptured"] == {"amount": 0}
    assert order_data["totalChargePending"] == {"amount": 670_000}
    assert not order_data["isPaid"]
    assert order_data["paymentStatus"] == "NOT_CHARGED"
    assert order_data["chargeStatus"] == "NONE"
    assert order_data["shippingMethodName"] == "Giao tận nhà"
    assert order_data["deliveryMethod"] == {
        "id": global_id("ShippingMethod", order.parts.get().service_id),
        "name": "Giao tận nhà",
        "price": {"amount": 30_000},
    }
    (line,) = order_data["lines"]
    assert line == {
        "productName": "Gối thảo dược",
        "variantName": "",
        "quantity": 2,
        "quantityFulfilled": 0,
        "quantityToFulfill": 2,
        "taxRate": 0,
        "isShippingRequired": True,
        "unitPrice": {"gross": {"amount": 320_000}},
        "undiscountedUnitPrice": {"gross": {"amount": 320_000}, "net": {"amount": 320_000}},
        "totalPrice": {"gross": {"amount": 640_000}},
        "unitDiscount": {"amount": 0},
        "unitDiscountReason": None,
        "unitDiscountType": None,
        "variant": {"name": "", "product": {"name": "Gối thảo dược"}},
        "thumbnail": None,
        "cooperative": {"name": "HTX Thiên An"},
        "discounts": [],
    }
    assert order_data["fulfillments"] == []


def test_order_is_hidden_from_other_users() -> None:
    buyer, stranger = make_user(), make_user()
    order = make_order(user=buyer)
    key = global_id("Order", order.pk)
    query = "query($id: ID!) { order(id: $id) { number user { email } } }"
    with_user = {"order": {"number": str(order.number), "user": {"email": buyer.email}}}

    assert data_of(query, token_of(buyer), id=key) == with_user
    assert data_of(query, token_of(make_admin()), id=key) == with_user
    assert data_of(query, token_of(stranger), id=key) == {"order": None}
    without_user = {"order": {"number": str(order.number), "user": None}}
    assert data_of(query, id=key) == without_user
    by_token = "query($token: UUID!) { orderByToken(token: $token) { number } }"
    assert data_of(by_token, token_of(stranger), token=str(order.pk)) == {"orderByToken": None}
    assert data_of(by_token, token_of(buyer), token=str(order.pk)) == {
        "orderByToken": {"number": str(order.number)}
    }


def test_own_orders_are_listed_newest_first_in_few_queries(django_assert_max_num_queries) -> None:
    buyer = make_user()
    pillow = make_variant(on_hand=50)
    numbers = [
        str(make_order((pillow, 1), user=buyer, now=NOW + datetime.timedelta(hours=hour)).number)
        for hour in range(3)
    ]
    make_order((pillow, 1), user=make_user())
    query = """query { me { orders(first: 10) { totalCount edges { node {
      number status total { gross { amount } }
      lines { quantity variant { name product { name thumbnail { url } } } }
      fulfillments { status }
    } } } } }"""

    with django_assert_max_num_queries(10):
        listed = data_of(query, token_of(buyer))["me"]["orders"]

    assert [edge["node"]["number"] for edge in listed["edges"]] == numbers[::-1]
    assert listed["totalCount"] == 3


def test_pickup_order_names_its_collection_point() -> None:
    seller, channel = make_seller(), make_channel()
    pillow = make_variant(seller)
    delivery_method = make_market_pickup(seller, channel)
    (time,) = delivery_method.pickup_times(now=NOW, count=1)
    requested = RequestedDelivery(delivery_method.pk, time.day, time.starts)
    order = make_order((pillow, 1), deliveries={seller.pk: requested})
    query = """query($id: ID!) { order(id: $id) { collectionPointName shippingMethodName
      deliveryMethod { __typename ... on Warehouse { name } } } }"""

    assert data_of(query, id=global_id("Order", order.pk))["order"] == {
        "collectionPointName": "Nhận ở chợ phiên",
        "shippingMethodName": None,
        "deliveryMethod": {"__typename": "Warehouse", "name": delivery_method.warehouse.name},
    }


def test_voucher_discount_is_shown_on_order_and_lines() -> None:
    make_voucher("CHAO10", value=10)
    pillow = make_variant(price=320_000)
    basket = make_basket((pillow, 2))
    basket.voucher_code = "CHAO10"
    basket.save()
    order = place_order(
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        method=PaymentMethod.COD,
        actor=Actor.guest(),
        now=NOW,
    )

    order_data = data_of(ORDER, id=global_id("Order", order.pk))["order"]

    assert (order_data["voucherCode"], order_data["voucher"]) == ("CHAO10", {"code": "CHAO10"})
    assert order_data["discounts"] == [
        {
            "type": "VOUCHER",
            "name": "Chào khách mới",
            "valueType": "PERCENTAGE",
            "value": 10,
            "total": {"amount": 64_000},
        }
    ]
    assert order_data["total"]["gross"]["amount"] == 606_000
    assert order_data["undiscountedTotal"]["gross"]["amount"] == 670_000
    (line,) = order_data["lines"]
    assert line["unitPrice"] == {"gross": {"amount": 288_000}}
    assert line["undiscountedUnitPrice"]["gross"] == {"amount": 320_000}
    assert line["totalPrice"] == {"gross": {"amount": 576_000}}
    assert line["unitDiscount"] == {"amount": 32_000}
    assert (line["unitDiscountType"], line["unitDiscountReason"]) == ("FIXED", "Chào khách mới")
    assert line["discounts"] == [{"type": "VOUCHER", "total": {"amount": 64_000}, "unit": {"amount": 32_000}}]


@pytest.mark.parametrize(
    "text",
    ["abc", "T3JkZXI6MQ==", global_id("User", 1), "T3JkZXI6MDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAw"],
)
def test_unknown_order_id_is_null_and_malformed_id_is_an_error(text) -> None:
    response = execute("query($id: ID!) { order(id: $id) { number } }", id=text)

    assert response["data"] == {"order": None}
    is_malformed = text in ("abc", "T3JkZXI6MQ==")
    assert [error["message"] for error in response.get("errors", ())] == (
        [f"Invalid ID: {text}. Expected: Order."] if is_malformed else []
    )


def test_order_query_takes_exactly_one_identifier() -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(external_reference="DH-1")
    query = "query($id: ID, $ref: String) { order(id: $id, externalReference: $ref) { number } }"

    data = data_of(query, token_of(make_admin()), ref="DH-1")
    assert data == {"order": {"number": str(order.number)}}
    for identifiers in ({}, {"id": global_id("Order", order.pk), "ref": "DH-1"}):
        assert execute(query, **identifiers)["errors"][0]["extensions"]["code"] == "GraphQLError"
    assert execute(query, ref="DH-1")["errors"][0]["extensions"]["code"] == "PermissionDenied"


def test_only_the_owner_writes_public_order_metadata() -> None:
    buyer = make_user()
    guests, theirs = make_order(), make_order(user=buyer)
    write = """mutation($id: ID!) { updateMetadata(id: $id, input: [{key: "a", value: "b"}]) {
      errors { code } item { metadata { key value } } } }"""
    done = {"errors": [], "item": {"metadata": [{"key": "a", "value": "b"}]}}

    assert data_of(write, id=global_id("Order", guests.pk))["updateMetadata"] == done
    assert data_of(write, token_of(buyer), id=global_id("Order", theirs.pk))["updateMetadata"] == done
    for stranger in (None, token_of(make_user())):
        denied = execute(write, stranger, id=global_id("Order", theirs.pk))
        assert denied["errors"][0]["extensions"]["code"] == "PermissionDenied"
    private = write.replace("updateMetadata", "updatePrivateMetadata")
    refused = execute(private, token_of(buyer), id=global_id("Order", theirs.pk))
    assert refused["errors"][0]["extensions"]["code"] == "PermissionDenied"
    theirs.refresh_from_db()
    assert (theirs.metadata, theirs.private_metadata) == ({"a": "b"}, {})
