"""What goods hang on, kept by the platform's staff: kinds of goods, attributes, shelves, collections."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.actions.categories import add_category, edit_category
from catalog.actions.said import add_value
from catalog.models import (
    Attribute,
    AttributeScope,
    AttributeValue,
    Category,
    Collection,
    CollectionListing,
    CollectionProduct,
    Product,
    ProductType,
    ProductTypeAttribute,
)
from shop.core.actors import Actor
from shop.core.claims import free_slug, require_related, save_claiming
from shop.core.db import locked_one
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change


class StillUsed(Refused):
    code = "still_used"
    default_words = _("Something still needs it. Change or remove that first.")


@transaction.atomic(durable=True)
def create_master(
    model: type[models.Model],
    *,
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime.datetime,
) -> Any:
    """A new kind of goods, attribute or collection, with these columns. Raises AlreadyTaken."""
    require_related(model, values)
    row: Any = model(**values)
    row.slug = row.slug or free_slug(model, row.name)
    save_claiming(row)
    record_change(f"{model._meta.model_name}.added", row, actor=actor, now=now)
    return row


@transaction.atomic(durable=True)
def change_master(
    model: type[models.Model],
    key: int,
    *,
    values: Mapping[str, Any],
    actor: Actor,
    now: datetime.datetime,
) -> Any:
    """Change the columns that are named. Raises Missing, AlreadyTaken."""
    row: Any = locked_one(model._default_manager.filter(pk=key))
    if row is None:
        raise Missing(field="id")
    require_related(model, values)
    changed = [column for column, value in values.items() if getattr(row, column) != value]
    for column in changed:
        setattr(row, column, values[column])
    save_claiming(row)
    if changed:
        record_change(f"{model._meta.model_name}.edited", row, actor=actor, now=now, data={"fields": changed})
    return row


@transaction.atomic(durable=True)
def remove_master(model: type[models.Model], key: int, *, actor: Actor, now: datetime.datetime) -> None:
    """Delete it where nothing needs it. Raises Missing, StillUsed."""
    row: Any = locked_one(model._default_manager.filter(pk=key))
    if row is None:
        raise Missing(field="id")
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
        raise StillUsed(field="id") from error


@transaction.atomic(durable=True)
def assign_attributes(
    *,
    product_type_id: int,
    wanted: Sequence[tuple[int, AttributeScope, bool]],
    actor: Actor,
    now: datetime.datetime,
) -> ProductType:
    """Give a kind of goods attributes: key, of products or variants, whether variants are chosen by it."""
    kind = _locked_kind(product_type_id)
    there = kind.attribute_rows.count()
    for place, (key, scope, chosen) in enumerate(wanted, there):
        attribute = Attribute.objects.filter(pk=key).first()
        if attribute is None:
            raise Missing(field="operations")
        ProductTypeAttribute.objects.update_or_create(
            product_type=kind,
            attribute=attribute,
            scope=scope,
            defaults={"variant_selection": chosen},
            create_defaults={"variant_selection": chosen, "sort_order": place},
        )
    keys = [key for key, _scope, _chosen in wanted]
    record_change("producttype.attributes_assigned", kind, actor=actor, now=now, data={"attributes": keys})
    return kind


@transaction.atomic(durable=True)
def unassign_attributes(
    *, product_type_id: int, keys: Sequence[int], actor: Actor, now: datetime.datetime
) -> ProductType:
    """Take attributes from a kind of goods; what was said by them is forgotten. Raises Missing."""
    kind = _locked_kind(product_type_id)
    kind.attribute_rows.filter(attribute__in=keys).delete()
    record_change(
        "producttype.attributes_unassigned", kind, actor=actor, now=now, data={"attributes": list(keys)}
    )
    return kind


def _locked_kind(key: int) -> ProductType:
    kind = locked_one(ProductType.objects.filter(pk=key))
    if kind is None:
        raise Missing(field="productTypeId")
    return kind


@transaction.atomic(durable=True)
def list_value(
    *, attribute_id: int, name: str, columns: Mapping[str, Any], actor: Actor, now: datetime.datetime
) -> AttributeValue:
    """One more value in an attribute's list. Raises Missing."""
    attribute = locked_one(Attribute.objects.filter(pk=attribute_id))
    if attribute is None:
        raise Missing(field="attribute")
    value = add_value(attribute, name, **columns)
    record_change("attribute.value_added", value, actor=actor, now=now, root=attribute)
    return value


