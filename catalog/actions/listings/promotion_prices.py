"""Apply promotions to list prices, in the background and by batches."""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Mapping

from celery import shared_task
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalog.actions.listings.selling_prices import apply_promotions, update_lowest_prices
from catalog.models import Price, Product, Promotion
from shop.core.actors import Actor
from shop.core.jobs.sweeps import run_each

log = logging.getLogger(__name__)
_BATCH_SIZE = 500


class PricesNotRefreshed(Exception):
    """Prices of some of a promotion's products could not be written. The others are up to date."""

    def __init__(self, errors: Mapping[int, Exception]) -> None:
        key, error = next(iter(errors.items()))
        super().__init__(f"{len(errors)} failed, first product {key}: {type(error).__name__}: {error}")


def refresh_promotion(*, promotion_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> None:
    """Rewrite the prices of all products that a promotion covers or has reduced, in batches.

    If the refresh is interrupted, or the promotion is edited meanwhile, the promotion stays due. A product
    that fails does not stop the others: PricesNotRefreshed is raised at the end, and the promotion stays due.
    """
    errors: dict[int, Exception] = {}
    promotion = Promotion.objects.prefetch_related("products", "categories").get(pk=promotion_id)
    last = 0
    while True:
        batch = list(_affected_products(promotion).filter(pk__gt=last).order_by("pk")[:_BATCH_SIZE])
        if not batch:
            break
        errors |= _refresh_batch([product.pk for product in batch], actor=actor, now=now)
        last = batch[-1].pk
    if errors:
        raise PricesNotRefreshed(errors)
    # Clear `refresh_at` only if it is unchanged. Otherwise an edit has set a new one meanwhile.
    Promotion.objects.filter(pk=promotion.pk, refresh_at=promotion.refresh_at).update(
        refresh_at=promotion.next_change_at(now)
    )


@shared_task(name="catalog.refresh_promotion")
def refresh_promotion_task(*, promotion_id: str) -> None:
    now = timezone.now()
    refresh_promotion(promotion_id=uuid.UUID(promotion_id), actor=Actor.system("promotions"), now=now)


@shared_task(name="catalog.refresh_promotions")
def refresh_promotions_task() -> None:
    """Sweep: refresh promotions that started, ended or were edited."""
    now = timezone.now()
    run_each(
        Promotion.objects.due(now).values_list("pk", flat=True),
        lambda promotion_id: refresh_promotion(
            promotion_id=promotion_id, actor=Actor.system("promotions"), now=now
        ),
        sweep="catalog.refresh_promotions",
    )


def _refresh_batch(product_ids: list[int], *, actor: Actor, now: datetime.datetime) -> dict[int, Exception]:
    """Rewrite the prices of a batch, or if that fails, product by product. Return the errors by product."""
    try:
        _refresh_prices(product_ids, actor=actor, now=now)
    except Exception as error:
        if len(product_ids) == 1:
            log.exception("prices of product %s not refreshed", product_ids[0])
            return {product_ids[0]: error}
        errors: dict[int, Exception] = {}
        for product_id in product_ids:
            errors |= _refresh_batch([product_id], actor=actor, now=now)
        return errors
    return {}


@transaction.atomic(durable=True)
def _refresh_prices(product_ids: list[int], *, actor: Actor, now: datetime.datetime) -> None:
    changed = apply_promotions(product_ids, actor=actor, now=now)
    if changed:
        update_lowest_prices(changed)


def _affected_products(promotion: Promotion) -> QuerySet[Product]:
    """Return products that the promotion covers, and those whose price it set."""
    covered = Q()
    if promotion.cooperative_id is not None:
        covered = Q(cooperative=promotion.cooperative_id)
    products, categories = promotion.products.all(), promotion.categories.all()
    if products or categories:
        condition = Q(pk__in=[row.pk for row in products])
        for category in categories:
            condition |= Q(category__path__startswith=category.branch_path)
        covered &= condition
    reduced = Price.objects.filter(promotion_key=promotion.pk).values("variant__product")
    return Product.objects.filter(covered | Q(pk__in=reduced)) if covered else Product.objects.all()
