"""Recompute the search words of all products, after a version indexes them differently."""

from __future__ import annotations

from django.db import transaction

from catalog.actions.products.product_rows import SEARCH_COLUMNS, set_search_columns
from catalog.models import Product
from shop.core.database.transactions import lock_rows

_BATCH_SIZE = 500


def rebuild_search_words() -> int:
    """Recompute the derived columns of every product in batches, and return how many rows changed.

    The shop may stay open meanwhile, and a second run changes nothing. An older version's run restores
    that version's words.
    """
    changed, last = 0, 0
    while keys := list(
        Product.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_BATCH_SIZE]
    ):
        changed += _rebuild_batch(keys)
        last = keys[-1]
    return changed


@transaction.atomic(durable=True)
def _rebuild_batch(keys: list[int]) -> int:
    products = lock_rows(
        Product.objects.filter(pk__in=keys)
        .select_related("cooperative", "category")
        .prefetch_related("variants")
        .order_by("pk")
    )
    changed = []
    for product in products:
        before = [getattr(product, column) for column in SEARCH_COLUMNS]
        set_search_columns(product)
        if before != [getattr(product, column) for column in SEARCH_COLUMNS]:
            changed.append(product)
    Product.objects.bulk_update(changed, SEARCH_COLUMNS)
    return len(changed)
