"""List prices of variants in channels: set, compared with what was seen, confirmed and removed."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_rows import refresh_listings
from catalog.actions.products.variant_rows import (
    MAX_PRICE,
    InvalidPrice,
    ListPrice,
    find_locked_variant,
    lock_variant,
    set_list_price,
)
from catalog.models import Listing, Price, Variant
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.errors import Missing, Refused
from shop.core.models import record_change
from shop.core.states import TransitionNotAllowed


class ProductNotInChannel(Refused):
    code = "product_not_in_channel"
    default_message = _("The product has not been added to this channel yet.")


class PriceAlreadyChanged(Refused):
    """Somebody else changed the price after this person saw it. `details["amount"]` is today's price."""

    code = "price_already_changed"
    default_message = _("Somebody else has changed this price. Check it, then choose one of the two.")


@transaction.atomic(durable=True)
def set_variant_prices(
    *,
    variant_id: int,
    prices: Sequence[ListPrice],
    actor: Actor,
    now: datetime.datetime,
) -> Variant:
    """Set list prices, and their costs, prior prices and wholesale prices if given.

    Raises Missing, InvalidPrice, InvalidWholesalePrices, PriceNotAboveWholesale, and ProductNotInChannel if
    the product is not in the channel.
    """
    variant = find_locked_variant(variant_id)
    set_prices(variant, prices, actor=actor, now=now)
    refresh_listings(variant.product)
    return variant


def set_prices(
    variant: Variant, prices: Sequence[ListPrice], *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: set list prices of a locked variant, whose listings the caller refreshes.

    Raises what `set_variant_prices` raises, except Missing.
    """
    listed_channel_ids = set(
        Listing.objects.filter(product=variant.product).values_list("channel", flat=True)
    )
    for list_price in prices:
        channel, other_amounts = list_price.channel, list_price.other_amounts
        if channel.pk not in listed_channel_ids:
            raise ProductNotInChannel(field="channelId", channels=[channel.pk])
        if any(not 0 <= (amount or 0) <= MAX_PRICE for amount in other_amounts.values()):
            raise InvalidPrice(field="price")
        price = set_list_price(variant, list_price, actor=actor, now=now)
        changes = set_tracked_columns(price, other_amounts)
        if changes["fields"]:
            price.save(update_fields=list(other_amounts))
            record_change(
                "price.changed",
                price,
                actor=actor,
                now=now,
                root=variant.product,
                cooperative_id=variant.cooperative_id,
                data=changes | {"variant": variant.pk, "currency": channel.currency},
            )


def remove_prices(
    variant: Variant, price_ids: Collection[int], *, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: remove prices of a locked variant, which is then not for sale in their channels.

    The caller refreshes the listings. Raises Missing for a price of another variant.
    """
    prices = list(Price.objects.filter(variant=variant, pk__in=price_ids).order_by("pk"))
    if len(prices) < len(set(price_ids)):
        raise Missing(field="remove")
    for price in prices:
        record_change(
            "price.removed",
            price,
            actor=actor,
            now=now,
            root=variant.product,
            cooperative_id=variant.cooperative_id,
            snapshot={"variant": variant.pk, "amount": price.amount, "currency": price.currency},
        )
        price.delete()


@transaction.atomic(durable=True)
def confirm_price(*, price_id: int, amount: int, actor: Actor, now: datetime.datetime) -> Price:
    """Confirm an unusual price that an app set. Repeating it changes nothing.

    `amount` is the price that the person saw. Raises Missing, TransitionNotAllowed if it has changed since.
    """
    variant_id = Price.objects.filter(pk=price_id).values_list("variant", flat=True).first()
    variant = lock_variant(Variant.objects.existing(), variant_id) if variant_id is not None else None
    if variant is None:
        raise Missing()
    price = Price.objects.get(pk=price_id)
    if price.amount != amount:
        raise TransitionNotAllowed(from_state=str(price.amount), to_state=str(amount))
    if price.unusual_since is not None:
        price.unusual_since = None
        price.save(update_fields=["unusual_since"])
        record_change(
            "price.confirmed",
            price,
            actor=actor,
            now=now,
            root=variant.product,
            cooperative_id=variant.cooperative_id,
            data={"variant": variant.pk, "amount": amount, "currency": price.currency},
        )
    return price


def require_seen_prices(
    variant: Variant, prices: Sequence[ListPrice], seen_prices: Mapping[int, int | None]
) -> None:
    """Refuse to overwrite a price that the person has not seen, unless it is the price they want.

    Raises PriceAlreadyChanged.
    """
    current = dict(Price.objects.filter(variant=variant).values_list("channel", "amount"))
    for price in prices:
        amount = current.get(price.channel.pk)
        if amount not in (seen_prices.get(price.channel.pk), price.amount):
            raise PriceAlreadyChanged(field="price", amount=amount)
