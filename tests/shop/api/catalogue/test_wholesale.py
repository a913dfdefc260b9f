"""Wholesale prices and limits per buyer over the API: the market's own fields beside Saleor's."""

from __future__ import annotations

import pytest

from catalog.models import Variant, WholesalePrice
from orders.models import Order
from shop.api.ids import global_id
from shop.api.payment.gateways import DUMMY
from tests.factories import make_admin, make_channel, make_order, make_variant, set_wholesale_prices
from tests.refusals import all_rows
from tests.shop.api.checkout.operations import (
    complete_order,
    prepare_checkout,
    start_payment,
)
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db
CHARGED = {"event": {"type": "CHARGE_SUCCESS", "includePspReference": True}}
VARIANT = """query($id: ID!) { productVariant(id: $id, channel: "viet-nam") {
  wholesalePrices { minimumQuantity price { gross { amount currency } } }
  quantityLimitPerCustomer quantityLimitPerOrder quantityLimitDays quantityAvailable
} }"""
CHECKOUT = """query($id: ID!) { checkout(id: $id) {
  subtotalPrice { gross { amount } }
  lines { wholesaleFrom unitPrice { gross { amount } } undiscountedUnitPrice { amount } }
} }"""
ORDER = """query($id: ID!) { order(id: $id) {
  lines { wholesaleFrom unitPrice { gross { amount } } totalPrice { gross { amount } } }
} }"""
COMPLETE_CHECKOUT_WITH_MESSAGE = """mutation($id: ID!) {
  checkoutComplete(id: $id) { errors { field code message } }
}"""
CREATE = """mutation($input: ProductVariantCreateInput!) {
  productVariantCreate(input: $input) { errors { field code } }
}"""
SET_PRICE = """mutation($id: ID!, $input: [ProductVariantChannelListingAddInput!]!) {
  productVariantChannelListingUpdate(id: $id, input: $input) { errors { field code } }
}"""
SET_LIMITS = """mutation($id: ID!, $input: ProductVariantInput!) {
  productVariantUpdate(id: $id, input: $input) { errors { field code } }
}"""


@pytest.fixture(autouse=True)
def dummy_gateway(settings):
    settings.API_DUMMY_PAYMENT = True


@pytest.fixture
def ginger() -> Variant:
    """Ginger at 15,000 đồng a kilogram, 13,000 from 10."""
    variant = make_variant(name="Gừng tươi", price=15_000, unit="kg", on_hand=100)
    set_wholesale_prices(variant, {10: 13_000})
    return variant


def tiers_of(variant):
    return list(
        WholesalePrice.objects.filter(price__variant=variant).values_list("minimum_quantity", "amount")
    )


def test_checkout_and_order_have_the_wholesale_price(ginger) -> None:
    shown = data_of(VARIANT, id=global_id("ProductVariant", ginger.pk))["productVariant"]
    checkout = prepare_checkout((ginger, 10))

    read = data_of(CHECKOUT, id=checkout)["checkout"]
    start_payment(checkout, DUMMY, data=CHARGED, amount=160_000)
    order = data_of(ORDER, id=complete_order(checkout))["order"]

    assert shown["wholesalePrices"] == [
        {"minimumQuantity": 10, "price": {"gross": {"amount": 13_000, "currency": "VND"}}}
    ]
    unit_price = {"gross": {"amount": 13_000}}
    assert read == {
        "subtotalPrice": {"gross": {"amount": 130_000}},
        "lines": [
            {"wholesaleFrom": 10, "unitPrice": unit_price, "undiscountedUnitPrice": {"amount": 13_000}}
        ],
    }
    assert order["lines"] == [
        {"wholesaleFrom": 10, "unitPrice": unit_price, "totalPrice": {"gross": {"amount": 130_000}}}
    ]


