"""Create, change and publish products."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from catalog.actions.listings.channel_listings import list_product
from catalog.actions.products.delete_products import remove_product
from catalog.actions.products.product_pictures import add_picture, remove_picture
from catalog.actions.products.staff_products import amend_product, enter_product
from catalog.models import CollectionProduct, Product, ProductMedia
from shop.api.breadth import Selection
from shop.api.catalogue.given import (
    CODES,
    GOODS,
    OWN_GOODS,
    channel_given,
    columns,
    described,
    found,
    grams,
    is_theirs,
    keys,
    link,
    named_key,
    owner,
    published,
    required,
    told,
)
from shop.api.catalogue.types import media, product
from shop.api.context import Context
from shop.api.errors import Mistake
from shop.api.ids import given_key
from shop.api.root_fields import Mutations
from shop.core.dates.calendar import start_of_day
from shop.core.errors import Missing
from shop.core.images.renditions import keep_picture

mutation = Mutations(codes=CODES)


def _values(given: dict[str, Any], context: Context) -> dict[str, Any]:
    values = described(given, context, externalReference="external_reference")
    values |= link(given, "category", "Category", "category_id")
    values |= link(given, "taxClass", "TaxClass", "tax_class_id")
    return values | grams(given, context)


@mutation.field(permissions=OWN_GOODS)
def product_create(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    required(given, "name")
    shelves = _collection_keys(given, None, context)
    made = enter_product(
        cooperative_id=owner(given, context),
        product_type_id=int(given_key(given["productType"], "ProductType", field="productType")),
        values=_values(given, context),
        told=told(given.get("attributes")),
        collections=shelves or (),
        actor=context.actor,
        now=context.now,
    )
    return {"product": found(product, made.pk, context, selection.names("product"))}


@mutation.field(permissions=OWN_GOODS)
def product_update(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given, key = arguments["input"], named_key(arguments, product, context)
    changed = amend_product(
        product_id=key,
        values=_values(given, context),
        told=told(given.get("attributes")),
        collections=_collection_keys(given, key, context),
        actor=context.actor,
        now=context.now,
    )
    return {"product": found(product, changed.pk, context, selection.names("product"))}


@mutation.field(permissions=OWN_GOODS)
def product_delete(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    """Delete a product if it was never stocked or sold, or else hide it permanently."""
    key = named_key(arguments, product, context)
    gone = found(product, key, context, selection.names("product"))
    row = Product.objects.filter(pk=key).select_related("cooperative").first()
    if gone is None or row is None:
        raise Missing(field="id")
    remove_product(cooperative=row.cooperative, product_id=row.pk, actor=context.actor, now=context.now)
    return {"product": gone}


@mutation.field(permissions=GOODS)
def product_channel_listing_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    given = arguments["input"]
    shown = []
    for each in given.get("updateChannels") or ():
        channel = channel_given(each["channelId"], context)
        values = columns(
            each, visibleInListings="visible_in_listings", availableForPurchaseAt="available_from"
        )
        if each.get("availableForPurchaseDate") is not None:
            values["available_from"] = start_of_day(each["availableForPurchaseDate"])
        shown.append((channel, each.get("isPublished"), values | published(each)))
    changed = list_product(
        product_id=int(given_key(arguments["id"], "Product", field="id")),
        shown=shown,
        hidden=keys(given.get("removeChannels"), "Channel", "removeChannels"),
        actor=context.actor,
        now=context.now,
    )
    return {"product": found(product, changed.pk, context, selection.names("product"))}


@mutation.field(permissions=OWN_GOODS)
def product_media_create(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    """Add an uploaded picture; external URLs are not fetched."""
    given = arguments["input"]
    if given.get("image") is None:
        raise Mistake("REQUIRED", _("Choose a picture."), field="image")
    key = given_key(given["product"], "Product", field="product")
    row = Product.objects.filter(pk=key).select_related("cooperative").first()
    if row is None or not is_theirs(product, key, context):
        raise Missing(field="product")
    alt = (given.get("alt") or "")[:250]
    shown = add_picture(
        cooperative=row.cooperative,
        product_id=row.pk,
        picture=keep_picture(given["image"], alt=alt),
        alt=alt,
        actor=context.actor,
        now=context.now,
    )
    return {
        "product": found(product, row.pk, context, selection.names("product")),
        "media": found(media, shown.pk, context, selection.names("media")),
    }


@mutation.field(permissions=OWN_GOODS)
def product_media_delete(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    key = given_key(arguments["id"], "ProductMedia", field="id")
    row = ProductMedia.objects.filter(pk=key).select_related("product__cooperative").first()
    if row is None or not is_theirs(product, row.product_id, context):
        raise Missing(field="id")
    gone = found(media, key, context, selection.names("media"))
    remove_picture(
        cooperative=row.product.cooperative,
        product_id=row.product_id,
        media_id=row.pk,
        actor=context.actor,
        now=context.now,
    )
    return {"product": found(product, row.product_id, context, selection.names("product")), "media": gone}


def _collection_keys(given: dict[str, Any], key: Any, context: Context) -> list[int] | None:
    """Return the product's new collections; None if the input does not mention them.

    Raises Mistake if a cooperative's staff change the platform's collections.
    """
    if given.get("collections") is None:
        return None
    wanted = keys(given["collections"], "Collection", "collections")
    rows = (
        CollectionProduct.objects.filter(product=key) if key is not None else CollectionProduct.objects.none()
    )
    if not context.may(*GOODS) and set(wanted) != set(rows.values_list("collection", flat=True)):
        raise Mistake("INVALID", _("Only the platform fills its collections."), field="collections")
    return wanted


mutation.deletes_many("productBulkDelete", product_delete, permissions=OWN_GOODS)
mutation.deletes_many("productMediaBulkDelete", product_media_delete, permissions=OWN_GOODS)

TYPES = (mutation,)
