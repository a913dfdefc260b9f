"""Set the terms on which buyers get a variant: wholesale prices, and limits per order and per buyer."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db import transaction

from catalog.actions.products.product_rows import refresh_listings
from catalog.actions.products.purchase_limits import PurchaseLimits
from catalog.actions.products.variant_rows import ListPrice, lock_variant, set_list_price
from catalog.actions.products.variants import save_variant_values
from catalog.actions.products.wholesale_tiers import require_reachable_tiers
from catalog.models import Price, Variant
from catalog.pricing import WholesaleTier
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Channel, shop_settings


@transaction.atomic(durable=True)
def set_purchase_terms(
    *,
    variant_id: int,
    cooperative: Cooperative,
    channel: Channel,
    tiers: Sequence[WholesaleTier],
    limits: PurchaseLimits,
    confirmation_token: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Replace an option's wholesale prices in a channel, and its limits.

    `confirmation_token` is "" at the first try, then the token of the UnusualPrice that was raised. Raises
    Missing (also if the channel has no list price), InvalidPurchaseLimits, InvalidWholesalePrices,
    UnusualPrice.
    """
    variant = lock_variant(Variant.objects.for_cooperative(cooperative), variant_id)
    if variant is None:
        raise Missing()
    save_variant_values(variant, limits.columns(), actor=actor, now=now)
    require_reachable_tiers(tiers, variant, shop_settings().limit_quantity_per_checkout)
    amount = Price.objects.filter(variant=variant, channel=channel).values_list("amount", flat=True).first()
    if amount is None:
        raise Missing()
    set_list_price(
        variant,
        ListPrice(channel, amount, wholesale_tiers=tiers),
        confirmation_token=confirmation_token,
        actor=actor,
        now=now,
    )
    refresh_listings(variant.product)
    return variant
