"""Staff add products to channels and remove them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from catalog.actions.listings.listing_states import (
    change_listing_state,
    require_legal_fields,
    require_ready_picture,
)
from catalog.actions.products.product_rows import load_listings, lock_product, refresh_listings
from catalog.models import Listing, Product
from catalog.states import ListingState
from shop.core.actors import Actor
from shop.core.database.metadata import set_columns
from shop.core.models import Channel, record_change


@dataclass(frozen=True, slots=True)
class ListingChange:
    """A change of the listing in a channel: its columns, and unless None, whether it is on sale."""

    channel: Channel
    columns: Mapping[str, object]
    is_on_sale: bool | None = None


@transaction.atomic(durable=True)
def set_channel_listings(
    *,
    product_id: int,
    changes: Sequence[ListingChange],
    removed_channel_ids: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Set a product's listings in these channels, and withdraw it from those of `removed_channel_ids`.

    Publishing by staff implies approval. Raises Missing, ListingIncomplete,
    TransitionNotAllowed.
    """
    product = lock_product(product_id)
    for change in changes:
        channel = change.channel
        listing = load_listings(product).filter(channel=channel).first() or Listing(
            product=product, channel=channel, currency=channel.currency
        )
        is_new, changed = listing.pk is None, set_columns(listing, change.columns)
        listing.save()
        if is_new or changed:
            record_change(
                "listing.changed",
                listing,
                actor=actor,
                now=now,
                root=product,
                cooperative_id=product.cooperative_id,
                data={"channel": channel.pk, "fields": changed},
            )
        if change.is_on_sale is not None:
            _publish_or_pause(listing, change.is_on_sale, actor=actor, now=now)
    withdrawn = load_listings(product).filter(channel__in=removed_channel_ids)
    for listing in withdrawn.exclude(state=ListingState.WITHDRAWN):
        change_listing_state(listing, ListingState.WITHDRAWN, actor=actor, now=now)
    refresh_listings(product)
    return product


def _publish_or_pause(listing: Listing, is_on_sale: bool, *, actor: Actor, now: datetime.datetime) -> None:
    """Publish or pause a listing by the allowed state transitions."""
    if is_on_sale and listing.state != ListingState.PUBLISHED:
        require_legal_fields(listing)
        if listing.state == ListingState.WITHDRAWN:
            change_listing_state(listing, ListingState.DRAFT, actor=actor, now=now)
        require_ready_picture(listing)
        change_listing_state(listing, ListingState.PUBLISHED, actor=actor, now=now)
    if not is_on_sale and listing.state == ListingState.PUBLISHED:
        change_listing_state(listing, ListingState.PAUSED, actor=actor, now=now)
