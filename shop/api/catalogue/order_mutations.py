"""Reorder variants, media, collection products, and attributes and their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from catalog.actions.products.sort_order import Move, arrange
from catalog.models import (
    Attribute,
    AttributeScope,
    AttributeValue,
    Collection,
    CollectionProduct,
    Product,
    ProductMedia,
    ProductType,
    ProductTypeAttribute,
    Variant,
)
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.given import CODES, GOODS, KINDS, OWN_GOODS, found, is_theirs
from shop.api.catalogue.shelves import cooperative_of
from shop.api.catalogue.types import attribute, collection, media, product, product_type
from shop.api.context import Context
from shop.api.errors import Mistake
from shop.api.ids import given_key
from shop.api.root_fields import Mutations
from shop.core.errors import Missing

mutation = Mutations(codes=CODES)


def _moves(given: Sequence[Mapping[str, Any]], type_name: str, name: str = "id") -> list[Move]:
    """Convert `[ReorderInput!]` to moves; entries without `sortOrder` do not move."""
    return [
        Move(given_key(each[name], type_name, field="moves"), each.get("sortOrder") or 0) for each in given
    ]


def _manageable_product_key(text: str, context: Context) -> Any:
    key = given_key(text, "Product", field="productId")
    if not is_theirs(product, key, context):
        raise Missing(field="productId")
    return key


@mutation.field(permissions=OWN_GOODS)
def product_variant_reorder(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    key = _manageable_product_key(arguments["productId"], context)
    arrange(
        root=Product.objects.all(),
        root_key=key,
        rows=Variant.objects.filter(product=key).in_order(),
        moves=_moves(arguments["moves"], "ProductVariant"),
        actor=context.actor,
        now=context.now,
    )
    return {"product": found(product, key, context, selection.names("product"))}


@mutation.field(permissions=OWN_GOODS)
def product_media_reorder(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    """Reorder a product's media; the input lists all of them."""
    key = _manageable_product_key(arguments["productId"], context)
    rows = ProductMedia.objects.filter(product=key).order_by("sort_order", "pk")
    before = list(rows.values_list("pk", flat=True))
    wanted = [given_key(each, "ProductMedia", field="mediaIds") for each in arguments["mediaIds"]]
    if sorted(wanted) != sorted(before):
        raise Mistake("INVALID", _("Name all pictures, each once."), field="mediaIds")
    arrange(
        root=Product.objects.all(),
        root_key=key,
        rows=rows,
        moves=[Move(each, len(before)) for each in wanted],
        actor=context.actor,
        now=context.now,
    )
    shown = media.by_key(context, wanted, selection.names("media"))
    return {
        "product": found(product, key, context, selection.names("product")),
        "media": [shown[each] for each in wanted if each in shown],
    }


@mutation.field(permissions=GOODS)
def collection_reorder_products(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    key = given_key(arguments["collectionId"], "Collection", field="collectionId")
    if cooperative_of(key) is not None:
        raise Mistake(
            "INVALID", _("A cooperative's own shelf follows the cooperative."), field="collectionId"
        )
    arrange(
        root=Collection.objects.all(),
        root_key=key,
        rows=CollectionProduct.objects.filter(collection=key).order_by("sort_order", "pk"),
        moves=_moves(arguments["moves"], "Product", "productId"),
        by="product_id",
        actor=context.actor,
        now=context.now,
    )
    return {"collection": found(collection, key, context, selection.names("collection"))}


@mutation.field(permissions=KINDS)
def product_type_reorder_attributes(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    key = given_key(arguments["productTypeId"], "ProductType", field="productTypeId")
    rows = ProductTypeAttribute.objects.filter(
        product_type=key, scope=AttributeScope(arguments["type"].lower())
    )
    arrange(
        root=ProductType.objects.all(),
        root_key=key,
        rows=rows.order_by("sort_order", "pk"),
        moves=_moves(arguments["moves"], "Attribute"),
        by="attribute_id",
        actor=context.actor,
        now=context.now,
    )
    return {"productType": found(product_type, key, context, selection.names("productType"))}


@mutation.field(permissions=[Permission.MANAGE_PRODUCT_TYPES, Permission.MANAGE_PAGE_TYPES])
def attribute_reorder_values(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    key = given_key(arguments["attributeId"], "Attribute", field="attributeId")
    arrange(
        root=Attribute.objects.all(),
        root_key=key,
        rows=AttributeValue.objects.filter(attribute=key).order_by("sort_order", "pk"),
        moves=_moves(arguments["moves"], "AttributeValue"),
        actor=context.actor,
        now=context.now,
    )
    return {"attribute": found(attribute, key, context, selection.names("attribute"))}


TYPES = (mutation,)
