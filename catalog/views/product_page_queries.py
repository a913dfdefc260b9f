"""The queries of a product's page, compiled once."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db.models import QuerySet, Sum

from catalog.models import Listing, Price, Product, ProductMedia, Stock, VariantMedia
from cooperatives.models import Certificate, DeliveryMethod, DeliveryRate, MarketDay
from shop.core.database.compiled_query import compiled_query
from shop.core.database.prefetched_rows import attach_prefetched_rows


@compiled_query
def select_visible_product(channel_id: int, slug: str) -> QuerySet[Product]:
    products = Product.objects.visible_in(channel_id).filter(slug=slug)
    return products.select_related("cooperative__portrait", "category", "producer")


@compiled_query
def select_prices(channel_id: int, product_id: int) -> QuerySet[Price]:
    """Return the prices of a product's variants, with variants and wholesale prices, in variants' order."""
    prices = Price.objects.filter(channel=channel_id, variant__product=product_id, amount__isnull=False)
    prices = prices.with_wholesale_prices().select_related("variant")
    return prices.order_by("variant__sort_order", "variant")


@compiled_query
def select_free_quantities(
    channel_id: int, country: str, product_id: int
) -> QuerySet[Stock, tuple[int, int]]:
    """Return the free sales units by variant of a product."""
    stocks = Stock.objects.reachable(channel_id=channel_id, country=country)
    rows = stocks.filter(variant__product=product_id).order_by("variant").values("variant")
    return rows.annotate(total=Sum("free")).values_list("variant", "total")


@compiled_query
def select_media(product_id: int) -> QuerySet[ProductMedia]:
    media = ProductMedia.objects.displayable().filter(product=product_id).select_related("picture")
    return media.order_by("sort_order", "pk")


@compiled_query
def select_variant_media(product_id: int) -> QuerySet[VariantMedia, tuple[int, int]]:
    """Return pairs (variant, media) of a product."""
    return VariantMedia.objects.filter(media__product=product_id).values_list("variant", "media")


@compiled_query
def select_certificates(product_id: int, day: datetime.date) -> QuerySet[Certificate]:
    certificates = Certificate.objects.valid_on(day).filter(products=product_id)
    return certificates.select_related("picture").order_by("kind", "pk")


@compiled_query
def select_similar_ids(
    channel_id: int, category_id: int, product_id: int, *, limit: int
) -> QuerySet[Product, int]:
    """Return the newest other available products of a category, reading its index backwards."""
    products = Product.objects.available_in(channel_id).filter(category=category_id).exclude(pk=product_id)
    return products.order_by("-pk").values_list("pk", flat=True)[:limit]


@compiled_query
def select_listings(channel_id: int, product_ids: Collection[int]) -> QuerySet[Listing]:
    return Listing.objects.on_sale(channel_id).filter(product__in=product_ids).order_by("-product")


def read_delivery_methods(cooperative_id: int) -> list[DeliveryMethod]:
    """Return the active delivery methods of a cooperative, with their rates and market days."""
    methods = _select_methods(cooperative_id)
    keys = [method.pk for method in methods]
    attach_prefetched_rows(methods, "rates", _select_rates(keys), foreign_key="delivery_method")
    attach_prefetched_rows(methods, "market_days", _select_market_days(keys), foreign_key="delivery_method")
    return methods


@compiled_query
def _select_methods(cooperative_id: int) -> QuerySet[DeliveryMethod]:
    methods = DeliveryMethod.objects.active_with_terms().prefetch_related(None)
    return methods.filter(cooperative=cooperative_id)


@compiled_query
def _select_rates(method_ids: Collection[int]) -> QuerySet[DeliveryRate]:
    return DeliveryRate.objects.filter(delivery_method__in=method_ids)


@compiled_query
def _select_market_days(method_ids: Collection[int]) -> QuerySet[MarketDay]:
    return MarketDay.objects.filter(delivery_method__in=method_ids)
