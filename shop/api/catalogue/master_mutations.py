"""Create, change and delete categories, collections, product types and attributes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from catalog.actions.taxonomy import product_types, taxonomy
from catalog.models import Attribute, AttributeScope, AttributeValue, Category, Collection, ProductType
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.given import (
    CODES,
    GOODS,
    KINDS,
    channel_given,
    columns,
    described,
    found,
    grams,
    keys,
    link,
    named_key,
    picture,
    published,
    required,
)
from shop.api.catalogue.shelves import cooperative_of
from shop.api.catalogue.types import attribute, attribute_value, category, collection, product_type
from shop.api.context import Context
from shop.api.errors import Mistake
from shop.api.ids import given_key
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


def _actor_and_time(context: Context) -> dict[str, Any]:
    return {"actor": context.actor, "now": context.now}


def _require_row(model: type[Category] | type[Collection], key: int) -> None:
    """Raise Missing if the row does not exist, before an uploaded picture is processed."""
    if not model.objects.filter(pk=key).exists():
        raise Missing(field="id")


# --- categories ---------------------------------------------------------------------------------------


@mutation.field(permissions=GOODS)
def category_create(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given, parent = arguments["input"], arguments.get("parent")
    required(given, "name")
    made = taxonomy.put_up_category(
        parent_id=int(given_key(parent, "Category", field="parent")) if parent else None,
        values=described(given, context) | picture(given, "picture_id"),
        **_actor_and_time(context),
    )
    return {"category": found(category, made.pk, context, selection.names("category"))}


@mutation.field(permissions=GOODS)
def category_update(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    key = int(given_key(arguments["id"], "Category", field="id"))
    _require_row(Category, key)
    changed = taxonomy.describe_category(
        category_id=key,
        values=described(given, context) | picture(given, "picture_id"),
        **_actor_and_time(context),
    )
    return {"category": found(category, changed.pk, context, selection.names("category"))}


@mutation.field(permissions=GOODS)
def category_delete(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    key = int(given_key(arguments["id"], "Category", field="id"))
    gone = found(category, key, context, selection.names("category"))
    taxonomy.take_down_category(category_id=key, **_actor_and_time(context))
    return {"category": gone}


# --- collections --------------------------------------------------------------------------------------


def _collection_key(text: str, field: str = "id") -> int:
    """Return a collection's key. Raises Mistake for a cooperative's computed collection."""
    key = int(given_key(text, "Collection", field=field))
    if cooperative_of(key) is not None:
        raise Mistake("INVALID", _("A cooperative's own shelf follows the cooperative."), field=field)
    return key


@mutation.field(permissions=GOODS)
def collection_create(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    required(given, "name")
    made = taxonomy.create_collection(
        values=described(given, context) | picture(given, "cover_id"),
        product_ids=keys(given.get("products"), "Product", "products"),
        **_actor_and_time(context),
    )
    return {"collection": found(collection, made.pk, context, selection.names("collection"))}


@mutation.field(permissions=GOODS)
def collection_update(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given, key = arguments["input"], _collection_key(arguments["id"])
    _require_row(Collection, key)
    changed = taxonomy.change_master(
        Collection,
        key,
        values=described(given, context) | picture(given, "cover_id"),
        **_actor_and_time(context),
    )
    return {"collection": found(collection, changed.pk, context, selection.names("collection"))}


@mutation.field(permissions=GOODS)
def collection_delete(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    key = _collection_key(arguments["id"])
    gone = found(collection, key, context, selection.names("collection"))
    taxonomy.remove_master(Collection, key, **_actor_and_time(context))
    return {"collection": gone}


@mutation.field(permissions=GOODS)
def collection_add_products(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    changed = taxonomy.place_in_collection(
        collection_id=_collection_key(arguments["collectionId"], "collectionId"),
        product_ids=keys(arguments["products"], "Product", "products"),
        **_actor_and_time(context),
    )
    return {"collection": found(collection, changed.pk, context, selection.names("collection"))}


@mutation.field(permissions=GOODS)
def collection_remove_products(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    changed = taxonomy.take_from_collection(
        collection_id=_collection_key(arguments["collectionId"], "collectionId"),
        product_ids=keys(arguments["products"], "Product", "products"),
        **_actor_and_time(context),
    )
    return {"collection": found(collection, changed.pk, context, selection.names("collection"))}


@mutation.field(permissions=GOODS)
def collection_channel_listing_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    given = arguments["input"]
    shown = [
        (
            channel_given(each["channelId"], context),
            columns(each, isPublished="is_published") | published(each),
        )
        for each in given.get("addChannels") or ()
    ]
    changed = taxonomy.show_collection(
        collection_id=_collection_key(arguments["id"]),
        shown=shown,
        hidden=keys(given.get("removeChannels"), "Channel", "removeChannels"),
        **_actor_and_time(context),
    )
    return {"collection": found(collection, changed.pk, context, selection.names("collection"))}


# --- product types ------------------------------------------------------------------------------------


def _product_type_columns(given: dict[str, Any], context: Context) -> dict[str, Any]:
    values = described(given, context)
    values |= columns(
        given, kind="kind", hasVariants="has_variants", isShippingRequired="is_shipping_required"
    )
    return values | link(given, "taxClass", "TaxClass", "tax_class_id") | grams(given, context)


def _attribute_assignments(given: dict[str, Any]) -> list[tuple[int, AttributeScope, bool]]:
    lists = (("productAttributes", AttributeScope.PRODUCT), ("variantAttributes", AttributeScope.VARIANT))
    return [
        (key, scope, scope == AttributeScope.VARIANT)
        for name, scope in lists
        for key in keys(given.get(name), "Attribute", name)
    ]


@mutation.field(permissions=KINDS)
def product_type_create(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    required(given, "name")
    made = product_types.create_kind(
        values=_product_type_columns(given, context),
        wanted=_attribute_assignments(given),
        **_actor_and_time(context),
    )
    return {"productType": found(product_type, made.pk, context, selection.names("productType"))}


@mutation.field(permissions=KINDS)
def product_type_update(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    key = int(given_key(arguments["id"], "ProductType", field="id"))
    product_types.change_kind(
        key,
        values=_product_type_columns(given, context),
        wanted=_attribute_assignments(given),
        **_actor_and_time(context),
    )
    return {"productType": found(product_type, key, context, selection.names("productType"))}


@mutation.field(permissions=KINDS)
def product_type_delete(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    key = int(given_key(arguments["id"], "ProductType", field="id"))
    gone = found(product_type, key, context, selection.names("productType"))
    taxonomy.remove_master(ProductType, key, **_actor_and_time(context))
    return {"productType": gone}


@mutation.field(permissions=KINDS)
def product_attribute_assign(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    wanted = [
        (
            int(given_key(each["id"], "Attribute", field="operations")),
            AttributeScope(each["type"].lower()),
            bool(each.get("variantSelection")),
        )
        for each in arguments["operations"]
    ]
    key = int(given_key(arguments["productTypeId"], "ProductType", field="productTypeId"))
    product_types.assign_attributes(product_type_id=key, wanted=wanted, **_actor_and_time(context))
    return {"productType": found(product_type, key, context, selection.names("productType"))}


@mutation.field(permissions=KINDS)
def product_attribute_unassign(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    key = int(given_key(arguments["productTypeId"], "ProductType", field="productTypeId"))
    taken = keys(arguments["attributeIds"], "Attribute", "attributeIds")
    product_types.unassign_attributes(product_type_id=key, keys=taken, **_actor_and_time(context))
    return {"productType": found(product_type, key, context, selection.names("productType"))}


# --- attributes ---------------------------------------------------------------------------------------


@mutation.field(permissions=_ATTRIBUTES)
def attribute_create(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    required(given, "name")
    values = described(given, context, **_FLAGS)
    values |= columns(given, inputType="input_type", entityType="entity_type", type="kind")
    listed = [(required(each, "name"), _choice_columns(each)) for each in given.get("values") or ()]
    made = product_types.create_attribute(values=values, listed=listed, **_actor_and_time(context))
    return {"attribute": found(attribute, made.pk, context, selection.names("attribute"))}


@mutation.field(permissions=_ATTRIBUTES)
def attribute_update(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    key = int(named_key(arguments, attribute, context, is_anybodys=True))
    values = described(given, context, **_FLAGS)
    taken = keys(given.get("removeValues"), "AttributeValue", "removeValues")
    listed = [(required(each, "name"), _choice_columns(each)) for each in given.get("addValues") or ()]
    product_types.change_attribute(
        key, values=values, listed=listed, struck=taken, **_actor_and_time(context)
    )
    return {"attribute": found(attribute, key, context, selection.names("attribute"))}


@mutation.field(permissions=_ATTRIBUTES)
def attribute_delete(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    key = int(named_key(arguments, attribute, context, is_anybodys=True))
    gone = found(attribute, key, context, selection.names("attribute"))
    if gone is None:
        raise Missing(field="id")
    taxonomy.remove_master(Attribute, key, **_actor_and_time(context))
    return {"attribute": gone}


@mutation.field(permissions=[*_ATTRIBUTES, Permission.MANAGE_PRODUCTS])
def attribute_value_create(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    given = arguments["input"]
    key = int(given_key(arguments["attribute"], "Attribute", field="attribute"))
    made = product_types.list_value(
        attribute_id=key,
        name=required(given, "name"),
        columns=_choice_columns(given),
        **_actor_and_time(context),
    )
    return {
        "attribute": found(attribute, key, context, selection.names("attribute")),
        "attributeValue": found(attribute_value, made.pk, context, selection.names("attributeValue")),
    }


@mutation.field(permissions=_ATTRIBUTES)
def attribute_value_delete(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    key = named_key(arguments, attribute_value, context, is_anybodys=True)
    gone = found(attribute_value, key, context, selection.names("attributeValue"))
    of = AttributeValue.objects.filter(pk=key).values_list("attribute", flat=True).first()
    if gone is None or of is None:
        raise Missing(field="id")
    product_types.change_attribute(of, values={}, listed=[], struck=[key], **_actor_and_time(context))
    return {
        "attribute": found(attribute, of, context, selection.names("attribute")),
        "attributeValue": gone,
    }


def _choice_columns(given: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a choice besides its name."""
    return columns(
        given,
        value="value",
        fileUrl="file_url",
        contentType="content_type",
        externalReference="external_reference",
    )


mutation.deletes_many("categoryBulkDelete", category_delete, permissions=GOODS)
mutation.deletes_many("collectionBulkDelete", collection_delete, permissions=GOODS)
mutation.deletes_many("productTypeBulkDelete", product_type_delete, permissions=KINDS)
mutation.deletes_many("attributeBulkDelete", attribute_delete, permissions=_ATTRIBUTES)
mutation.deletes_many("attributeValueBulkDelete", attribute_value_delete, permissions=_ATTRIBUTES)

TYPES = (mutation,)