@transaction.atomic(durable=True)
def strike_values(*, attribute_id: int, keys: Sequence[int], actor: Actor, now: datetime.datetime) -> None:
    """Take values from an attribute's list, and from whatever they were said of. Raises Missing."""
    attribute = locked_one(Attribute.objects.filter(pk=attribute_id))
    if attribute is None:
        raise Missing(field="id")
    struck = attribute.values.filter(pk__in=keys)
    names = list(struck.order_by("pk").values_list("name", flat=True))
    struck.delete()
    record_change("attribute.values_struck", attribute, actor=actor, now=now, data={"names": names})


@transaction.atomic(durable=True)
def put_up_category(
    *, parent_id: int | None, values: Mapping[str, Any], actor: Actor, now: datetime.datetime
) -> Category:
    """A new shelf, behind the others. Raises Missing for no such parent, AlreadyTaken."""
    parent = Category.objects.filter(pk=parent_id).first() if parent_id is not None else None
    if parent_id is not None and parent is None:
        raise Missing(field="parent")
    wanted = dict(values)
    name = wanted.pop("name")
    place = Category.objects.filter(parent=parent).count()
    category = add_category(
        name=name,
        parent=parent,
        sort_order=place,
        address=wanted.pop("slug", None) or free_slug(Category, name),
        actor=actor,
        now=now,
    )
    for column, value in wanted.items():
        setattr(category, column, value)
    save_claiming(category)
    return category


@transaction.atomic(durable=True)
def describe_category(
    *, category_id: int, values: Mapping[str, Any], actor: Actor, now: datetime.datetime
) -> Category:
    """Say something else of a shelf; goods on it are found by its new name. Raises Missing, AlreadyTaken."""
    category = locked_one(Category.objects.filter(pk=category_id))
    if category is None:
        raise Missing(field="id")
    edit_category(
        category_id=category.pk,
        name=values.get("name", category.name),
        description=values.get("description_text", category.description_text),
        sort_order=category.sort_order,
        actor=actor,
        now=now,
    )
    category.refresh_from_db()
    for column, value in values.items():
        setattr(category, column, value)
    save_claiming(category)
    return category


@transaction.atomic(durable=True)
def take_down_category(*, category_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a shelf without shelves in it; its goods stand nowhere then. Raises Missing, StillUsed."""
    category = locked_one(Category.objects.filter(pk=category_id))
    if category is None:
        raise Missing(field="id")
    record_change(
        "category.deleted",
        category,
        actor=actor,
        now=now,
        snapshot={"name": category.name, "slug": category.slug},
    )
    try:
        category.delete()
    except ProtectedError as error:
        raise StillUsed(field="id") from error


# --- collections --------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def place_in_collection(
    *, collection_id: int, product_ids: Sequence[int], actor: Actor, now: datetime.datetime
) -> Collection:
    """Put goods behind those that are in it. Raises Missing."""
    collection = _locked_collection(collection_id)
    if Product.objects.filter(pk__in=product_ids).count() != len(set(product_ids)):
        raise Missing(field="products")
    there = set(collection.product_rows.values_list("product", flat=True))
    new = [key for key in dict.fromkeys(product_ids) if key not in there]
    CollectionProduct.objects.bulk_create(
        CollectionProduct(collection=collection, product_id=key, sort_order=place)
        for place, key in enumerate(new, len(there))
    )
    record_change("collection.filled", collection, actor=actor, now=now, data={"products": new})
    return collection


@transaction.atomic(durable=True)
def take_from_collection(
    *, collection_id: int, product_ids: Sequence[int], actor: Actor, now: datetime.datetime
) -> Collection:
    collection = _locked_collection(collection_id)
    collection.product_rows.filter(product__in=product_ids).delete()
    record_change(
        "collection.emptied", collection, actor=actor, now=now, data={"products": list(product_ids)}
    )
    return collection


@transaction.atomic(durable=True)
def show_collection(
    *,
    collection_id: int,
    shown: Sequence[tuple[Channel, Mapping[str, Any]]],
    hidden: Sequence[int],
    actor: Actor,
    now: datetime.datetime,
) -> Collection:
    """In which channels it is, and since when customers see it there. Raises Missing."""
    collection = _locked_collection(collection_id)
    CollectionListing.objects.filter(collection=collection, channel__in=hidden).delete()
    for channel, values in shown:
        CollectionListing.objects.update_or_create(
            collection=collection, channel=channel, defaults=dict(values)
        )
    record_change(
        "collection.shown",
        collection,
        actor=actor,
        now=now,
        data={"channels": [channel.pk for channel, _values in shown], "removed": list(hidden)},
    )
    return collection


def _locked_collection(key: int) -> Collection:
    collection = locked_one(Collection.objects.filter(pk=key))
    if collection is None:
        raise Missing(field="id")
    return collection
