"""What rows of products say beside their columns: the first photo, what is scarce, lots and contents."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import F

from catalog.models import LotBalance, ProductMedia, Variant
from catalog.variant_stock import low_stock_variants
from cooperatives.models import Cooperative
from shop.core.images.image_files import THUMBNAIL_WIDTHS
from shop.core.images.rendition_files import rendition_files
from shop.core.models import market_channel

Row = dict[str, Any]


def read_thumbnails(product_ids: Collection[int]) -> dict[int, str]:
    """Return the address of each product's first photo in a small size."""
    media = ProductMedia.objects.ready().filter(product__in=product_ids).select_related("picture")
    addresses: dict[int, str] = {}
    for row in media.order_by("product", "sort_order", "pk"):
        thumbnails = [file for file in rendition_files(row.picture) if int(file.width) in THUMBNAIL_WIDTHS]
        if row.product_id not in addresses and thumbnails:
            addresses[row.product_id] = default_storage.url(thumbnails[-1].webp)
    return addresses


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
