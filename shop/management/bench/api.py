"""The API's operations that a storefront asks most, and what the same data costs without it: the floor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from django.db import connection
from django.test import Client

from catalog.models import Category, Listing
from shop.core.models import Channel, market_channel
from shop.management.bench.measuring import Measured, measure
from shop.management.bench.pages import Unexpected

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
# The list by hand: the products with their category, then first pictures and lowest prices of all of them.
_FLOOR = """
SELECT p.id, p.name, p.slug, c.id, c.name, c.slug FROM catalog_product p
JOIN catalog_listing l ON l.product_id = p.id AND l.channel_id = %s
JOIN cooperatives_cooperative o ON o.id = p.cooperative_id
LEFT JOIN catalog_category c ON c.id = p.category_id
WHERE l.state IN ('published') AND l.visible_in_listings AND o.state IN ('approved')
ORDER BY p.sort_key, p.id LIMIT %s
"""
_FLOOR_PICTURES = """
SELECT m.product_id, m.alt, f.renditions FROM catalog_productmedia m
JOIN core_picture f ON f.id = m.picture_id WHERE m.product_id IN ({keys}) ORDER BY m.sort_order, m.id
"""
_FLOOR_PRICES = """
SELECT v.product_id, min(coalesce(r.discounted, r.amount)), max(r.discounted IS NOT NULL) FROM catalog_price r
JOIN catalog_variant v ON v.id = r.variant_id WHERE r.channel_id = %s AND v.product_id IN ({keys})
GROUP BY v.product_id
"""


def measure_operations(*, seconds: float) -> Iterator[Measured]:
    """Each operation for about so many seconds, and the list of 100 by hand-written SQL beside it."""
    channel = market_channel()
    assert channel is not None
    listing = Listing.objects.on_shelf(channel.pk).newest_first().select_related("product")[0]
    shelf = Category.objects.roots()[0]
    told: dict[str, tuple[str, dict[str, Any]]] = {
        "API list of 20": (LIST, {"count": 20}),
        "API list of 100": (LIST, {"count": 100}),
        "API product": (PRODUCT, {"slug": listing.product.slug}),
        "API category": (CATEGORY, {"slug": shelf.slug}),
        "API search": (SEARCH, {"words": SEARCHED}),
    }
    for name, (document, variables) in told.items():
        yield measure(name, _asking(document, variables | {"channel": channel.slug}), seconds=seconds)

    def by_hand(_: Any) -> None:
        _by_hand(channel, 100)

    yield measure("list of 100 by hand", by_hand, seconds=seconds)


def _asking(document: str, variables: dict[str, Any]) -> Callable[[Any], None]:
    client = Client(SERVER_NAME="localhost")
    body = json.dumps({"query": document, "variables": variables})

    def ask(_: Any) -> None:
        answer = client.post("/graphql/", body, content_type="application/json")
        if answer.status_code != 200 or b'"errors"' in answer.content[:200]:
            raise Unexpected(answer.content[:500].decode())

    return ask


def _by_hand(channel: Channel, count: int) -> bytes:
    """The list's data with as little as possible between the database and the bytes that are sent."""
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR, [channel.pk, count])
        products = cursor.fetchall()
        keys = ", ".join(str(row[0]) for row in products)
        cursor.execute(_FLOOR_PICTURES.format(keys=keys))
        pictures: dict[int, tuple[Any, ...]] = {}
        for row in cursor.fetchall():
            pictures.setdefault(row[0], row)
        flag = "bool_or" if connection.vendor == "postgresql" else "max"
        cursor.execute(_FLOOR_PRICES.format(keys=keys).replace("max(", f"{flag}("), [channel.pk])
        prices = {row[0]: row for row in cursor.fetchall()}
    nodes = [_node(row, pictures.get(row[0]), prices.get(row[0]), channel.currency) for row in products]
    return orjson.dumps({"data": {"products": {"edges": [{"node": node} for node in nodes]}}})


def _node(
    row: tuple[Any, ...], picture: tuple[Any, ...] | None, price: tuple[Any, ...] | None, currency: str
) -> dict[str, Any]:
    made = orjson.loads(picture[2]) if picture and isinstance(picture[2], str) else picture and picture[2]
    shown = {"url": f"/media/{made['320']['jpeg']}", "alt": picture[1]} if picture and made else None
    start = {"gross": {"amount": price[1], "currency": currency}} if price else None
    return {
        "id": row[0],
        "name": row[1],
        "slug": row[2],
        "thumbnail": shown,
        "category": {"id": row[3], "name": row[4], "slug": row[5]},
        "pricing": {"onSale": bool(price and price[2]), "priceRange": {"start": start}},
    }
