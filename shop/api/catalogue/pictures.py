"""Pictures of products, variants, categories and collections."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from catalog.models import ProductMedia
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Resolver, Selection
from shop.api.catalogue.inputs import (
    ProductImageByIdArguments,
    ProductImageUrlArguments,
    ProductMediaArguments,
    ProductMediaByIdArguments,
    ProductMediaUrlArguments,
    ProductThumbnailArguments,
)
from shop.api.catalogue.types import media_object, product_object, variant_object
from shop.api.context import Context
from shop.api.ids import Key, global_id, key_from_id
from shop.api.images import FULL_SIZE, image_url
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows, Type, compiled_rows
from shop.core.database.compiled_query import compiled_query
from shop.core.models import Picture

_URL_COLUMNS = ("picture__state", "picture__renditions")

media_object.id()
media_object.columns(sortOrder="sort_order", alt="alt")
media_object.unsupported("type", value="IMAGE")
media_object.unsupported("oembedData", value={})
add_metadata_fields(media_object, ProductMedia, permissions=[Permission.MANAGE_PRODUCTS])

product_image_object = Type("ProductImage")
product_image_object.columns(alt="alt", sortOrder="sort_order")


@media_object.field(needs=("id", *_URL_COLUMNS))
def url(
    rows: list[Row], arguments: ProductMediaUrlArguments, context: Context, selection: Selection
) -> list[str]:
    return _urls(rows, arguments, context)


@media_object.field(needs="product_id")
def product_id(rows: list[Row], arguments: object, context: Context, selection: Selection) -> list[str]:
    return [global_id("Product", row.product_id) for row in rows]


@product_image_object.field("id")
def id_of_product_images(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str]:
    return [global_id("ProductImage", row.id) for row in rows]


@product_image_object.field("url")
def url_of_product_images(
    rows: list[Row], arguments: ProductImageUrlArguments, context: Context, selection: Selection
) -> list[str]:
    return _urls(rows, arguments, context)


@product_object.field("media", needs="id")
def media_of_products(
    products: list[Row], arguments: ProductMediaArguments, context: Context, selection: Selection
) -> list[list[Row]]:
    order = ["product_id", "sort_order", "id"]
    if input_data := arguments.get("sortBy"):
        order = ["product_id", "id" if input_data["direction"] == "ASC" else "-id"]
    rows = compiled_rows(_load_media, {product_row.id for product_row in products}, order=tuple(order))
    media_by_product = media_object.grouped(rows, selection.names(), by="product_id")
    return [media_by_product.get(product_row.id, []) for product_row in products]


@product_object.field("images", needs="id")
def images_of_products(
    products: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    images_by_product = _images_by_product(products)
    return [images_by_product.get(product_row.id, []) for product_row in products]


@product_object.field(needs="id")
def thumbnail(
    products: list[Row], arguments: ProductThumbnailArguments, context: Context, selection: Selection
) -> list[dict[str, str] | None]:
    """Resolve the first picture's URL."""
    rows = compiled_rows(_load_first_media, {product_row.id for product_row in products})
    pictures_by_product = {
        row.product_id: row for row in media_object.read(rows, ("url", "alt"), "product_id")
    }
    first_pictures = [pictures_by_product.get(product_row.id) for product_row in products]
    return [
        {"alt": row.alt, "url": _url("Product", row.product_id, row, arguments, context)} if row else None
        for row in first_pictures
    ]


@product_object.field(needs="id")
def media_by_id(
    products: list[Row], arguments: ProductMediaByIdArguments, context: Context, selection: Selection
) -> list[Row | None]:
    key = key_from_id(arguments["id"], "ProductMedia")
    rows = media_object.read(media_object.rows(context).filter(pk=key), selection.names(), "product_id")
    return [next((row for row in rows if row.product_id == product_row.id), None) for product_row in products]


