"""A refused checkout leaves no rows, however late it is refused."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Basket
from shop.api.ids import global_id
from tests.factories import make_channel, make_seller, make_variant
from tests.refusals import all_rows
from tests.shop.api.checkout.operations import ADDRESS
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db

CREATE = """mutation Create($input: CheckoutCreateInput!) {
  checkoutCreate(input: $input) { checkout { id } errors { field code } } }"""


def checkout_input(variant, quantity: int, **extra) -> dict[str, object]:
    return {
        "channel": make_channel().slug,
        "email": "hanh@example.com",
        "lines": [{"variantId": global_id("ProductVariant", variant.pk), "quantity": quantity}],
        "shippingAddress": ADDRESS,
        "billingAddress": ADDRESS,
        **extra,
    }


def test_checkout_is_created_in_one_transaction() -> None:
    variant = make_variant(make_seller(), on_hand=5)

    with CaptureQueriesContext(connection) as queries:
        checkout = data_of(CREATE, input=checkout_input(variant, 1))["checkoutCreate"]

    outermost = [query["sql"] for query in queries if query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert checkout["errors"] == []
    assert len(outermost) == 2
    basket = Basket.objects.get()
    assert (basket.email, basket.lines.count()) == ("hanh@example.com", 1)
    assert basket.shipping_address is not None
    assert basket.billing_address is not None


@pytest.mark.parametrize(
    ("quantity", "extra", "code"),
    [(9, {}, "INSUFFICIENT_STOCK"), (1, {"email": "a" * 60 + "@" + "b." * 110 + "vn"}, "INVALID")],
)
def test_refused_checkout_leaves_no_row(quantity: int, extra: dict[str, object], code: str) -> None:
    variant = make_variant(make_seller(), on_hand=5)
    input_values = checkout_input(variant, quantity, **extra)
    before = all_rows()

    refused = data_of(CREATE, input=input_values)["checkoutCreate"]

    assert [error["code"] for error in refused["errors"]] == [code]
    assert all_rows() == before
