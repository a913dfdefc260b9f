"""Every step of a checkout shows what changed since the step before, whoever changed it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from catalog.models import Price, Stock
from cooperatives.models import Cooperative, DeliveryRate, ShippingServicePrice
from cooperatives.states import CooperativeState
from orders.models import Basket, Order, VoucherValue
from shop.api.ids import global_id
from shop.core.models import Channel, TaxRate
from tests.factories import (
    make_channel,
    make_seller,
    make_service,
    make_tax_class,
    make_variant,
    make_voucher,
)
from tests.shop.api.checkout.operations import ADDRESS, COMPLETE_CHECKOUT, line_input
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db

_SHOWN = """checkout {
  id totalPrice { gross { amount } tax { amount } } subtotalPrice { gross { amount } }
  shippingPrice { gross { amount } } discount { amount } shippingMethods { price { amount } }
  problems {
    __typename ... on CheckoutLineProblemInsufficientStock { availableQuantity }
  }
} errors { field code message }"""
_CREATE = f"mutation($input: CheckoutCreateInput!) {{ checkoutCreate(input: $input) {{ {_SHOWN} }} }}"


def _step(name: str, declaration: str, argument: str) -> str:
    return f"mutation($id: ID!, {declaration}) {{ {name}(id: $id, {argument}) {{ {_SHOWN} }} }}"


_STEPS = {
    "email": _step("checkoutEmailUpdate", "$email: String!", "email: $email"),
    "shipping": _step(
        "checkoutShippingAddressUpdate", "$address: AddressInput!", "shippingAddress: $address"
    ),
    "billing": _step("checkoutBillingAddressUpdate", "$address: AddressInput!", "billingAddress: $address"),
    "delivery": _step("checkoutDeliveryMethodUpdate", "$method: ID!", "deliveryMethodId: $method"),
}
_QUANTITY = 9

Read = Callable[[Any], object]
Change = Callable[[int], object]  # sets the state before the step with this number, from 0


def _walk(read: Read, change: Change, *, voucher: str = "") -> list[object]:
    """Buy nine packs step by step, with a change before each step, and return what each step showed.

    The last item is the completion's payload. The basket is completed unless that is refused.
    """
    channel = make_channel()
    Channel.objects.update(allow_unpaid_orders=True)
    variant = make_variant(make_seller(), price=10_000, on_hand=20, tax_class=make_tax_class(8))
    arguments = {
        "email": {"email": "hoa@example.com"},
        "shipping": {"address": ADDRESS},
        "billing": {"address": ADDRESS},
        "delivery": {"method": global_id("ShippingMethod", make_service(channel).pk)},
    }
    change(0)
    created = data_of(_CREATE, input={"channel": "viet-nam", "lines": [line_input(variant, _QUANTITY)]})
    checkout = created["checkoutCreate"]["checkout"]
    if voucher:
        Basket.objects.update(voucher_code=voucher)
    shown = [] if voucher else [read(checkout)]
    for number, (name, query) in enumerate(_STEPS.items(), start=1):
        change(number)
        (payload,) = data_of(query, id=checkout["id"], **arguments[name]).values()
        assert payload["errors"] == []
        shown.append(read(payload["checkout"]))
    change(len(_STEPS) + 1)
    (completed,) = data_of(COMPLETE_CHECKOUT, id=checkout["id"]).values()
    return [*shown, completed["errors"] and [error["code"] for error in completed["errors"]]]


def test_price() -> None:
    shown = _walk(
        lambda checkout: checkout["subtotalPrice"]["gross"]["amount"],
        lambda number: Price.objects.update(amount=10_000 + 1_000 * number),
    )

    assert shown == [90_000, 99_000, 108_000, 117_000, 126_000, []]
    assert Order.objects.get().total_gross == 9 * 15_000 + 30_000


def test_stock() -> None:
    stock_by_step = [9, 8, 7, 6, 5, 4]

    shown = _walk(
        lambda checkout: [problem["availableQuantity"] for problem in checkout["problems"]],
        lambda number: Stock.objects.update(on_hand=stock_by_step[number]),
    )

    assert shown == [[], [8], [7], [6], [5], ["INSUFFICIENT_STOCK"]]
    assert not Order.objects.exists()


def test_delivery_fee() -> None:
    shown = _walk(
        lambda checkout: [method["price"]["amount"] for method in checkout["shippingMethods"]],
        lambda number: DeliveryRate.objects.update(price=30_000 + 1_000 * number),
    )

    assert shown == [[30_000], [31_000], [32_000], [33_000], [34_000], []]
    assert Order.objects.get().delivery_gross == 35_000


def test_channel_service_price() -> None:
    """A cooperative without a delivery method uses the channel's service."""

    def change(number: int) -> None:
        DeliveryRate.objects.all().delete()
        Cooperative.objects.get().delivery_methods.update(is_active=False)
        channel = make_channel()
        ShippingServicePrice.objects.update_or_create(
            service=make_service(channel),
            channel=channel,
            defaults={"currency": "VND", "price": 20_000 + 1_000 * number, "minimum_order": 0},
        )

    shown = _walk(
        lambda checkout: [method["price"]["amount"] for method in checkout["shippingMethods"]], change
    )

    assert shown == [[20_000], [21_000], [22_000], [23_000], [24_000], []]
    assert Order.objects.get().delivery_gross == 25_000


def test_voucher() -> None:
    make_voucher("CHAO10")

    shown = _walk(
        lambda checkout: checkout["discount"]["amount"],
        lambda number: VoucherValue.objects.update(value=10 + number),
        voucher="CHAO10",
    )

    assert shown == [9_900, 10_800, 11_700, 12_600, []]
    assert Order.objects.get().goods_gross == 90_000 - 13_500


def test_tax_rate() -> None:
    shown = _walk(
        lambda checkout: checkout["totalPrice"]["tax"]["amount"],
        lambda number: TaxRate.objects.filter(tax_class__isnull=False).update(rate=Decimal(number)),
    )

    # 90,000 with tax of 0, 1, 2, 3 and 4 %; delivery is without tax.
    assert shown == [0, 891, 1_765, 2_621, 3_462, []]
    order = Order.objects.get()
    assert order.goods_gross - order.goods_net == 4_286


def test_state_of_cooperative() -> None:
    states = [
        CooperativeState.APPROVED,
        CooperativeState.SUSPENDED,
        CooperativeState.APPROVED,
        CooperativeState.SUSPENDED,
        CooperativeState.APPROVED,
        CooperativeState.SUSPENDED,
    ]

    shown = _walk(
        lambda checkout: [problem["__typename"] for problem in checkout["problems"]],
        lambda number: Cooperative.objects.update(state=states[number]),
    )

    gone = ["CheckoutLineProblemVariantNotAvailable"]
    assert shown == [[], gone, [], gone, [], ["UNAVAILABLE_VARIANT_IN_CHANNEL"]]
    assert not Order.objects.exists()
