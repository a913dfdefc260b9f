"""How many statements a whole purchase over the API takes, step by step, without those of transactions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, OrderCodeKey
from shop.core.models import Channel
from tests.factories import make_channel, make_seller, make_variant
from tests.shop.api.checkout.operations import ADDRESS, line_input
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db

_BASKET = "id email totalPrice { gross { amount currency } }"
_CREATE = f"""mutation($input: CheckoutCreateInput!) {{ checkoutCreate(input: $input) {{
  checkout {{ {_BASKET} isShippingRequired lines {{ id quantity totalPrice {{ gross {{ amount }} }} }} }}
  errors {{ code }}
}} }}"""
_EMAIL = f"""mutation($id: ID!, $email: String!) {{ checkoutEmailUpdate(id: $id, email: $email) {{
  checkout {{ {_BASKET} }} errors {{ code }}
}} }}"""
_SHIP = f"""mutation($id: ID!, $address: AddressInput!) {{
  checkoutShippingAddressUpdate(id: $id, shippingAddress: $address) {{
    checkout {{ {_BASKET} shippingMethods {{ id name price {{ amount }} }} }} errors {{ code }}
  }}
}}"""
_BILL = f"""mutation($id: ID!, $address: AddressInput!) {{
  checkoutBillingAddressUpdate(id: $id, billingAddress: $address) {{
    checkout {{ {_BASKET} billingAddress {{ city country {{ code }} }} }} errors {{ code }}
  }}
}}"""
_DELIVER = f"""mutation($id: ID!, $method: ID!) {{
  checkoutDeliveryMethodUpdate(id: $id, deliveryMethodId: $method) {{
    checkout {{ {_BASKET} shippingPrice {{ gross {{ amount }} }} }} errors {{ code }}
  }}
}}"""
_COMPLETE = """mutation($id: ID!) { checkoutComplete(id: $id) {
  order { id number status paymentStatus total { gross { amount } net { amount } } lines { id quantity } }
  errors { code }
} }"""
_TRANSACTION_WORDS = ("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")


def count_statements(send: Callable[[], object]) -> int:
    """Return how many statements `send` executes; those of transactions are not counted."""
    with CaptureQueriesContext(connection) as captured:
        send()
    return sum(not query["sql"].startswith(_TRANSACTION_WORDS) for query in captured)


def test_whole_purchase() -> None:
    """A guest buys from two cooperatives. The first purchase compiles queries; the second one counts."""
    make_channel()
    OrderCodeKey.objects.create(key="5a" * 32)  # as in every shop that has an order
    Channel.objects.update(allow_unpaid_orders=True)
    variants = [make_variant(make_seller(f"HTX {n}"), name=f"Chè {n}", price=50_000) for n in (1, 2)]
    input_data = {"channel": "viet-nam", "lines": [line_input(variant, 2) for variant in variants]}
    counts: dict[str, int] = {}

    def send(step: str, query: str, **variables: object) -> dict:
        payload = {}
        counts[step] = count_statements(lambda: payload.update(*data_of(query, **variables).values()))
        assert payload["errors"] == []
        return payload.get("checkout") or payload["order"]

    for number in (1, 2):
        checkout = send("create", _CREATE, input=input_data)["id"]
        send("email", _EMAIL, id=checkout, email=f"khach-{number}@example.com")
        methods = send("shipping", _SHIP, id=checkout, address=ADDRESS)["shippingMethods"]
        send("billing", _BILL, id=checkout, address=ADDRESS)
        send("delivery", _DELIVER, id=checkout, method=methods[0]["id"])
        order = send("complete", _COMPLETE, id=checkout)

    assert order["total"]["gross"] == {"amount": 260_000}
    assert Order.objects.count() == 2
    assert counts == {
        "create": 7,
        "email": 5,
        "shipping": 6,
        "billing": 7,
        "delivery": 6,
        "complete": 25,
    }
