"""Create, change and delete categories and collections."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalog.actions.taxonomy import categories, collections, taxonomy_rows
from catalog.models import Category, Collection
from shop.api.breadth import Selection
from shop.api.catalogue.collection_rows import cooperative_from_key
from shop.api.catalogue.input_values import (
    CODES,
    PRODUCT_PERMISSIONS,
    channel_from_id,
    columns,
    common_columns,
    publication_from_input,
    required_text,
    staff_row,
    store_picture_column,
)
from shop.api.catalogue.inputs import (
    CategoryCreateArguments,
    CategoryDeleteArguments,
    CategoryUpdateArguments,
    CollectionAddProductsArguments,
    CollectionChannelListingUpdateArguments,
    CollectionCreateArguments,
    CollectionDeleteArguments,
    CollectionRemoveProductsArguments,
    CollectionUpdateArguments,
)
from shop.api.catalogue.types import category_object, collection_object
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key, input_keys
from shop.api.root_fields import Mutations
from shop.core.errors import Missing

mutation = Mutations(codes=CODES)


def _require_row(model: type[Category] | type[Collection], key: int) -> None:
    """Raise Missing if the row does not exist, before an uploaded picture is processed."""
    if not model.objects.filter(pk=key).exists():
        raise Missing(field="id")


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def category_create(
    arguments: CategoryCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data, parent = arguments["input"], arguments.get("parent")
    values = common_columns(input_data, context) | store_picture_column(input_data, "picture_id")
    category = categories.create_category(
        parent_id=int(input_key(parent, "Category", field="parent")) if parent else None,
        name=required_text(input_data, "name"),
        slug=input_data.get("slug"),
        values={column: value for column, value in values.items() if column not in ("name", "slug")},
        **context.actor_and_time,
    )
    return {"category": staff_row(category_object, category.pk, context, selection.names("category"))}


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def category_update(
    arguments: CategoryUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    key = int(input_key(arguments["id"], "Category", field="id"))
    _require_row(Category, key)
    changed = categories.update_category(
        category_id=key,
        values=common_columns(input_data, context) | store_picture_column(input_data, "picture_id"),
        **context.actor_and_time,
    )
    return {"category": staff_row(category_object, changed.pk, context, selection.names("category"))}


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def category_delete(
    arguments: CategoryDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["id"], "Category", field="id"))
    deleted = staff_row(category_object, key, context, selection.names("category"))
    taxonomy_rows.delete_taxonomy_row(Category, key, **context.actor_and_time)
    return {"category": deleted}


def _collection_key(text: str, field: str = "id") -> int:
    """Return a collection's key. Raises InputError for a cooperative's computed collection."""
    key = int(input_key(text, "Collection", field=field))
    if cooperative_from_key(key) is not None:
        raise InputError(
            "INVALID",
            _("A cooperative's own collection can only be changed through the cooperative."),
            field=field,
        )
    return key


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def collection_create(
    arguments: CollectionCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    required_text(input_data, "name")
    collection = collections.create_collection(
        values=common_columns(input_data, context) | store_picture_column(input_data, "cover_id"),
        product_ids=input_keys(input_data.get("products"), "Product", field="products"),
        **context.actor_and_time,
    )
    return _build_collection_payload(collection.pk, context, selection)


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def collection_update(
    arguments: CollectionUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data, key = arguments["input"], _collection_key(arguments["id"])
    _require_row(Collection, key)
    changed = taxonomy_rows.update_taxonomy_row(
        Collection,
        key,
        values=common_columns(input_data, context) | store_picture_column(input_data, "cover_id"),
        **context.actor_and_time,
    )
    return _build_collection_payload(changed.pk, context, selection)


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def collection_delete(
    arguments: CollectionDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _collection_key(arguments["id"])
    deleted = staff_row(collection_object, key, context, selection.names("collection"))
    taxonomy_rows.delete_taxonomy_row(Collection, key, **context.actor_and_time)
    return {"collection": deleted}


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def collection_add_products(
    arguments: CollectionAddProductsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    changed = collections.add_to_collection(
        collection_id=_collection_key(arguments["collectionId"], "collectionId"),
        product_ids=input_keys(arguments["products"], "Product", field="products"),
        **context.actor_and_time,
    )
    return _build_collection_payload(changed.pk, context, selection)


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def collection_remove_products(
    arguments: CollectionRemoveProductsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    changed = collections.remove_from_collection(
        collection_id=_collection_key(arguments["collectionId"], "collectionId"),
        product_ids=input_keys(arguments["products"], "Product", field="products"),
        **context.actor_and_time,
    )
    return _build_collection_payload(changed.pk, context, selection)


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def collection_channel_listing_update(
    arguments: CollectionChannelListingUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    updates = [
        (
            channel_from_id(channel["channelId"], context),
            columns(channel, isPublished="is_published") | publication_from_input(channel),
        )
        for channel in input_data.get("addChannels") or ()
    ]
    changed = collections.set_collection_channels(
        collection_id=_collection_key(arguments["id"]),
        channel_listings=updates,
        removed_from=input_keys(input_data.get("removeChannels"), "Channel", field="removeChannels"),
        **context.actor_and_time,
    )
    return _build_collection_payload(changed.pk, context, selection)


def _build_collection_payload(key: int, context: Context, selection: Selection) -> dict[str, object]:
    return {"collection": staff_row(collection_object, key, context, selection.names("collection"))}


mutation.add_bulk_deletion("categoryBulkDelete", category_delete, permissions=PRODUCT_PERMISSIONS)
mutation.add_bulk_deletion("collectionBulkDelete", collection_delete, permissions=PRODUCT_PERMISSIONS)

TYPES = (mutation,)
