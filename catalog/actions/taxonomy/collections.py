"""Create collections, and choose their products and channels."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from django.db import transaction

from catalog.actions.taxonomy.taxonomy_rows import create_taxonomy_row, lock_taxonomy_row
from catalog.models import Collection, CollectionListing, CollectionProduct, Product
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Channel, record_change


@transaction.atomic(durable=True)
def create_collection(
    *, values: Mapping[str, object], product_ids: Sequence[int], actor: Actor, now: datetime.datetime
) -> Collection:
    """Create a collection with these products. Raises AlreadyTaken, Missing."""
    collection = create_taxonomy_row(Collection, values=values, actor=actor, now=now)
    if product_ids:
        _append_products(collection, product_ids, actor=actor, now=now)
    return collection


@transaction.atomic(durable=True)
def add_to_collection(
    *, collection_id: int, product_ids: Sequence[int], actor: Actor, now: datetime.datetime
) -> Collection:
    """Append products to a collection. Raises Missing."""
    collection = lock_taxonomy_row(Collection, collection_id, field="id")
    _append_products(collection, product_ids, actor=actor, now=now)
    return collection


def _append_products(
    collection: Collection, product_ids: Sequence[int], *, actor: Actor, now: datetime.datetime
) -> None:
    if Product.objects.existing().filter(pk__in=product_ids).count() != len(set(product_ids)):
        raise Missing(field="products")
    existing_ids = set(collection.product_rows.values_list("product", flat=True))
    new_ids = [key for key in dict.fromkeys(product_ids) if key not in existing_ids]
    CollectionProduct.objects.bulk_create(
        CollectionProduct(collection=collection, product_id=key, sort_order=position)
        for position, key in enumerate(new_ids, len(existing_ids))
    )
    record_change("collection.products_added", collection, actor=actor, now=now, data={"products": new_ids})


@transaction.atomic(durable=True)
def remove_from_collection(
    *, collection_id: int, product_ids: Sequence[int], actor: Actor, now: datetime.datetime
) -> Collection:
    collection = lock_taxonomy_row(Collection, collection_id, field="id")
    collection.product_rows.filter(product__in=product_ids).delete()
    record_change(
        "collection.products_removed", collection, actor=actor, now=now, data={"products": list(product_ids)}
    )
    return collection


@transaction.atomic(durable=True)
def set_collection_channels(
    *,
    collection_id: int,
    channel_listings: Sequence[tuple[Channel, Mapping[str, object]]],
    removed_from: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Collection:
    """Set the channels in which a collection is visible, and since when.

    The collection disappears from the channels of `removed_from` (ids). Raises Missing.
    """
    collection = lock_taxonomy_row(Collection, collection_id, field="id")
    CollectionListing.objects.filter(collection=collection, channel__in=removed_from).delete()
    for channel, values in channel_listings:
        CollectionListing.objects.update_or_create(
            collection=collection, channel=channel, defaults=dict(values)
        )
    record_change(
        "collection.channels_set",
        collection,
        actor=actor,
        now=now,
        data={
            "channels": [channel.pk for channel, _values in channel_listings],
            "removed": list(removed_from),
        },
    )
    return collection
