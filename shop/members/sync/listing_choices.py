"""The choices of a new listing: product types, categories and texts that are required."""

from __future__ import annotations

import hashlib
import json

from catalog.actions.listings.listing_states import required_texts
from catalog.models import Category, ProductType
from cooperatives.access import MembershipContext
from shop.core.models import market_channel, show_in_language
from shop.members.sync.rows import Row


def listing_choices(membership: MembershipContext) -> Row | None:
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
                "required": sorted(required_texts(channel, cooperative, product_type)),
            }
            for product_type in types
        ],
        "categories": [
            {"id": category.pk, "name": category.name, "parent": names.get(category.parent_id or 0, "")}
            for category in categories
        ],
    }
    content = json.dumps(choices, sort_keys=True, ensure_ascii=False)
    return {"version": hashlib.sha256(content.encode()).hexdigest()[:16], **choices}
