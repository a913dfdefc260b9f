"""Staff add products to channels and remove them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

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


@transaction.atomic(durable=True)
def set_channel_listings(
    *,
    product_id: int,
    channel_listings: Sequence[tuple[Channel, bool | None, Mapping[str, object]]],
    withdrawn_from: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Set a product's listings in these channels, and withdraw it from those of `withdrawn_from` (ids).

    Each of `channel_listings` names the channel, whether the product is on sale there (None leaves that as it
    is), and the listing's columns. Publishing by staff implies approval. Raises Missing, ListingIncomplete,
    TransitionNotAllowed.
    """
    product = lock_product(product_id)
    for channel, is_on_sale, values in channel_listings:
        listing = load_listings(product).filter(channel=channel).first() or Listing(
            product=product, channel=channel, currency=channel.currency
        )
        is_new, changed = listing.pk is None, set_columns(listing, values)
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
        if is_on_sale is not None:
            _publish_or_pause(listing, is_on_sale, actor=actor, now=now)
    withdrawn = load_listings(product).filter(channel__in=withdrawn_from)
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