def test_staff_set_wholesale_prices_and_limits(ginger) -> None:
    token, key = token_of(make_admin()), global_id("ProductVariant", ginger.pk)
    channel = global_id("Channel", make_channel().pk)

    def set_price(price, **more):
        return data_of(SET_PRICE, token, id=key, input=[{"channelId": channel, "price": price} | more])[
            "productVariantChannelListingUpdate"
        ]["errors"]

    assert set_price(16_000) == []
    assert tiers_of(ginger) == [(10, 13_000)]
    tiers = [{"minimumQuantity": 50, "price": 11_000}, {"minimumQuantity": 20, "price": 12_000}]
    assert set_price(16_000, wholesalePrices=tiers) == []
    assert sorted(tiers_of(ginger)) == [(20, 12_000), (50, 11_000)]
    assert set_price(16_000, wholesalePrices=None) == []
    assert sorted(tiers_of(ginger)) == [(20, 12_000), (50, 11_000)]
    assert set_price(12_000) == [{"field": "price", "code": "INVALID_PRICE"}]
    assert set_price(16_000, wholesalePrices=[{"minimumQuantity": 1, "price": 9}]) == [
        {"field": "wholesale", "code": "INVALID_PRICE"}
    ]
    assert sorted(tiers_of(ginger)) == [(20, 12_000), (50, 11_000)]

    assert set_price(17_000, wholesalePrices=[]) == []
    assert tiers_of(ginger) == []
    assert set_price(16_000, wholesalePrices=tiers) == []
    limits = {"quantityLimitPerCustomer": 30, "quantityLimitPerOrder": 20, "quantityLimitDays": 7}
    data_of(SET_LIMITS, token, id=key, input=limits)

    read = data_of(VARIANT, id=key)["productVariant"]
    assert {name: read[name] for name in limits} == limits
    assert read["quantityAvailable"] == 20
    assert [tier["minimumQuantity"] for tier in read["wholesalePrices"]] == [20]


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"quantityLimitPerCustomer": 0}, "quantityLimitPerCustomer"),
        ({"quantityLimitPerOrder": 0}, "quantityLimitPerOrder"),
        ({"quantityLimitPerOrder": 1_000_001}, "quantityLimitPerOrder"),
        ({"quantityLimitPerCustomer": 5, "quantityLimitDays": 0}, "quantityLimitDays"),
        ({"quantityLimitPerCustomer": 5, "quantityLimitDays": 366}, "quantityLimitDays"),
        ({"quantityLimitPerCustomer": 5, "quantityLimitDays": 800_000}, "quantityLimitDays"),
        ({"quantityLimitDays": 7}, "quantityLimitDays"),
    ],
)
def test_limits_that_no_buyer_could_keep_are_refused(ginger, limits, field) -> None:
    token = token_of(make_admin())
    product = global_id("Product", ginger.product_id)
    before = all_rows()

    changed = data_of(SET_LIMITS, token, id=global_id("ProductVariant", ginger.pk), input=limits)
    created = data_of(CREATE, token, input={"product": product, "attributes": [], "name": "Nhỏ"} | limits)

    errors = [{"field": field, "code": "INVALID"}]
    assert changed["productVariantUpdate"]["errors"] == errors
    assert created["productVariantCreate"]["errors"] == errors
    assert all_rows() == before


def test_days_may_follow_a_limit_that_is_there(ginger) -> None:
    Variant.objects.update(quantity_limit_per_customer=5)
    key = global_id("ProductVariant", ginger.pk)

    changed = data_of(SET_LIMITS, token_of(make_admin()), id=key, input={"quantityLimitDays": 365})

    assert changed["productVariantUpdate"]["errors"] == []
    assert Variant.objects.get().quantity_limit_days == 365


def test_completion_over_the_limit_per_buyer_has_saleors_code(ginger) -> None:
    Variant.objects.update(quantity_limit_per_customer=12)
    make_order((ginger, 4), email="hoa@example.com")
    checkout = prepare_checkout((ginger, 5))
    Variant.objects.update(quantity_limit_per_customer=8)
    start_payment(checkout, DUMMY, data=CHARGED, amount=105_000)

    (payload,) = data_of(COMPLETE_CHECKOUT_WITH_MESSAGE, id=checkout).values()

    message = (
        "Gừng tươi: Mỗi người mua được đặt tối đa 8\xa0kg. Các đơn hàng cùng số điện thoại hoặc email được"
    )
    message += " tính chung. Hãy đặt ít hơn hoặc gọi cho chúng tôi."
    code = "QUANTITY_GREATER_THAN_LIMIT"
    assert payload["errors"] == [{"field": "quantity", "code": code, "message": message}]
    assert Order.objects.count() == 1
