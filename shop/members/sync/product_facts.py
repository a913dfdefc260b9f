"""What rows of products say beside their columns: photos, what is scarce, lots and contents."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import F

from catalog.models import LotBalance, ProductMedia, RevisionPicture, Variant
from catalog.variant_stock import low_stock_variants
from cooperatives.models import Cooperative
from shop.core.images.image_files import THUMBNAIL_WIDTHS
from shop.core.images.rendition_files import rendition_files
from shop.core.models import Picture, PictureState, market_channel

Row = dict[str, Any]

MAX_PHOTOS = 8  # of a product on the phone; their addresses are most of what a pull weighs


def read_thumbnails(product_ids: Collection[int]) -> dict[int, str]:
    """Return the address of each product's first photo in a small size."""
    media = ProductMedia.objects.ready().filter(product__in=product_ids).select_related("picture")
    addresses: dict[int, str] = {}
    for row in media.order_by("product", "sort_order", "pk"):
        address = _thumbnail_address(row.picture)
        if row.product_id not in addresses and address:
            addresses[row.product_id] = address
    return addresses


def read_photos(product_ids: Collection[int]) -> dict[int, list[Row]]:
    """Return the photos of products in their order, at most `MAX_PHOTOS` of each.

    They are those that the members' page shows: of the product's revision, if this changes its photos.
    """
    photos: dict[int, list[Row]] = {}
    proposed = RevisionPicture.objects.filter(
        revision__product__in=product_ids, revision__has_pictures=True
    ).select_related("revision", "picture")
    for row in proposed.order_by("revision", "sort_order", "pk"):
        photos.setdefault(row.revision.product_id, []).append(_photo_row(row.picture, row.alt))
    media = ProductMedia.objects.filter(product__in=set(product_ids) - photos.keys())
    for medium in media.select_related("picture").order_by("product", "sort_order", "pk"):
        photos.setdefault(medium.product_id, []).append(_photo_row(medium.picture, medium.alt))
    return {product_id: rows[:MAX_PHOTOS] for product_id, rows in photos.items()}


def _photo_row(picture: Picture, caption: str) -> Row:
    return {
        "id": picture.pk,
        "caption": caption,
        "address": _thumbnail_address(picture),
        "is_ready": picture.state == PictureState.READY,
    }


def _thumbnail_address(picture: Picture) -> str:
    """Return the address of a photo in a small size, empty until it exists."""
    thumbnails = [file for file in rendition_files(picture) if int(file.width) in THUMBNAIL_WIDTHS]
    return default_storage.url(thumbnails[-1].webp) if thumbnails else ""


def find_low_stock(cooperative: Cooperative, product_ids: Collection[int]) -> set[int]:
    """Return the variants of these products that members are warned of."""
    channel = market_channel()
    if channel is None:
        return set()
    variants = low_stock_variants(cooperative, channel).filter(product__in=product_ids)
    return set(variants.values_list("pk", flat=True))


def build_lots_by_variant(cooperative: Cooperative, product_ids: Collection[int]) -> dict[int, list[Row]]:
    """Return the products' lots of which something is left, first expired first, with their balances."""
    balances = (
        LotBalance.objects.filter(lot__variant__product__in=product_ids)
        .exclude(on_hand=0)
        .select_related("lot__producer", "stock")
        .order_by(
            F("lot__expires_on").asc(nulls_last=True),
            F("lot__harvested_on").asc(nulls_last=True),
            "lot",
            "stock",
        )
    )
    rows: dict[int, Row] = {}
    by_variant: dict[int, list[Row]] = {}
    for balance in balances:
        lot = balance.lot
        if lot.pk not in rows:
            rows[lot.pk] = {
                "id": lot.pk,
                "code": lot.code,
                "harvested_on": lot.harvested_on,
                "expires_on": lot.expires_on,
                "near_expiry_from": lot.near_expiry_from(cooperative),
                "household": lot.producer.name if lot.producer is not None else "",
                "is_recalled": lot.is_recalled,
                "balances": [],
            }
            by_variant.setdefault(lot.variant_id, []).append(rows[lot.pk])
        rows[lot.pk]["balances"].append({"warehouse": balance.stock.warehouse_id, "on_hand": balance.on_hand})
    return by_variant


def content_of(variant: Variant) -> Row:
    """Return what a sales unit holds, in the fields of a new listing."""
    content: Row = {
        "content_grams": variant.content_grams,
        "content_ml": variant.content_ml,
        "content_count": variant.content_count,
        "content_unit": variant.content_unit,
    }
    return {name: value for name, value in content.items() if value}
