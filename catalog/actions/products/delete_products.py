"""Delete products, or hide them if orders or stock movements refer to them."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.db.models import ProtectedError, Q

from catalog.actions.listings.listing_states import change_listing_state
from catalog.models import Listing, Movement, Product, Stock
from catalog.states import ListingState
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change


@transaction.atomic(durable=True)
def delete_product(
    *, cooperative: Cooperative, product_id: int, actor: Actor, now: datetime.datetime
) -> bool:
    """Delete a product, or hide it if it was ever stocked or sold. Returns whether it was deleted.

    Hiding withdraws its listings and frees its slug. Raises Missing.
    """
    product = lock_row(Product.objects.for_cooperative(cooperative).filter(pk=product_id))
    if product is None:
        raise Missing()
    is_deleted = not _is_referred_to(product) and _try_to_delete(product, actor=actor, now=now)
    if not is_deleted:
        _mark_removed(product, actor=actor, now=now)
    return is_deleted


def _is_referred_to(product: Product) -> bool:
    """Return whether the product has any stock movement, allocation or reservation."""
    promised = Stock.objects.filter(variant__product=product).filter(Q(allocated__gt=0) | Q(reserved__gt=0))
    return promised.exists() or Movement.objects.filter(stock__variant__product=product).exists()


def _try_to_delete(product: Product, *, actor: Actor, now: datetime.datetime) -> bool:
    """Delete the product. Return False if a line of an order or of an API draft still refers to it."""
    try:
        with transaction.atomic():
            record_change(
                "product.deleted",
                product,
                actor=actor,
                now=now,
                cooperative_id=product.cooperative_id,
                snapshot={"name": product.name, "slug": product.slug},
            )
            Product.objects.filter(pk=product.pk).update(default_variant=None)
            Product.objects.get(pk=product.pk).delete()
    except ProtectedError:
        return False
    return True


def _mark_removed(product: Product, *, actor: Actor, now: datetime.datetime) -> None:
    """Withdraw the product from every channel, and keep the row only for past orders and movements."""
    for listing in Listing.objects.filter(product=product).select_related("product").order_by("pk"):
        if listing.state != ListingState.WITHDRAWN:
            change_listing_state(listing, ListingState.WITHDRAWN, actor=actor, now=now)
    product.removed_at = now
    # `~` occurs in no slug, so the old slug is free for another product.
    product.slug = f"{product.slug[:230]}~{product.pk}"
    product.save(update_fields=["removed_at", "slug", "updated_at"])
    record_change(
        "product.removed",
        product,
        actor=actor,
        now=now,
        cooperative_id=product.cooperative_id,
        data={"slug": product.slug},
    )