@product_object.field(needs="id")
def image_by_id(
    products: list[Row], arguments: ProductImageByIdArguments, context: Context, selection: Selection
) -> list[Row | None]:
    key = key_from_id(arguments["id"], "ProductImage")
    images_by_product = _images_by_product(products)
    return [
        next((row for row in images_by_product.get(product_row.id, ()) if row.id == key), None)
        for product_row in products
    ]


@variant_object.field("media", needs="id")
def media_of_variants(
    variants: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _media_by_variant(variants, selection.names())


@variant_object.field("images", needs="id")
def images_of_variants(
    variants: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    return _media_by_variant(variants, {"url", "id", "alt", "sortOrder"})


def background(type_name: str, picture: str, key: str = "id") -> Resolver:
    """Return a resolver of `backgroundImage` for rows with the picture's key in the column `picture`."""

    def resolve(
        rows: list[Row], arguments: Mapping[str, object], context: Context, selection: Selection
    ) -> list[dict[str, str] | None]:
        keys = {getattr(row, picture) for row in rows} - {None}
        pictures_by_key = {values[0]: values for values in _pictures(keys)} if keys else {}
        images: list[dict[str, str] | None] = []
        for row in rows:
            values = pictures_by_key.get(getattr(row, picture))
            if values is None:
                images.append(None)
                continue
            _pk, alt, state, renditions = values
            url = image_url(
                context, type_name, getattr(row, key), state, renditions, arguments, size=FULL_SIZE
            )
            images.append({"url": url, "alt": alt})
        return images

    return resolve


def _media_by_variant(
    variants: list[Row], fields: Sequence[str] | set[str] | frozenset[str]
) -> list[list[Row]]:
    media_by_variant = media_object.grouped(
        compiled_rows(_media_of_variants, {variant_row.id for variant_row in variants}), fields, by="shows"
    )
    return [media_by_variant.get(variant_row.id, []) for variant_row in variants]


def _load_media(product_ids: Collection[int], *, order: tuple[str, ...]) -> Rows:
    return ProductMedia.objects.filter(product__in=product_ids).order_by(*order)


def _load_first_media(product_ids: Collection[int]) -> Rows:
    of_product = ProductMedia.objects.filter(product=OuterRef("product")).order_by("sort_order", "id")
    return ProductMedia.objects.filter(product__in=product_ids, pk=Subquery(of_product.values("pk")[:1]))


def _media_of_variants(variant_ids: Collection[int]) -> Rows:
    rows = ProductMedia.objects.filter(variant_rows__variant__in=variant_ids)
    return rows.annotate(shows=F("variant_rows__variant")).order_by("shows", "sort_order", "id")


@compiled_query
def _pictures(keys: Collection[int]) -> QuerySet[Picture, tuple[int, str, str, Any]]:
    return Picture.objects.filter(pk__in=keys).values_list("pk", "alt", "state", "renditions")


def _images_by_product(products: list[Row]) -> dict[Key, list[Row]]:
    images_by_product: dict[Key, list[Row]] = {}
    for row in _read_images(products):
        images_by_product.setdefault(row.product_id, []).append(row)
    return images_by_product


def _read_images(products: list[Row]) -> list[Row]:
    """Return products' media with the columns that URLs need, in order."""
    rows = compiled_rows(
        _load_media, {product_row.id for product_row in products}, order=("product_id", "sort_order", "id")
    )
    return media_object.read(rows, ("url", "alt", "sortOrder"), "product_id")


def _urls(
    rows: list[Row], arguments: ProductImageUrlArguments | ProductMediaUrlArguments, context: Context
) -> list[str]:
    return [_url("ProductMedia", row.id, row, arguments, context, size=FULL_SIZE) for row in rows]


def _url(
    type_name: str, key: Key, row: Row, arguments: ProductThumbnailArguments, context: Context, **size: int
) -> str:
    return image_url(context, type_name, key, row.picture__state, row.picture__renditions, arguments, **size)


TYPES = (media_object, product_image_object)
