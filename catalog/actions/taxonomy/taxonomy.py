"""Staff manage categories and collections; generic steps for other catalogue records."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TypeVar

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.actions.taxonomy.categories import add_category, edit_category
from catalog.models import (
    Attribute,
    Category,
    Collection,
    CollectionListing,
    CollectionProduct,
    Product,
    ProductType,
)
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.transactions import lock_row
from shop.core.database.unique_fields import require_related_rows, save_unique, unused_slug
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change

Record = TypeVar("Record", ProductType, Attribute, Category, Collection)


class StillReferenced(Refused):
    code = "still_referenced"
    default_message = _("This is still in use. Change or remove what uses it first.")


def insert_record(
    model: type[Record], *, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> Record:
    """Step: create a product type, attribute or collection. Raises AlreadyTaken."""
    require_related_rows(model, values)
    row = model(**values)
    row.slug = row.slug or unused_slug(model, row.name)
    save_unique(row)
    record_change(f"{model._meta.model_name}.added", row, actor=actor, now=now)
    return row


def lock_record(model: type[Record], key: int, *, field: str) -> Record:
    """Step: lock a record; `field` names the input in the refusal. Raises Missing."""
    row = lock_row(model._default_manager.filter(pk=key))
    if row is None:
        raise Missing(field=field)
    return row


@transaction.atomic(durable=True)
def update_record(
    model: type[Record],
    key: int,
    *,
    values: Mapping[str, object],
    actor: Actor,
    now: datetime.datetime,
) -> Record:
    """Update the named columns. Raises Missing, AlreadyTaken."""
    return write_record(model, key, values=values, actor=actor, now=now)


def write_record(
    model: type[Record], key: int, *, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> Record:
    """Step: update the named columns. Raises Missing, AlreadyTaken."""
    row = lock_record(model, key, field="id")
    require_related_rows(model, values)
    changes = set_tracked_columns(row, values)
    save_unique(row)
    if changes["fields"]:
        record_change(f"{model._meta.model_name}.edited", row, actor=actor, now=now, data=changes)
    return row


@transaction.atomic(durable=True)
def delete_record(model: type[Record], key: int, *, actor: Actor, now: datetime.datetime) -> None:
    """Delete a record that nothing refers to; products of a deleted category have none then.

    Raises Missing, StillReferenced.
    """
    row = lock_record(model, key, field="id")
    record_change(
        f"{model._meta.model_name}.deleted",
        row,
        actor=actor,
        now=now,
        snapshot={"name": row.name, "slug": row.slug},
    )
    try:
        row.delete()
    except ProtectedError as error:
        raise StillReferenced(field="id") from error


@transaction.atomic(durable=True)
def create_category(
    *,
    parent_id: int | None,
    name: str,
    slug: str | None,
    values: Mapping[str, object],
    actor: Actor,
    now: datetime.datetime,
) -> Category:
    """Create a category after its siblings; `values` are its other columns.

    Raises AlreadyTaken, and Missing for an unknown parent.
    """
    parent = Category.objects.filter(pk=parent_id).first() if parent_id is not None else None
    if parent_id is not None and parent is None:
        raise Missing(field="parent")
    position = Category.objects.filter(parent=parent).count()
    category = add_category(
        name=name,
        parent=parent,
        sort_order=position,
        address=slug or unused_slug(Category, name),
        actor=actor,
        now=now,
    )
    for column, value in values.items():
        setattr(category, column, value)
    save_unique(category)
    return category


@transaction.atomic(durable=True)
def update_category(
    *, category_id: int, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> Category:
    """Update a category; reindexes its products if the name changes. Raises Missing, AlreadyTaken."""
    category = lock_record(Category, category_id, field="id")
    name = values.get("name", category.name)
    description = values.get("description_text", category.description_text)
    assert isinstance(name, str)
    assert isinstance(description, str)
    edit_category(
        category_id=category.pk,
        name=name,
        description=description,
        sort_order=category.sort_order,
        actor=actor,
        now=now,
    )
    category.refresh_from_db()
    changes = set_tracked_columns(category, values)
    save_unique(category)
    if changes["fields"]:
        record_change("category.edited", category, actor=actor, now=now, data=changes)
    return category


# --- collections --------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def create_collection(
    *, values: Mapping[str, object], product_ids: Sequence[int], actor: Actor, now: datetime.datetime
) -> Collection:
    """Create a collection with these products. Raises AlreadyTaken, Missing."""
    collection = insert_record(Collection, values=values, actor=actor, now=now)
    if product_ids:
        _append_products(collection, product_ids, actor=actor, now=now)
    return collection


@transaction.atomic(durable=True)
def add_to_collection(
    *, collection_id: int, product_ids: Sequence[int], actor: Actor, now: datetime.datetime
) -> Collection:
    """Append products to a collection. Raises Missing."""
    collection = lock_record(Collection, collection_id, field="id")
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
    record_change("collection.filled", collection, actor=actor, now=now, data={"products": new_ids})


@transaction.atomic(durable=True)
def remove_from_collection(
    *, collection_id: int, product_ids: Sequence[int], actor: Actor, now: datetime.datetime
) -> Collection:
    collection = lock_record(Collection, collection_id, field="id")
    collection.product_rows.filter(product__in=product_ids).delete()
    record_change(
        "collection.emptied", collection, actor=actor, now=now, data={"products": list(product_ids)}
    )
    return collection


@transaction.atomic(durable=True)
def set_collection_channels(
    *,
    collection_id: int,
    channel_listings: Sequence[tuple[Channel, Mapping[str, object]]],
    hidden: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Collection:
    """Set the channels in which a collection is visible, and since when. Raises Missing."""
    collection = lock_record(Collection, collection_id, field="id")
    CollectionListing.objects.filter(collection=collection, channel__in=hidden).delete()
    for channel, values in channel_listings:
        CollectionListing.objects.update_or_create(
            collection=collection, channel=channel, defaults=dict(values)
        )
    record_change(
        "collection.shown",
        collection,
        actor=actor,
        now=now,
        data={"channels": [channel.pk for channel, _values in channel_listings], "removed": list(hidden)},
    )
    return collection
