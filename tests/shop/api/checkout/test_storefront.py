"""The storefront's requests in order, from a product page to the buyer's orders."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Basket, GatewayCall, Order
from shop.accounts.models import Address
from shop.api.ids import global_id
from shop.api.payment.gateways import DUMMY, STRIPE
from tests.doubles.stripe import StripeDouble
from tests.factories import (
    PASSWORD,
    get_stock,
    make_basket,
    make_divisions,
    make_product,
    make_seller,
    make_user,
    make_variant,
)
from tests.invariants import check_everything
from tests.orders.gateway.card_order_helpers import GOOD_CARD, stripe  # noqa: F401 (a fixture)
from tests.shop.api.checkout.operations import (
    ADD,
    ADDRESS,
    ATTACH_CUSTOMER,
    CHECKOUT_BY_ID,
    CHECKOUT_PAYMENTS,
    COMPLETE_CHECKOUT,
    CREATE,
    DELIVERY_OPTIONS,
    INITIALIZE_GATEWAYS,
    ORDER,
    PROCESS_TRANSACTION,
    SET_BILLING_ADDRESS,
    SET_DELIVERY_METHOD,
    SET_EMAIL,
    SET_SHIPPING_ADDRESS,
    line_input,
    mutate_checkout,
    start_payment,
)
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

PRODUCT = """query ProductDetails($slug: String!, $channel: String!) {
  product(slug: $slug, channel: $channel) {
    id name isAvailableForPurchase
    pricing { priceRange { start { gross { amount currency } } stop { gross { amount currency } } } }
    productVariants(first: 10) { edges { node {
      id name quantityAvailable pricing { price { gross { amount currency } } }
    } } }
  }
}"""
CHANNEL = "query channel($slug: String!) { channel(slug: $slug) { countries { code country } } }"
RULES = """query addressValidationRules($country: CountryCode!) {
  addressValidationRules(countryCode: $country) { requiredFields countryAreaChoices { raw } }
}"""
NOTE = """mutation checkoutMetadataUpdate($id: ID!) {
  updateMetadata(id: $id, input: [{key: "gift", value: "yes"}]) {
    item { metadata { key value } } errors { field code }
  }
}"""
SIGN_IN = """mutation tokenCreate($email: String!, $password: String!) {
  tokenCreate(email: $email, password: $password) { token refreshToken errors { field code } }
}"""
SAVE_ADDRESS = """mutation accountAddressCreate($address: AddressInput!) {
  accountAddressCreate(input: $address, type: SHIPPING) { address { id } errors { field code } }
}"""
USER = """query user { user: me {
  email
  addresses { id streetAddress1 city country { code } }
  defaultShippingAddress { id }
} }"""
MY_ORDERS = """query CurrentUserOrderList { me { orders(first: 10) { edges { node {
  id number status paymentStatus total { gross { amount currency } }
  lines { productName variantName quantity }
} } } } }"""


def vnd(amount: int) -> dict[str, object]:
    return {"currency": "VND", "amount": amount}


@pytest.fixture
def pillow():
    """Return a product in two sizes from Thái Nguyên; delivery costs 30,000 đồng."""
    make_divisions()
    return make_product(make_seller(), variants=(("Nhỏ", 0), ("To", 80_000)))


def choose_variant(pillow, token=None):
    """Check the product page and add its larger variant to a new checkout."""
    product_data = data_of(PRODUCT, token, slug=pillow.slug, channel="viet-nam")["product"]
    smaller_variant, larger_variant = pillow.variants.order_by("pk")
    assert product_data == {
        "id": global_id("Product", pillow.pk),
        "name": "Gối thảo dược",
        "isAvailableForPurchase": True,
        "pricing": {"priceRange": {"start": {"gross": vnd(320_000)}, "stop": {"gross": vnd(400_000)}}},
        "productVariants": {
            "edges": [
                {
                    "node": {
                        "id": global_id("ProductVariant", variant.pk),
                        "name": name,
                        "quantityAvailable": 10,
                        "pricing": {"price": {"gross": vnd(price)}},
                    }
                }
                for variant, name, price in (
                    (smaller_variant, "Nhỏ", 320_000),
                    (larger_variant, "To", 400_000),
                )
            ]
        },
    }
    checkout = mutate_checkout(CREATE, token, input={"channel": "viet-nam", "lines": []})["id"]
    filled = mutate_checkout(ADD, token, id=checkout, lines=[line_input(larger_variant, 2)])
    assert data_of(CHECKOUT_BY_ID, token, id=checkout) == {"checkout": filled}
    assert filled["totalPrice"]["gross"] == vnd(800_000)
    return checkout, larger_variant


def test_guest_buys_from_product_page_to_order(pillow, settings) -> None:
    settings.API_DUMMY_PAYMENT = True
    checkout, large = choose_variant(pillow)
    countries = data_of(CHANNEL, slug="viet-nam")["channel"]["countries"]
    rules = data_of(RULES, country="VN")["addressValidationRules"]
    mutate_checkout(SET_EMAIL, id=checkout, email="hoa@example.com")
    noted = data_of(NOTE, id=checkout)["updateMetadata"]
    mutate_checkout(SET_SHIPPING_ADDRESS, id=checkout, address=ADDRESS | {"countryArea": "Hà Nội"})
    (delivery,) = mutate_checkout(DELIVERY_OPTIONS, id=checkout)["deliveries"]
    mutate_checkout(SET_DELIVERY_METHOD, id=checkout, method=delivery["id"])
    ready_checkout = mutate_checkout(
        SET_BILLING_ADDRESS, id=checkout, address=ADDRESS | {"countryArea": "Hà Nội"}
    )
    configs = data_of(INITIALIZE_GATEWAYS, id=checkout, requested=[{"id": DUMMY}])["paymentGatewayInitialize"]
    event = {"event": {"type": "CHARGE_SUCCESS", "includePspReference": True}}
    payment = start_payment(checkout, DUMMY, amount=830_000, data=event)
    completion = data_of(COMPLETE_CHECKOUT, id=checkout)["checkoutComplete"]
    order_data = data_of(ORDER, id=completion["order"]["id"])["order"]

    assert countries == [{"code": "VN", "country": "Việt Nam"}]
    assert rules == {
        "requiredFields": ["city", "streetAddress1"],
        "countryAreaChoices": [{"raw": "Hà Nội"}, {"raw": "Thái Nguyên"}],
    }
    assert noted == {"item": {"metadata": [{"key": "gift", "value": "yes"}]}, "errors": []}
    assert delivery["shippingMethod"]["price"] == vnd(30_000)
    assert ready_checkout["totalPrice"]["gross"] == vnd(830_000)
    assert configs["gatewayConfigs"] == [{"id": DUMMY, "data": {}, "errors": []}]
    assert payment["transactionEvent"]["type"] == "CHARGE_SUCCESS"
    assert completion["errors"] == []
    assert not completion["confirmationNeeded"]
    assert data_of(CHECKOUT_BY_ID, id=checkout) == {"checkout": None}
    assert (order_data["status"], order_data["paymentStatus"]) == ("UNFULFILLED", "FULLY_CHARGED")
    assert order_data["total"]["gross"] == vnd(830_000)
    assert order_data["userEmail"] == "hoa@example.com"
    assert order_data["lines"] == [{"productName": "Gối thảo dược", "quantity": 2}]
    assert (get_stock(large).allocated, Order.objects.get().metadata) == (2, {"gift": "yes"})
    check_everything()


def test_buyer_signs_in_pays_by_card_and_finds_the_order(pillow, stripe: StripeDouble) -> None:  # noqa: F811
    person = make_user()
    checkout, _large = choose_variant(pillow)
    signed = data_of(SIGN_IN, email=person.email, password=PASSWORD)["tokenCreate"]
    token = signed["token"]
    attached_checkout = mutate_checkout(ATTACH_CUSTOMER, token, id=checkout)
    created_address = data_of(SAVE_ADDRESS, token, address=ADDRESS | {"countryArea": "Hà Nội"})[
        "accountAddressCreate"
    ]
    account = data_of(USER, token)["user"]
    mutate_checkout(SET_EMAIL, token, id=checkout, email=person.email)
    mutate_checkout(SET_SHIPPING_ADDRESS, token, id=checkout, address=ADDRESS | {"countryArea": "Hà Nội"})
    (delivery,) = mutate_checkout(DELIVERY_OPTIONS, token, id=checkout)["deliveries"]
    mutate_checkout(SET_DELIVERY_METHOD, token, id=checkout, method=delivery["id"])
    mutate_checkout(SET_BILLING_ADDRESS, token, id=checkout, address=ADDRESS | {"countryArea": "Hà Nội"})
    begun = start_payment(checkout, STRIPE, token, data={"paymentIntent": {"paymentMethod": "card"}})
    stripe.buyer_pays(GatewayCall.objects.get().reference, GOOD_CARD)
    processed = data_of(PROCESS_TRANSACTION, token, id=begun["transaction"]["id"])["transactionProcess"]
    covered = data_of(CHECKOUT_PAYMENTS, token, id=checkout)["checkout"]
    completion = data_of(COMPLETE_CHECKOUT, token, id=checkout)["checkoutComplete"]

    order = Order.objects.get()
    assert signed["errors"] == created_address["errors"] == completion["errors"] == []
    assert attached_checkout["user"] == {"id": global_id("User", person.pk)}
    assert account == {
        "email": person.email,
        "addresses": [
            {
                "id": created_address["address"]["id"],
                "streetAddress1": "Số 5, ngõ 12",
                "city": "Phường Nghĩa Đô",
                "country": {"code": "VN"},
            }
        ],
        "defaultShippingAddress": {"id": created_address["address"]["id"]},
    }
    assert begun["transactionEvent"]["type"] == "AUTHORIZATION_ACTION_REQUIRED"
    assert processed["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    # The amount is only held.
    assert (covered["authorizeStatus"], covered["totalBalance"]) == ("FULL", {"amount": -830_000})
    assert data_of(MY_ORDERS, token)["me"]["orders"]["edges"] == [
        {
            "node": {
                "id": completion["order"]["id"],
                "number": str(order.number),
                "status": "UNFULFILLED",
                "paymentStatus": "FULLY_CHARGED",
                "total": {"gross": vnd(830_000)},
                "lines": [{"productName": "Gối thảo dược", "variantName": "To", "quantity": 2}],
            }
        }
    ]
    assert (order.user, Basket.objects.count()) == (person, 0)
    # The same address is not saved twice.
    assert Address.objects.filter(user=person).count() == 1
    check_everything()


def test_each_further_checkout_takes_two_queries_and_its_own_price() -> None:
    person = make_user()
    seller = make_seller()
    all_of_them = """{ me { checkouts(first: 9) { edges { node {
        id totalPrice { gross { amount } } lines { quantity } } } } } }"""
    counts = []
    for quantity in (1, 2, 3, 4):
        make_basket((make_variant(seller, name=f"{quantity}", price=10_000), quantity), user=person)
        with CaptureQueriesContext(connection) as queries:
            edges = data_of(all_of_them, token_of(person))["me"]["checkouts"]["edges"]
        counts.append(len(queries))

    assert sorted(edge["node"]["totalPrice"]["gross"]["amount"] for edge in edges) == [
        10_000,
        20_000,
        30_000,
        40_000,
    ]
    # The first query also reads the terms of sale.
    assert counts[3] - counts[2] == counts[2] - counts[1] == 2
