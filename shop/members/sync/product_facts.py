"""What rows of products say beside their columns: the first photo, and what is scarce."""

from __future__ import annotations

from collections.abc import Collection

from django.core.files.storage import default_storage

from catalog.models import ProductMedia
from catalog.variant_stock import low_stock_variants
from cooperatives.models import Cooperative
from shop.core.images.image_files import THUMBNAIL_WIDTHS
from shop.core.images.rendition_files import rendition_files
from shop.core.models import market_channel


def thumbnails(product_ids: Collection[int]) -> dict[int, str]:
    """Return the address of each product's first photo in a small size."""
    media = ProductMedia.objects.ready().filter(product__in=product_ids).select_related("picture")
    addresses: dict[int, str] = {}
    for row in media.order_by("product", "sort_order", "pk"):
        thumbnails = [file for file in rendition_files(row.picture) if int(file.width) in THUMBNAIL_WIDTHS]
        if row.product_id not in addresses and thumbnails:
            addresses[row.product_id] = default_storage.url(thumbnails[-1].webp)
    return addresses


def low_stock_ids(cooperative: Cooperative, product_ids: Collection[int]) -> set[int]:
    """Return the variants of these products that members are warned of."""
    channel = market_channel()
    if channel is None:
        return set()
    variants = low_stock_variants(cooperative, channel).filter(product__in=product_ids)
    return set(variants.values_list("pk", flat=True))
