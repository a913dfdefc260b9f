"""Create, change and publish products."""

from __future__ import annotations

from django.utils.translation import gettext as _

from catalog.actions.listings.channel_listings import ListingChange, set_channel_listings
from catalog.actions.products.delete_products import delete_product
from catalog.actions.products.product_pictures import add_picture, describe_picture, remove_picture
from catalog.actions.products.save_products import create_product, update_product
from catalog.models import CollectionProduct, Product, ProductMedia
from shop.api.breadth import Selection
from shop.api.catalogue.input_values import (
    CODES,
    OWN_PRODUCT_PERMISSIONS,
    PRODUCT_PERMISSIONS,
    attribute_values_from_input,
    channel_from_id,
    columns,
    common_columns,
    find_key,
    find_owner_from_input,
    foreign_key_column,
    may_manage_row,
    publication_from_input,
    required_text,
    staff_row,
    weight_column,
)
from shop.api.catalogue.inputs import (
    ProductChannelListingUpdateArguments,
    ProductCreateArguments,
    ProductCreateInput,
    ProductDeleteArguments,
    ProductInput,
    ProductMediaCreateArguments,
    ProductMediaDeleteArguments,
    ProductMediaUpdateArguments,
    ProductUpdateArguments,
)
from shop.api.catalogue.types import media_object, product_object
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key, input_keys
from shop.api.root_fields import Mutations
from shop.core.dates.calendar import start_of_day
from shop.core.errors import Missing
from shop.core.images.renditions import store_picture

mutation = Mutations(codes=CODES)


