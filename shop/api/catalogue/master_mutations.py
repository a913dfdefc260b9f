"""Create, change and delete categories, collections, product types and attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from catalog.actions.taxonomy import product_types, taxonomy
from catalog.models import Attribute, AttributeScope, AttributeValue, Category, Collection, ProductType
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.given import (
    CODES,
    MANAGES_PRODUCT_TYPES,
    MANAGES_PRODUCTS,
    channel_from_id,
    columns,
    described_columns,
    foreign_key_column,
    key_from_arguments,
    keys,
    picture_column,
    publication_from_input,
    required_text,
    staff_row,
    weight_column,
)
from shop.api.catalogue.inputs import (
    AttributeCreateArguments,
    AttributeDeleteArguments,
    AttributeUpdateArguments,
    AttributeValueCreateArguments,
    AttributeValueCreateInput,
    AttributeValueDeleteArguments,
    AttributeValueUpdateInput,
    CategoryCreateArguments,
    CategoryDeleteArguments,
    CategoryUpdateArguments,
    CollectionAddProductsArguments,
    CollectionChannelListingUpdateArguments,
    CollectionCreateArguments,
    CollectionDeleteArguments,
    CollectionRemoveProductsArguments,
    CollectionUpdateArguments,
    ProductAttributeAssignArguments,
    ProductAttributeUnassignArguments,
    ProductTypeCreateArguments,
    ProductTypeDeleteArguments,
    ProductTypeInput,
    ProductTypeUpdateArguments,
)
from shop.api.catalogue.shelves import cooperative_from_key
from shop.api.catalogue.types import attribute, attribute_value, category, collection, product_type
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key
from shop.api.root_fields import Mutations
from shop.core.errors import Missing

mutation = Mutations(codes=CODES)
_ATTRIBUTES = (Permission.MANAGE_PRODUCT_TYPES, Permission.MANAGE_PAGE_TYPES)
_FLAGS = {
    "valueRequired": "value_required",
    "visibleInStorefront": "visible_in_storefront",
    "filterableInStorefront": "filterable_in_storefront",
    "filterableInDashboard": "filterable_in_dashboard",
    "availableInGrid": "available_in_grid",
    "storefrontSearchPosition": "storefront_search_position",
    "externalReference": "external_reference",
    "unit": "unit",
}


def _require_row(model: type[Category] | type[Collection], key: int) -> None:
    """Raise Missing if the row does not exist, before an uploaded picture is processed."""
    if not model.objects.filter(pk=key).exists():
        raise Missing(field="id")


# --- categories ---------------------------------------------------------------------------------------


@mutation.field(permissions=MANAGES_PRODUCTS)
def category_create(
    arguments: CategoryCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given, parent = arguments["input"], arguments.get("parent")
    values = described_columns(given, context) | picture_column(given, "picture_id")
    made = taxonomy.create_category(
        parent_id=int(input_key(parent, "Category", field="parent")) if parent else None,
        name=required_text(given, "name"),
        slug=given.get("slug"),
        values={column: value for column, value in values.items() if column not in ("name", "slug")},
        **context.actor_and_time,
    )
    return {"category": staff_row(category, made.pk, context, selection.names("category"))}


@mutation.field(permissions=MANAGES_PRODUCTS)
def category_update(
    arguments: CategoryUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given = arguments["input"]
    key = int(input_key(arguments["id"], "Category", field="id"))
    _require_row(Category, key)
    changed = taxonomy.update_category(
        category_id=key,
        values=described_columns(given, context) | picture_column(given, "picture_id"),
        **context.actor_and_time,
    )
    return {"category": staff_row(category, changed.pk, context, selection.names("category"))}


@mutation.field(permissions=MANAGES_PRODUCTS)
def category_delete(
    arguments: CategoryDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["id"], "Category", field="id"))
    gone = staff_row(category, key, context, selection.names("category"))
    taxonomy.delete_record(Category, key, **context.actor_and_time)
    return {"category": gone}


# --- collections --------------------------------------------------------------------------------------


def _collection_key(text: str, field: str = "id") -> int:
    """Return a collection's key. Raises InputError for a cooperative's computed collection."""
    key = int(input_key(text, "Collection", field=field))
    if cooperative_from_key(key) is not None:
        raise InputError("INVALID", _("A cooperative's own shelf follows the cooperative."), field=field)
    return key


@mutation.field(permissions=MANAGES_PRODUCTS)
def collection_create(
    arguments: CollectionCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given = arguments["input"]
    required_text(given, "name")
    made = taxonomy.create_collection(
        values=described_columns(given, context) | picture_column(given, "cover_id"),
        product_ids=keys(given.get("products"), "Product", "products"),
        **context.actor_and_time,
    )
    return {"collection": staff_row(collection, made.pk, context, selection.names("collection"))}


@mutation.field(permissions=MANAGES_PRODUCTS)
def collection_update(
    arguments: CollectionUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given, key = arguments["input"], _collection_key(arguments["id"])
    _require_row(Collection, key)
    changed = taxonomy.update_record(
        Collection,
        key,
        values=described_columns(given, context) | picture_column(given, "cover_id"),
        **context.actor_and_time,
    )
    return {"collection": staff_row(collection, changed.pk, context, selection.names("collection"))}


@mutation.field(permissions=MANAGES_PRODUCTS)
def collection_delete(
    arguments: CollectionDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _collection_key(arguments["id"])
    gone = staff_row(collection, key, context, selection.names("collection"))
    taxonomy.delete_record(Collection, key, **context.actor_and_time)
    return {"collection": gone}


@mutation.field(permissions=MANAGES_PRODUCTS)
def collection_add_products(
    arguments: CollectionAddProductsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    changed = taxonomy.add_to_collection(
        collection_id=_collection_key(arguments["collectionId"], "collectionId"),
        product_ids=keys(arguments["products"], "Product", "products"),
        **context.actor_and_time,
    )
    return {"collection": staff_row(collection, changed.pk, context, selection.names("collection"))}


@mutation.field(permissions=MANAGES_PRODUCTS)
def collection_remove_products(
    arguments: CollectionRemoveProductsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    changed = taxonomy.remove_from_collection(
        collection_id=_collection_key(arguments["collectionId"], "collectionId"),
        product_ids=keys(arguments["products"], "Product", "products"),
        **context.actor_and_time,
    )
    return {"collection": staff_row(collection, changed.pk, context, selection.names("collection"))}


@mutation.field(permissions=MANAGES_PRODUCTS)
def collection_channel_listing_update(
    arguments: CollectionChannelListingUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given = arguments["input"]
    shown = [
        (
            channel_from_id(each["channelId"], context),
            columns(each, isPublished="is_published") | publication_from_input(each),
        )
        for each in given.get("addChannels") or ()
    ]
    changed = taxonomy.set_collection_channels(
        collection_id=_collection_key(arguments["id"]),
        shown=shown,
        hidden=keys(given.get("removeChannels"), "Channel", "removeChannels"),
        **context.actor_and_time,
    )
    return {"collection": staff_row(collection, changed.pk, context, selection.names("collection"))}


# --- product types ------------------------------------------------------------------------------------


def _product_type_columns(given: ProductTypeInput, context: Context) -> dict[str, object]:
    values = described_columns(given, context)
    values |= columns(
        given, kind="kind", hasVariants="has_variants", isShippingRequired="is_shipping_required"
    )
    return (
        values
        | foreign_key_column(given, "taxClass", "TaxClass", "tax_class_id")
        | weight_column(given, context)
    )


def _attribute_assignments(given: Mapping[str, Any]) -> list[tuple[int, AttributeScope, bool]]:
    lists = (("productAttributes", AttributeScope.PRODUCT), ("variantAttributes", AttributeScope.VARIANT))
    return [
        (key, scope, scope == AttributeScope.VARIANT)
        for name, scope in lists
        for key in keys(given.get(name), "Attribute", name)
    ]


@mutation.field(permissions=MANAGES_PRODUCT_TYPES)
def product_type_create(
    arguments: ProductTypeCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given = arguments["input"]
    required_text(given, "name")
    made = product_types.create_product_type(
        values=_product_type_columns(given, context),
        requested=_attribute_assignments(given),
        **context.actor_and_time,
    )
    return {"productType": staff_row(product_type, made.pk, context, selection.names("productType"))}


@mutation.field(permissions=MANAGES_PRODUCT_TYPES)
def product_type_update(
    arguments: ProductTypeUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given = arguments["input"]
    key = int(input_key(arguments["id"], "ProductType", field="id"))
    product_types.update_product_type(
        key,
        values=_product_type_columns(given, context),
        requested=_attribute_assignments(given),
        **context.actor_and_time,
    )
    return {"productType": staff_row(product_type, key, context, selection.names("productType"))}


@mutation.field(permissions=MANAGES_PRODUCT_TYPES)
def product_type_delete(
    arguments: ProductTypeDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["id"], "ProductType", field="id"))
    gone = staff_row(product_type, key, context, selection.names("productType"))
    taxonomy.delete_record(ProductType, key, **context.actor_and_time)
    return {"productType": gone}


@mutation.field(permissions=MANAGES_PRODUCT_TYPES)
def product_attribute_assign(
    arguments: ProductAttributeAssignArguments, context: Context, selection: Selection
) -> dict[str, object]:
    requested = [
        (
            int(input_key(each["id"], "Attribute", field="operations")),
            AttributeScope(each["type"].lower()),
            bool(each.get("variantSelection")),
        )
        for each in arguments["operations"]
    ]
    key = int(input_key(arguments["productTypeId"], "ProductType", field="productTypeId"))
    product_types.assign_attributes(product_type_id=key, requested=requested, **context.actor_and_time)
    return {"productType": staff_row(product_type, key, context, selection.names("productType"))}


@mutation.field(permissions=MANAGES_PRODUCT_TYPES)
def product_attribute_unassign(
    arguments: ProductAttributeUnassignArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["productTypeId"], "ProductType", field="productTypeId"))
    taken = keys(arguments["attributeIds"], "Attribute", "attributeIds")
    product_types.unassign_attributes(product_type_id=key, keys=taken, **context.actor_and_time)
    return {"productType": staff_row(product_type, key, context, selection.names("productType"))}


# --- attributes ---------------------------------------------------------------------------------------


@mutation.field(permissions=_ATTRIBUTES)
def attribute_create(
    arguments: AttributeCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given = arguments["input"]
    required_text(given, "name")
    values = described_columns(given, context, **_FLAGS)
    values |= columns(given, inputType="input_type", entityType="entity_type", type="kind")
    listed = [(required_text(each, "name"), _choice_columns(each)) for each in given.get("values") or ()]
    made = product_types.create_attribute(values=values, listed=listed, **context.actor_and_time)
    return {"attribute": staff_row(attribute, made.pk, context, selection.names("attribute"))}


@mutation.field(permissions=_ATTRIBUTES)
def attribute_update(
    arguments: AttributeUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given = arguments["input"]
    key = int(key_from_arguments(arguments, attribute, context, is_anybodys=True))
    values = described_columns(given, context, **_FLAGS)
    taken = keys(given.get("removeValues"), "AttributeValue", "removeValues")
    listed = [(required_text(each, "name"), _choice_columns(each)) for each in given.get("addValues") or ()]
    product_types.update_attribute(key, values=values, listed=listed, struck=taken, **context.actor_and_time)
    return {"attribute": staff_row(attribute, key, context, selection.names("attribute"))}


@mutation.field(permissions=_ATTRIBUTES)
def attribute_delete(
    arguments: AttributeDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(key_from_arguments(arguments, attribute, context, is_anybodys=True))
    gone = staff_row(attribute, key, context, selection.names("attribute"))
    if gone is None:
        raise Missing(field="id")
    taxonomy.delete_record(Attribute, key, **context.actor_and_time)
    return {"attribute": gone}


@mutation.field(permissions=[*_ATTRIBUTES, Permission.MANAGE_PRODUCTS])
def attribute_value_create(
    arguments: AttributeValueCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    given = arguments["input"]
    key = int(input_key(arguments["attribute"], "Attribute", field="attribute"))
    made = product_types.add_attribute_value(
        attribute_id=key,
        name=required_text(given, "name"),
        columns=_choice_columns(given),
        **context.actor_and_time,
    )
    return {
        "attribute": staff_row(attribute, key, context, selection.names("attribute")),
        "attributeValue": staff_row(attribute_value, made.pk, context, selection.names("attributeValue")),
    }


@mutation.field(permissions=_ATTRIBUTES)
def attribute_value_delete(
    arguments: AttributeValueDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(key_from_arguments(arguments, attribute_value, context, is_anybodys=True))
    gone = staff_row(attribute_value, key, context, selection.names("attributeValue"))
    of = AttributeValue.objects.filter(pk=key).values_list("attribute", flat=True).first()
    if gone is None or of is None:
        raise Missing(field="id")
    product_types.update_attribute(of, values={}, listed=[], struck=[key], **context.actor_and_time)
    return {
        "attribute": staff_row(attribute, of, context, selection.names("attribute")),
        "attributeValue": gone,
    }


def _choice_columns(given: AttributeValueCreateInput | AttributeValueUpdateInput) -> dict[str, object]:
    """Return the columns of a choice besides its name."""
    return columns(
        given,
        value="value",
        fileUrl="file_url",
        contentType="content_type",
        externalReference="external_reference",
    )


mutation.deletes_many("categoryBulkDelete", category_delete, permissions=MANAGES_PRODUCTS)
mutation.deletes_many("collectionBulkDelete", collection_delete, permissions=MANAGES_PRODUCTS)
mutation.deletes_many("productTypeBulkDelete", product_type_delete, permissions=MANAGES_PRODUCT_TYPES)
mutation.deletes_many("attributeBulkDelete", attribute_delete, permissions=_ATTRIBUTES)
mutation.deletes_many("attributeValueBulkDelete", attribute_value_delete, permissions=_ATTRIBUTES)

TYPES = (mutation,)
