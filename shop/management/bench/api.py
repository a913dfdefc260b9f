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
_MONEY = "{ amount currency }"
_CARD = f"""
fragment Card on Product {{
  id name slug
  thumbnail(size: 256) {{ url alt }}
  category {{ id name slug }}
  pricing {{ onSale priceRange {{ start {{ gross {_MONEY} }} }} }}
}}
"""
LIST = f"""
query List($channel: String!, $count: Int!) {{
  products(channel: $channel, first: $count) {{
    edges {{ node {{ ...Card }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_CARD}"""
PRODUCT = f"""
query Product($channel: String!, $slug: String!) {{
  product(channel: $channel, slug: $slug) {{
    id name slug description seoTitle seoDescription isAvailable
    category {{ id name slug ancestors(first: 5) {{ edges {{ node {{ name slug }} }} }} }}
    productType {{ id name }}
    collections {{ id name slug }}
    media {{ id alt type url(size: 1024) }}
    attributes {{ attribute {{ id name slug inputType }} values {{ id name slug }} }}
    pricing {{
      onSale
      priceRange {{ start {{ gross {_MONEY} }} stop {{ gross {_MONEY} }} }}
      priceRangeUndiscounted {{ start {{ gross {_MONEY} }} }}
    }}
    variants {{
      id name sku quantityAvailable quantityLimitPerCustomer
      pricing {{
        price {{ gross {_MONEY} net {_MONEY} tax {_MONEY} }} priceUndiscounted {{ gross {_MONEY} }}
      }}
      attributes {{ attribute {{ name slug }} values {{ name slug }} }}
    }}
  }}
}}
"""
CATEGORY = f"""
query Category($channel: String!, $slug: String!) {{
  categories(first: 20, level: 0) {{
    edges {{ node {{ id name slug children(first: 10) {{ edges {{ node {{ id name slug }} }} }} }} }}
  }}
  category(slug: $slug) {{
    id name slug seoTitle description
    products(channel: $channel, first: 20, sortBy: {{ field: PRICE, direction: ASC }}) {{
      totalCount edges {{ node {{ ...Card }} }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}
{_CARD}"""
SEARCH = f"""
query Search($channel: String!, $words: String!) {{
  products(channel: $channel, first: 20, search: $words) {{
    edges {{ node {{ ...Card }} }} pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_CARD}"""
ORDERS = f"""
query Orders {{
  orders(first: 20, sortBy: {{ field: CREATED_AT, direction: DESC }}) {{
    edges {{ node {{
      id number created status paymentStatus chargeStatus authorizeStatus userEmail
      channel {{ slug currencyCode }}
      total {{ gross {_MONEY} net {_MONEY} tax {_MONEY} }}
      subtotal {{ gross {_MONEY} }} shippingPrice {{ gross {_MONEY} }} shippingMethodName
      shippingAddress {{ firstName lastName city country {{ code }} }}
      lines {{
        id productName variantName productSku quantity
        unitPrice {{ gross {_MONEY} }} totalPrice {{ gross {_MONEY} }}
      }}
    }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""


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
    admin = sign_access_token(User.objects.get(is_superuser=True), signed_in_at=now, now=now)
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
