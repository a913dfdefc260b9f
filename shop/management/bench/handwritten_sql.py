"""Read the data of the API's operations by hand-written SQL, which is the lower bound of their time."""

from __future__ import annotations

from typing import Any, TypeAlias

import orjson
from django.db import connection

from shop.core.models import Channel

_DatabaseRow: TypeAlias = tuple[Any, ...]

_ON_SALE = "l.state IN ('published') AND o.state IN ('approved')"
_PRODUCTS = f"""
FROM catalog_product p
JOIN catalog_listing l ON l.product_id = p.id AND l.channel_id = %s
JOIN cooperatives_cooperative o ON o.id = p.cooperative_id
LEFT JOIN catalog_category c ON c.id = p.category_id
WHERE {_ON_SALE} AND l.visible_in_listings
"""
_CARD = "SELECT p.id, p.name, p.slug, c.id, c.name, c.slug"
_PICTURES = """
SELECT m.product_id, m.id, m.alt, f.renditions FROM catalog_productmedia m
JOIN core_picture f ON f.id = m.picture_id WHERE m.product_id IN ({keys}) ORDER BY m.sort_order, m.id
"""
_PRICES = """
SELECT v.product_id, v.id, coalesce(r.discounted, r.amount), r.amount FROM catalog_price r
JOIN catalog_variant v ON v.id = r.variant_id
WHERE r.channel_id = %s AND r.amount IS NOT NULL AND v.product_id IN ({keys})
"""
_PRODUCT = f"""
SELECT p.id, p.name, p.slug, p.description, p.seo_title, p.seo_description, l.is_available, p.cooperative_id,
       c.id, c.name, c.slug, c.path, t.id, t.name
{_PRODUCTS.replace("WHERE", "JOIN catalog_producttype t ON t.id = p.product_type_id WHERE")} AND p.slug = %s
"""
_ATTRIBUTE_VALUES = """
SELECT {owner}, a.id, a.name, a.slug, a.input_type, w.id, w.name, w.slug FROM {table} s
JOIN catalog_attributevalue w ON w.id = s.value_id JOIN catalog_attribute a ON a.id = w.attribute_id
WHERE {owner} IN ({keys}) AND a.visible_in_storefront ORDER BY s.sort_order, s.id
"""
_VARIANTS = """
SELECT v.id, v.name, v.sku, v.quantity_limit_per_customer, v.track_inventory, sum(s.free)
FROM catalog_variant v
LEFT JOIN catalog_stock s ON s.variant_id = v.id AND s.warehouse_id IN (
  SELECT k.warehouse_id FROM cooperatives_warehousechannel k WHERE k.channel_id = %s)
WHERE v.product_id = %s GROUP BY v.id ORDER BY v.sort_order, v.id
"""
_COLLECTIONS = """
SELECT k.id, k.name, k.slug FROM catalog_collection k
JOIN catalog_collectionproduct m ON m.collection_id = k.id
WHERE m.product_id = %s ORDER BY k.name, k.id
"""
_ORDERS = """
SELECT o.id, o.number, o.placed_at, o.saleor_status, o.charge_coverage, o.authorize_coverage, o.email,
       k.slug, k.currency, o.total_net, o.total_gross, o.goods_gross, o.delivery_gross,
       a.first_name, a.last_name, a.city, a.country
FROM orders_order o JOIN core_channel k ON k.id = o.channel_id
LEFT JOIN accounts_address a ON a.id = o.shipping_address_id
WHERE o.placed_at IS NOT NULL ORDER BY o.placed_at DESC, o.number DESC LIMIT 21
"""
_LINES = """
SELECT order_id, id, product_name, variant_name, sku, quantity, total_gross FROM orders_orderline
WHERE order_id IN ({marks}) ORDER BY position, id
"""
_DELIVERY_NAMES = (
    "SELECT order_id, delivery_name FROM orders_orderpart WHERE order_id IN ({marks}) ORDER BY number"
)


def list_by_hand(channel: Channel, count: int) -> bytes:
    rows = _fetch_all(f"{_CARD} {_PRODUCTS} ORDER BY p.sort_key, p.id LIMIT %s", channel.pk, count + 1)
    return orjson.dumps({"data": {"products": _page(rows[:count], channel)}})


def category_by_hand(channel: Channel, slug: str) -> bytes:
    """Return the category tree's first two levels, and the category's cheapest 20 products."""
    tree = _fetch_all(
        "SELECT id, name, slug, parent_id FROM catalog_category WHERE level < 2 ORDER BY sort_order, name, id"
    )
    (category,) = _fetch_all(
        "SELECT id, name, slug, seo_title, description, path FROM catalog_category WHERE slug = %s", slug
    )
    of_branch = f"{_PRODUCTS} AND c.path LIKE %s"
    parameters = (channel.pk, f"{category[-1]}%")
    ((total,),) = _fetch_all(f"SELECT count(*) {of_branch}", *parameters)
    rows = _fetch_all(f"{_CARD} {of_branch} ORDER BY l.lowest_price, p.id LIMIT 21", *parameters)
    children_by_parent: dict[object, list[dict[str, object]]] = {}
    for row in tree:
        children_by_parent.setdefault(row[3], []).append({"id": row[0], "name": row[1], "slug": row[2]})
    edges = [
        {
            "node": root
            | {"children": {"edges": [{"node": child} for child in children_by_parent.get(root["id"], ())]}}
        }
        for root in children_by_parent.get(None, ())
    ]
    products = _page(rows[:20], channel) | {"totalCount": total}
    root = dict(zip(("id", "name", "slug", "seoTitle", "description"), category, strict=False))
    return orjson.dumps({"data": {"categories": {"edges": edges}, "category": root | {"products": products}}})


