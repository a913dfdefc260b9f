"""Measure the API's most frequent operations, beside hand-written SQL for the same data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from django.conf import settings
from django.test import Client
from django.utils import timezone

from catalog.models import Category, Listing
from shop.accounts.models import User
from shop.api.tokens import sign_access_token
from shop.core.models import Channel, market_channel
from shop.management.bench.documents import CATEGORY, LIST, ORDERS, PRODUCT, SEARCH
from shop.management.bench.handwritten_sql import (
    category_by_hand,
    list_by_hand,
    orders_by_hand,
    product_by_hand,
)
from shop.management.bench.measurements import Measurement, measure
from shop.management.bench.pages import UnexpectedResponse, find_variants_of_two_cooperatives
from shop.management.bench.purchase import Purchase

SEARCHED = "bi xanh"


def measure_operations(*, seconds: float) -> Iterator[Measurement]:
    """Measure each operation for about `seconds`, and the same data by hand-written SQL.

    Response caching is off, so that the work itself is measured.
    """
    settings.API_CACHE_SECONDS = 0
    channel = market_channel()
    assert channel is not None
    listing = Listing.objects.on_sale(channel.pk).newest_first().select_related("product")[0]
    product, category = listing.product.slug, Category.objects.roots()[0].slug
    now = timezone.now()
    admin = sign_access_token(
        User.objects.filter(is_superuser=True).earliest("pk"), signed_in_at=now, now=now
    )
    base = {"channel": channel.slug}
    operations: list[tuple[str, Callable[[object], object]]] = [
        ("API list of 20", api_request(LIST, base | {"count": 20})),
        ("list of 20 by hand", lambda _: list_by_hand(channel, 20)),
        ("API list of 100", api_request(LIST, base | {"count": 100})),
        ("list of 100 by hand", lambda _: list_by_hand(channel, 100)),
        ("API product", api_request(PRODUCT, base | {"slug": product})),
        ("product by hand", lambda _: product_by_hand(channel, product)),
        ("API category", api_request(CATEGORY, base | {"slug": category})),
        ("category by hand", lambda _: category_by_hand(channel, category)),
        ("API search", api_request(SEARCH, base | {"words": SEARCHED})),
        ("API staff orders", api_request(ORDERS, {}, admin)),
        ("staff orders by hand", lambda _: orders_by_hand()),
    ]
    for name, send_request in operations:
        yield measure(name, send_request, seconds=seconds)
    # Allow unpaid orders, as Saleor's clients may leave them.
    Channel.objects.filter(pk=channel.pk).update(allow_unpaid_orders=True)
    purchase = Purchase(find_variants_of_two_cooperatives(), channel)
    yield measure("API whole checkout", purchase, seconds=seconds)
    Channel.objects.filter(pk=channel.pk).update(allow_unpaid_orders=channel.allow_unpaid_orders)


def api_request(document: str, variables: Mapping[str, object], token: str = "") -> Callable[[object], None]:
    """Return a function that sends the operation and raises UnexpectedResponse on errors."""
    client = Client(SERVER_NAME="localhost")
    body = json.dumps({"query": document, "variables": variables})
    headers = {"authorization": f"Bearer {token}"} if token else {}

    def send_request(_: object) -> None:
        response = client.post("/graphql/", body, content_type="application/json", headers=headers)
        if response.status_code != 200 or b'"errors"' in response.content[:200]:
            raise UnexpectedResponse(response.content[:500].decode())

    return send_request
