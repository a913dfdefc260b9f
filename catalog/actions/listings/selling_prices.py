"""Apply promotions to list prices, and store the lowest prices that lists sort by."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import Min, QuerySet
from django.db.models.functions import Coalesce

from catalog.models import Listing, Price, Product, Promotion
from shop.core.actors import Actor
from shop.core.database.compiled_query import compiled_query
from shop.core.database.transactions import lock_rows
from shop.core.models import record_change


def apply_promotions(product_ids: Iterable[int], *, actor: Actor, now: datetime.datetime) -> set[int]:
    """In a transaction: apply the best running promotion to each price. Return the ids of changed products.

    Promotions are read after the products are locked. An edit of a promotion commits before it locks the
    products, so the last transaction to lock them sees all promotions.
    """
    keys = set(product_ids)
    lock_rows(Product.objects.filter(pk__in=keys))
    prices = _prices_of_products(keys)
    promotions = list(
        Promotion.objects.running(now)
        .filter(channel__in={price.channel_id for price in prices})
        .prefetch_related("products", "categories")
        .order_by("created_at", "pk")
    )
    changed = []
    for price in prices:
        before = price.discounted, price.promotion_key
        price.discounted, price.promotion_key = _best_price(price, promotions)
        if before != (price.discounted, price.promotion_key):
            changed.append(price)
            _record_promotion_price(price, before[0], actor=actor, now=now)
    Price.objects.bulk_update(changed, ["discounted", "promotion_key"], batch_size=500)
    return {price.variant.product_id for price in changed}


def update_lowest_prices(product_ids: Iterable[int]) -> None:
    """In a transaction: update the listings' price columns, by which lists are sorted and filtered."""
    keys = list(product_ids)
    listings = lock_rows(Listing.objects.filter(product__in=keys))
    lowest = {
        (product_id, channel_id): (price, list_price)
        for product_id, channel_id, price, list_price in _lowest_prices(keys)
    }
    changed = []
    for listing in listings:
        before = listing.lowest_price, listing.lowest_list_price
        after = lowest.get((listing.product_id, listing.channel_id), (None, None))
        if before != after:
            listing.lowest_price, listing.lowest_list_price = after
            changed.append(listing)
    Listing.objects.bulk_update(changed, ["lowest_price", "lowest_list_price"], batch_size=500)


@compiled_query
def _prices_of_products(product_ids: Collection[int]) -> QuerySet[Price]:
    return (
        Price.objects.filter(variant__product__in=product_ids)
        .select_related("variant", "variant__product", "variant__product__category")
        .order_by("pk")
    )


@compiled_query
def _lowest_prices(product_ids: Collection[int]) -> QuerySet[Price, tuple[Any, ...]]:
    return (
        Price.objects.filter(variant__product__in=product_ids, amount__isnull=False)
        .order_by("variant__product", "channel")
        .values_list("variant__product", "channel")
        .annotate(price=Min(Coalesce("discounted", "amount")), listed=Min("amount"))
    )


def _best_price(price: Price, promotions: Sequence[Promotion]) -> tuple[int | None, uuid.UUID | None]:
    """Return the lowest promotional price and its promotion's id. The oldest wins a tie."""
    if price.amount is None:
        return None, None
    candidates = [
        (promotion.price_of(price.amount), promotion.pk)
        for promotion in promotions
        if promotion.channel_id == price.channel_id and _is_covered(promotion, price.variant.product)
    ]
    best = min(candidates, key=lambda candidate: candidate[0], default=None)
    return best if best is not None and best[0] < price.amount else (None, None)


def _is_covered(promotion: Promotion, product: Product) -> bool:
    """Return whether a promotion covers a product by its cooperative, and by the product or its category."""
    if promotion.cooperative_id not in (None, product.cooperative_id):
        return False
    products, categories = promotion.products.all(), promotion.categories.all()
    if not products and not categories:
        return True
    path = (product.category.path or "") if product.category else ""
    return any(covered.pk == product.pk for covered in products) or any(
        category.path and path.startswith(category.path) for category in categories
    )


def _record_promotion_price(
    price: Price, before: int | None, *, actor: Actor, now: datetime.datetime
) -> None:
    product = price.variant.product
    record_change(
        "price.promotion_changed",
        price,
        actor=actor,
        now=now,
        root=product,
        cooperative_id=product.cooperative_id,
        data={
            "variant": price.variant_id,
            "from": before,
            "to": price.discounted,
            "promotion": str(price.promotion_key) if price.promotion_key else None,
            "currency": price.currency,
        },
    )