def product_by_hand(channel: Channel, slug: str) -> bytes:
    (row,) = _fetch_all(_PRODUCT, channel.pk, slug)
    key = row[0]
    ancestor_keys = row[11].strip("/").replace("/", ", ") or "0"
    variants = _fetch_all(_VARIANTS, channel.pk, key)
    keys = ", ".join(str(variant[0]) for variant in variants)
    prices = {price[1]: price for price in _fetch_all(_PRICES.format(keys=key), channel.pk)}
    attribute_values = _attribute_values("s.product_id", "catalog_productattributevalue", key)
    said_of_variants = _attribute_values("s.variant_id", "catalog_variantattributevalue", keys)
    return orjson.dumps(
        {
            "data": {
                "product": {
                    **dict(zip(("id", "name", "slug", "description"), row, strict=False)),
                    "seoTitle": row[4],
                    "seoDescription": row[5],
                    "isAvailable": row[6],
                    "category": {"id": row[8], "name": row[9], "slug": row[10]},
                    "above": _fetch_all(
                        f"SELECT name, slug FROM catalog_category WHERE id IN ({ancestor_keys})"
                    ),
                    "productType": {"id": row[12], "name": row[13]},
                    "collections": _fetch_all(_COLLECTIONS, key),
                    "cooperative": _fetch_all(
                        "SELECT id, name, slug FROM cooperatives_cooperative WHERE id = %s", row[7]
                    ),
                    "media": [
                        {"id": picture[1], "alt": picture[2], "url": _picture_url(picture[3], "1200")}
                        for picture in _fetch_all(_PICTURES.format(keys=key))
                    ],
                    "attributes": attribute_values.get(key, []),
                    "pricing": _price_range(list(prices.values()), channel.currency),
                    "variants": [
                        {
                            "id": variant[0],
                            "name": variant[1],
                            "sku": variant[2],
                            "quantityLimitPerCustomer": variant[3],
                            "quantityAvailable": min(50, variant[5] or 0) if variant[4] else 50,
                            "pricing": _price_range([prices[variant[0]]], channel.currency),
                            "attributes": said_of_variants.get(variant[0], []),
                        }
                        for variant in variants
                        if variant[0] in prices
                    ],
                }
            }
        }
    )


def orders_by_hand() -> bytes:
    rows = _fetch_all(_ORDERS)[:20]
    keys = [row[0] for row in rows]
    placeholders = ", ".join(["%s"] * len(keys))
    lines: dict[object, list[_DatabaseRow]] = {}
    for line in _fetch_all(_LINES.format(marks=placeholders), *keys):
        lines.setdefault(line[0], []).append(line[1:])
    delivery_methods: dict[object, list[str]] = {}
    for order, delivery_method in _fetch_all(_DELIVERY_NAMES.format(marks=placeholders), *keys):
        delivery_methods.setdefault(order, []).append(delivery_method)
    nodes = [
        {
            "node": {
                "order": row,
                "lines": lines.get(row[0]),
                "shippingMethodName": delivery_methods.get(row[0]),
            }
        }
        for row in rows
    ]
    return orjson.dumps({"data": {"orders": {"edges": nodes}}})


def _page(rows: list[_DatabaseRow], channel: Channel) -> dict[str, object]:
    """Return product cards, each with its first picture and lowest price."""
    keys = ", ".join(str(row[0]) for row in rows) or "0"
    pictures: dict[object, dict[str, object]] = {}
    for row in _fetch_all(_PICTURES.format(keys=keys)):
        pictures.setdefault(row[0], {"url": _picture_url(row[3], "320"), "alt": row[2]})
    prices: dict[object, list[_DatabaseRow]] = {}
    for row in _fetch_all(_PRICES.format(keys=keys), channel.pk):
        prices.setdefault(row[0], []).append(row)
    nodes = [
        {
            "id": row[0],
            "name": row[1],
            "slug": row[2],
            "thumbnail": pictures.get(row[0]),
            "category": {"id": row[3], "name": row[4], "slug": row[5]},
            "pricing": _price_range(prices.get(row[0], []), channel.currency),
        }
        for row in rows
    ]
    return {"edges": [{"node": node} for node in nodes]}


def _price_range(prices: list[_DatabaseRow], currency: str) -> dict[str, object] | None:
    if not prices:
        return None
    now = [row[2] for row in prices]
    return {
        "onSale": any(row[2] < row[3] for row in prices),
        "priceRange": {
            "start": {"gross": {"amount": min(now), "currency": currency}},
            "stop": {"gross": {"amount": max(now), "currency": currency}},
        },
    }


def _attribute_values(owner: str, table: str, keys: object) -> dict[object, list[object]]:
    """Return attributes with their values, by product or variant."""
    attributes_by_owner: dict[Any, dict[Any, Any]] = {}
    for row in _fetch_all(_ATTRIBUTE_VALUES.format(owner=owner, table=table, keys=keys or "0")):
        attributes = attributes_by_owner.setdefault(row[0], {})
        attribute = {"id": row[1], "name": row[2], "slug": row[3], "inputType": row[4]}
        selected = attributes.setdefault(row[1], {"attribute": attribute, "values": []})
        selected["values"].append({"id": row[5], "name": row[6], "slug": row[7]})
    return {key: list(attributes.values()) for key, attributes in attributes_by_owner.items()}


def _picture_url(renditions: Any, width: str) -> str | None:
    rendition_data = orjson.loads(renditions) if isinstance(renditions, str) else renditions
    return f"/media/{rendition_data[width]['jpeg']}" if rendition_data and width in rendition_data else None


def _fetch_all(statement: str, *values: Any) -> list[_DatabaseRow]:
    with connection.cursor() as cursor:
        cursor.execute(statement, list(values))
        rows: list[_DatabaseRow] = cursor.fetchall()
    return rows
