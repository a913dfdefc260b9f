"""The choices of a new listing, and what others sell.

Choices are product types, categories, and the texts that are required.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial

from django.core.cache import cache

from catalog.actions.listings.listing_states import required_texts
from catalog.models import Category, Price, Product, ProductType
from cooperatives.access import MembershipContext
from shop.core.models import Channel, market_channel, show_in_language
from shop.members.photo_hints import photo_hint
from shop.members.sync.product_facts import content_of
from shop.members.sync.rows import Row

_MAX_PRODUCTS = 300
_PRODUCTS_KEPT_FOR = 24 * 60 * 60  # seconds


def build_listing_choices(membership: MembershipContext) -> Row | None:
    """Return the choices with their `version`, or None before the market is open."""
    channel, cooperative = market_channel(), membership.cooperative
    if channel is None:
        return None
    types = list(ProductType.objects.for_members())
    categories = list(Category.objects.in_order())
    for rows in (types, categories):
        show_in_language(rows, "name")
    names = {category.pk: category.name for category in categories}
    choices: Row = {
        "currency": channel.currency,
        "origin": cooperative.location,
        "product_types": [
            {
                "id": product_type.pk,
                "name": product_type.name,
                "photo_hint": str(photo_hint(product_type)),
                "required": sorted(required_texts(channel, cooperative, product_type)),
            }
            for product_type in types
        ],
        "categories": [
            {"id": category.pk, "name": category.name, "parent": names.get(category.parent_id or 0, "")}
            for category in categories
        ],
    }
    return {"version": _version(choices), **choices}


def find_goods_on_market() -> Row | None:
    """Return the newest goods on the market with their `version`, or None before the market is open.

    A new listing may take details and usual prices from them. They are read at most once a day, so that
    phones do not load them again after every change of a price.
    """
    channel = market_channel()
    if channel is None:
        return None
    key = f"goods-on-market-{channel.pk}"
    return cache.get_or_set(key, partial(_read_goods, channel), _PRODUCTS_KEPT_FOR)


def _read_goods(channel: Channel) -> Row:
    goods = _read_products(channel)
    return {"version": _version(goods), "goods": goods}


def _version(content: Row | list[Row]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _read_products(channel: Channel) -> list[Row]:
    products = Product.objects.existing().visible_in(channel.pk).select_related("default_variant")
    prices = Price.objects.filter(channel=channel, amount__gt=0)
    newest = list(products.filter(default_variant__isnull=False).order_by("-pk")[:_MAX_PRODUCTS])
    amounts = dict(
        prices.filter(variant__in=[product.default_variant_id for product in newest]).values_list(
            "variant", "amount"
        )
    )
    return [
        {
            "cooperative": product.cooperative_id,
            "name": product.name,
            "type": product.product_type_id,
            "category": product.category_id,
            "shelf_life": product.shelf_life,
            "unit_code": variant.unit,
            "content": content_of(variant),
            "price": amounts.get(variant.pk),
        }
        for product in newest
        if (variant := product.default_variant) is not None
    ]
