"""Users' wish lists. Like baskets they are private, so no change history is recorded."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db import transaction

from catalog.models import Product, WishedProduct

MAX_WISHES_PER_USER = 200


@transaction.atomic(durable=True)
def add_to_wish_list(*, user_id: int, product_ids: Iterable[int], now: datetime.datetime) -> None:
    """Add products to a user's wish list. Products on the list already and removed products are ignored.

    A full list drops its oldest entries.
    """
    existing_products = Product.objects.existing().in_bulk(list(product_ids))
    WishedProduct.objects.bulk_create(
        (
            WishedProduct(user_id=user_id, product=product, added_at=now)
            for product in existing_products.values()
        ),
        ignore_conflicts=True,
    )
    wished_products = WishedProduct.objects.filter(user=user_id).order_by("-added_at", "-pk")
    WishedProduct.objects.filter(
        pk__in=list(wished_products.values_list("pk", flat=True)[MAX_WISHES_PER_USER:])
    ).delete()


@transaction.atomic(durable=True)
def remove_from_wish_list(*, user_id: int, product_id: int) -> None:
    """Remove a product from a user's wish list, if it is there."""
    WishedProduct.objects.filter(user=user_id, product=product_id).delete()
