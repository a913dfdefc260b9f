"""Reorder variants, media, collection products, attributes and their values, and warehouses of a channel."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalog.actions.products.sort_order import RowMove, reorder_rows
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
from cooperatives.models import WarehouseChannel
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import channel_object
from shop.api.breadth import Selection
from shop.api.catalogue.collection_rows import cooperative_from_key
from shop.api.catalogue.input_values import (
    CODES,
    OWN_PRODUCT_PERMISSIONS,
    PRODUCT_PERMISSIONS,
    PRODUCT_TYPE_PERMISSIONS,
    may_manage_row,
    row_moves,
    staff_row,
)
from shop.api.catalogue.inputs import (
    AttributeReorderValuesArguments,
    ChannelReorderWarehousesArguments,
    CollectionReorderProductsArguments,
    ProductMediaReorderArguments,
    ProductTypeReorderAttributesArguments,
    ProductVariantReorderArguments,
)
from shop.api.catalogue.types import (
    attribute_object,
    collection_object,
    media_object,
    product_object,
    product_type_object,
)
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key
from shop.api.root_fields import Mutations
from shop.core.errors import Missing
from shop.core.models import Channel

mutation = Mutations(codes=CODES)


def _find_manageable_product_key(text: str, context: Context) -> int:
    key = input_key(text, "Product", field="productId")
    if not may_manage_row(product_object, key, context):
        raise Missing(field="productId")
    return key


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_variant_reorder(
    arguments: ProductVariantReorderArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = _find_manageable_product_key(arguments["productId"], context)
    reorder_rows(
        root=Product.objects.all(),
        root_key=key,
        rows=Variant.objects.filter(product=key).in_order(),
        moves=row_moves(arguments["moves"], "ProductVariant"),
        actor=context.actor,
        now=context.now,
    )
    return {"product": staff_row(product_object, key, context, selection.names("product"))}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_media_reorder(
    arguments: ProductMediaReorderArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Reorder a product's media. The input lists all of them."""
    product_key = _find_manageable_product_key(arguments["productId"], context)
    rows = ProductMedia.objects.filter(product=product_key).order_by("sort_order", "pk")
    current_keys = list(rows.values_list("pk", flat=True))
    requested = [input_key(media_id, "ProductMedia", field="mediaIds") for media_id in arguments["mediaIds"]]
    if sorted(requested) != sorted(current_keys):
        raise InputError("INVALID", _("List every picture exactly once."), field="mediaIds")
    reorder_rows(
        root=Product.objects.all(),
        root_key=product_key,
        rows=rows,
        moves=[RowMove(media_key, len(current_keys)) for media_key in requested],
        actor=context.actor,
        now=context.now,
    )
    rows_by_key = media_object.by_key(context, requested, selection.names("media"))
    return {
        "product": staff_row(product_object, product_key, context, selection.names("product")),
        "media": [rows_by_key[media_key] for media_key in requested if media_key in rows_by_key],
    }


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def collection_reorder_products(
    arguments: CollectionReorderProductsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    collection_key = input_key(arguments["collectionId"], "Collection", field="collectionId")
    if cooperative_from_key(collection_key) is not None:
        raise InputError(
            "INVALID",
            _("A cooperative's own collection can only be changed through the cooperative."),
            field="collectionId",
        )
    reorder_rows(
        root=Collection.objects.all(),
        root_key=collection_key,
        rows=CollectionProduct.objects.filter(collection=collection_key).order_by("sort_order", "pk"),
        moves=row_moves(arguments["moves"], "Product", "productId"),
        key_field="product_id",
        actor=context.actor,
        now=context.now,
    )
    return {
        "collection": staff_row(collection_object, collection_key, context, selection.names("collection"))
    }


@mutation.field(permissions=PRODUCT_TYPE_PERMISSIONS)
def product_type_reorder_attributes(
    arguments: ProductTypeReorderAttributesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["productTypeId"], "ProductType", field="productTypeId")
    rows = ProductTypeAttribute.objects.filter(
        product_type=key, scope=AttributeScope(arguments["type"].lower())
    )
    reorder_rows(
        root=ProductType.objects.all(),
        root_key=key,
        rows=rows.order_by("sort_order", "pk"),
        moves=row_moves(arguments["moves"], "Attribute"),
        key_field="attribute_id",
        actor=context.actor,
        now=context.now,
    )
    return {"productType": staff_row(product_type_object, key, context, selection.names("productType"))}


@mutation.field(permissions=[Permission.MANAGE_PRODUCT_TYPES, Permission.MANAGE_PAGE_TYPES])
def attribute_reorder_values(
    arguments: AttributeReorderValuesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["attributeId"], "Attribute", field="attributeId")
    reorder_rows(
        root=Attribute.objects.all(),
        root_key=key,
        rows=AttributeValue.objects.filter(attribute=key).order_by("sort_order", "pk"),
        moves=row_moves(arguments["moves"], "AttributeValue"),
        actor=context.actor,
        now=context.now,
    )
    return {"attribute": staff_row(attribute_object, key, context, selection.names("attribute"))}


@mutation.field(permissions=[Permission.MANAGE_CHANNELS])
def channel_reorder_warehouses(
    arguments: ChannelReorderWarehousesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["channelId"], "Channel", field="channelId")
    rows = WarehouseChannel.objects.filter(channel=key)
    reorder_rows(
        root=Channel.objects.all(),
        root_key=key,
        rows=rows.order_by("sort_order", "warehouse__created_at", "warehouse"),
        moves=row_moves(arguments["moves"], "Warehouse"),
        key_field="warehouse_id",
        actor=context.actor,
        now=context.now,
    )
    return {"channel": staff_row(channel_object, key, context, selection.names("channel"))}


TYPES = (mutation,)
