"""Set on what terms buyers get an option: wholesale prices, and limits per order and per buyer."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_rows import refresh_listings
from catalog.actions.products.variant_rows import ListPrice, lock_variant, set_list_price
from catalog.actions.products.variants import save_variant_values
from catalog.models import Price, Variant
from catalog.pricing import WholesaleTier
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import Channel

MAX_LIMIT = 1_000_000
MAX_LIMIT_DAYS = 365


class InvalidPurchaseLimits(Refused):
    code = "invalid_purchase_limits"
    default_message = _(
        "Enter limits as whole numbers from 1. Enter a limit per buyer, or leave the days empty."
    )


@dataclass(frozen=True, slots=True)
class PurchaseLimits:
    """The quantities that one order may hold and one buyer may order, None for no limit.

    `days` restricts the limit per buyer to orders of the last that many days; without it all orders count.
    """

    per_order: int | None = None
    per_buyer: int | None = None
    days: int | None = None

    def columns(self) -> dict[str, object]:
        """Return the values of the variant's columns. Raises InvalidPurchaseLimits."""
        for name, limit, highest in (
            ("limit_per_order", self.per_order, MAX_LIMIT),
            ("limit_per_buyer", self.per_buyer, MAX_LIMIT),
            ("limit_days", self.days, MAX_LIMIT_DAYS),
        ):
            if limit is not None and not 1 <= limit <= highest:
                raise InvalidPurchaseLimits(field=name)
        if self.days is not None and self.per_buyer is None:
            raise InvalidPurchaseLimits(field="limit_days")
        return {
            "quantity_limit_per_order": self.per_order,
            "quantity_limit_per_customer": self.per_buyer,
            "quantity_limit_days": self.days,
        }


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

    `confirmation_token`: see `set_list_price`. Raises Missing, also without a list price,
    InvalidPurchaseLimits, InvalidWholesalePrices, UnusualPrice.
    """
    variant = lock_variant(Variant.objects.for_cooperative(cooperative), variant_id)
    if variant is None:
        raise Missing()
    save_variant_values(variant, limits.columns(), actor=actor, now=now)
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