def _values(input_data: ProductCreateInput | ProductInput, context: Context) -> dict[str, object]:
    values = common_columns(input_data, context, externalReference="external_reference")
    values |= foreign_key_column(input_data, "category", "Category", "category_id")
    values |= foreign_key_column(input_data, "taxClass", "TaxClass", "tax_class_id")
    return values | weight_column(input_data, context)


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_create(
    arguments: ProductCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    required_text(input_data, "name")
    collection_keys = _read_collection_keys(input_data, None, context)
    created_product = create_product(
        cooperative_id=find_owner_from_input(input_data, context),
        product_type_id=int(input_key(input_data["productType"], "ProductType", field="productType")),
        values=_values(input_data, context),
        inputs=attribute_values_from_input(input_data.get("attributes")),
        collection_ids=collection_keys or (),
        actor=context.actor,
        now=context.now,
    )
    return {"product": staff_row(product_object, created_product.pk, context, selection.names("product"))}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_update(
    arguments: ProductUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data, key = arguments["input"], int(find_key(arguments, product_object, context))
    changed = update_product(
        product_id=key,
        values=_values(input_data, context),
        inputs=attribute_values_from_input(input_data.get("attributes")),
        collection_ids=_read_collection_keys(input_data, key, context),
        needs_approval=not context.may(*PRODUCT_PERMISSIONS),
        actor=context.actor,
        now=context.now,
    )
    return {"product": staff_row(product_object, changed.pk, context, selection.names("product"))}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_delete(
    arguments: ProductDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Delete a product if it was never stocked or sold, or else hide it permanently."""
    key = int(find_key(arguments, product_object, context))
    deleted = staff_row(product_object, key, context, selection.names("product"))
    row = Product.objects.filter(pk=key).select_related("cooperative").first()
    if deleted is None or row is None:
        raise Missing(field="id")
    delete_product(cooperative=row.cooperative, product_id=row.pk, actor=context.actor, now=context.now)
    return {"product": deleted}


@mutation.field(permissions=PRODUCT_PERMISSIONS)
def product_channel_listing_update(
    arguments: ProductChannelListingUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    updates = []
    for channel_update in input_data.get("updateChannels") or ():
        channel = channel_from_id(channel_update["channelId"], context)
        values = columns(
            channel_update, visibleInListings="visible_in_listings", availableForPurchaseAt="available_from"
        )
        if (day := channel_update.get("availableForPurchaseDate")) is not None:
            values["available_from"] = start_of_day(day)
        updates.append(
            ListingChange(
                channel=channel,
                columns=values | publication_from_input(channel_update),
                is_on_sale=channel_update.get("isPublished"),
            )
        )
    changed = set_channel_listings(
        product_id=int(input_key(arguments["id"], "Product", field="id")),
        changes=updates,
        removed_channel_ids=input_keys(input_data.get("removeChannels"), "Channel", field="removeChannels"),
        actor=context.actor,
        now=context.now,
    )
    return {"product": staff_row(product_object, changed.pk, context, selection.names("product"))}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_media_create(
    arguments: ProductMediaCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Add an uploaded picture. External URLs are not fetched."""
    input_data = arguments["input"]
    image = input_data.get("image")
    if image is None:
        raise InputError("REQUIRED", _("Choose a picture."), field="image")
    key = input_key(input_data["product"], "Product", field="product")
    pictured_product = Product.objects.filter(pk=key).select_related("cooperative").first()
    if pictured_product is None or not may_manage_row(product_object, key, context):
        raise Missing(field="product")
    alt = (input_data.get("alt") or "")[:250]
    added_media = add_picture(
        cooperative=pictured_product.cooperative,
        product_id=pictured_product.pk,
        picture=store_picture(image, alt=alt),
        alt=alt,
        needs_approval=not context.may(*PRODUCT_PERMISSIONS),
        actor=context.actor,
        now=context.now,
    )
    return {
        "product": staff_row(product_object, pictured_product.pk, context, selection.names("product")),
        "media": staff_row(media_object, added_media.pk, context, selection.names("media"))
        if isinstance(added_media, ProductMedia)
        else None,
    }


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_media_update(
    arguments: ProductMediaUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Change the alternative text. Cooperatives' changes to an approved product wait for a review."""
    media = _find_manageable_media(arguments["id"], context)
    if (alt := arguments["input"].get("alt")) is not None:
        describe_picture(
            cooperative=media.product.cooperative,
            product_id=media.product_id,
            media_id=media.pk,
            alt=alt[:250],
            needs_approval=not context.may(*PRODUCT_PERMISSIONS),
            actor=context.actor,
            now=context.now,
        )
    return {
        "product": staff_row(product_object, media.product_id, context, selection.names("product")),
        "media": staff_row(media_object, media.pk, context, selection.names("media")),
    }


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def product_media_delete(
    arguments: ProductMediaDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    media = _find_manageable_media(arguments["id"], context)
    deleted = staff_row(media_object, media.pk, context, selection.names("media"))
    remove_picture(
        cooperative=media.product.cooperative,
        product_id=media.product_id,
        media_id=media.pk,
        needs_approval=not context.may(*PRODUCT_PERMISSIONS),
        actor=context.actor,
        now=context.now,
    )
    return {
        "product": staff_row(product_object, media.product_id, context, selection.names("product")),
        "media": deleted,
    }


def _find_manageable_media(text: str, context: Context) -> ProductMedia:
    """Return a picture of a product that the requester may change. Raises Missing."""
    key = input_key(text, "ProductMedia", field="id")
    media = ProductMedia.objects.filter(pk=key).select_related("product__cooperative").first()
    if media is None or not may_manage_row(product_object, media.product_id, context):
        raise Missing(field="id")
    return media


def _read_collection_keys(
    input_data: ProductCreateInput | ProductInput, key: int | None, context: Context
) -> list[int] | None:
    """Return the product's new collections, or None if the input does not mention them.

    Raises InputError if a cooperative's staff change the platform's collections.
    """
    if (texts := input_data.get("collections")) is None:
        return None
    requested = input_keys(texts, "Collection", field="collections")
    rows = (
        CollectionProduct.objects.filter(product=key) if key is not None else CollectionProduct.objects.none()
    )
    if not context.may(*PRODUCT_PERMISSIONS) and set(requested) != set(
        rows.values_list("collection", flat=True)
    ):
        raise InputError(
            "INVALID", _("Only the market can add products to its collections."), field="collections"
        )
    return requested


mutation.add_bulk_deletion("productBulkDelete", product_delete, permissions=OWN_PRODUCT_PERMISSIONS)
mutation.add_bulk_deletion(
    "productMediaBulkDelete", product_media_delete, permissions=OWN_PRODUCT_PERMISSIONS
)

TYPES = (mutation,)
