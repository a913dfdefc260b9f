"""Goods that people keep an eye on. Like a basket they are nobody else's business: no history is kept."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.db import transaction

from catalog.models import Product, WishedProduct

MOST = 200  # of one person


@transaction.atomic(durable=True)
def wish_for(*, user_id: int, product_ids: Iterable[int], now: datetime.datetime) -> None:
    """Keep goods on a person's list; what is there already stays, and what is gone is left out.

    A list that is full forgets what was put on it first.
    """
    there = Product.objects.existing().in_bulk(list(product_ids))
    WishedProduct.objects.bulk_create(
        (WishedProduct(user_id=user_id, product=product, added_at=now) for product in there.values()),
        ignore_conflicts=True,
    )
    mine = WishedProduct.objects.filter(user=user_id).order_by("-added_at", "-pk")
    WishedProduct.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[MOST:])).delete()


@transaction.atomic(durable=True)
def wish_no_longer(*, user_id: int, product_id: int) -> None:
    """Take something off a person's list; nothing happens where it is not on it."""
    WishedProduct.objects.filter(user=user_id, product=product_id).delete()
