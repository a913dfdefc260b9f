"""Measure a whole purchase over the API: six requests from an empty cart to an unpaid order."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

from django.test import Client

from catalog.models import Variant
from shop.api.ids import global_ids
from shop.core.models import Channel
from shop.management.bench.documents import BILL, COMPLETE, CREATE, DELIVER, EMAIL, SHIP
from shop.management.bench.pages import UnexpectedResponse

_ADDRESS = {
    "firstName": "Người",
    "lastName": "Đo",
    "streetAddress1": "Số 8, ngõ 42 Nghĩa Đô",
    "city": "Phường Nghĩa Đô",
    "countryArea": "Hà Nội",
    "country": "VN",
    "phone": "+84912345678",
}


class Purchase:
    """Buy one unit of the first variant and two of the second, as a new guest each time."""

    def __init__(self, variants: Sequence[Variant], channel: Channel) -> None:
        keys = global_ids("ProductVariant", [variant.pk for variant in variants])
        lines = [{"variantId": key, "quantity": n} for n, key in enumerate(keys, start=1)]
        self._input = {"channel": channel.slug, "lines": lines}
        self._client = Client(SERVER_NAME="localhost")
        self._numbers = itertools.count(1)

    def __call__(self, _prepared: object = None) -> None:
        basket = self._send_mutation(CREATE, input=self._input)["id"]
        self._send_mutation(EMAIL, id=basket, email=f"nguoi-do-{next(self._numbers)}@example.com")
        methods = self._send_mutation(SHIP, id=basket, address=_ADDRESS)["shippingMethods"]
        self._send_mutation(BILL, id=basket, address=_ADDRESS)
        self._send_mutation(DELIVER, id=basket, method=methods[0]["id"])
        self._send_mutation(COMPLETE, id=basket)

    def _send_mutation(self, document: str, **variables: object) -> dict[str, Any]:
        """Send a mutation and return its checkout or order. Raises UnexpectedResponse."""
        body = json.dumps({"query": document, "variables": variables})
        response = self._client.post("/graphql/", body, content_type="application/json").json()
        payload = next(iter((response.get("data") or {"": None}).values()))
        order_or_checkout = payload and (payload.get("checkout") or payload.get("order"))
        if not order_or_checkout:
            raise UnexpectedResponse(json.dumps(response)[:500])
        return dict(order_or_checkout)
