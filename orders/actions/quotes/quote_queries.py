"""Queries of a quote. Their number does not depend on the number of lines or sellers."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping

from django.db.models import Q, QuerySet, Sum

from catalog.models import Listing, Price, ProductMedia, Stock, Variant
from cooperatives.models import PICKUP_KINDS, DeliveryMethod, DeliveryRate, MarketDay
from orders.actions.quotes.quote_types import QuoteRequest
from orders.models import BasketLine, DeliveryChoice, Reservation
from shop.core.database.compiled_query import attach_prefetched_rows, compiled_query

# Columns that neither prices nor e-mails use. Reading these would cost as much as all other columns.
_METADATA_COLUMNS = ("metadata", "private_metadata")
_UNREAD_OF_VARIANTS = {
    "": (*_METADATA_COLUMNS, "created_at", "updated_at"),
    "product__": (
        *_METADATA_COLUMNS,
        "created_at",
        "updated_at",
        "description",
        "description_text",
        "search_name",
        "search_text",
    ),
    "product__category__": (
        *_METADATA_COLUMNS,
        "created_at",
        "updated_at",
        "description",
        "description_text",
    ),
    "product__tax_class__": _METADATA_COLUMNS,
    "product__product_type__": _METADATA_COLUMNS,
    "product__product_type__tax_class__": _METADATA_COLUMNS,
    "cooperative__": (*_METADATA_COLUMNS, "created_at", "updated_at", "story"),
}
_UNREAD_OF_METHODS = dict.fromkeys(
    ("", "service__tax_class__", "warehouse__address__"), _METADATA_COLUMNS
) | {
    "service__": (*_METADATA_COLUMNS, "description"),
    "warehouse__": (*_METADATA_COLUMNS, "created_at"),
}


def read_quoted_variants(quote_request: QuoteRequest) -> dict[int, Variant]:
    """Return each variant with its product, cooperative, price and listing in the channel, and pictures."""
    rows = _select_variants({line.variant_id for line in quote_request.lines})
    products = {row.product_id: row.product for row in rows}
    for row in rows:
        row.product = products[row.product_id]
    attach_prefetched_rows(
        rows,
        "prices",
        _select_prices(quote_request.channel.pk, [row.pk for row in rows]),
        foreign_key="variant",
    )
    attach_prefetched_rows(
        products.values(),
        "listings",
        _select_listings(quote_request.channel.pk, list(products)),
        foreign_key="product",
    )
    attach_prefetched_rows(products.values(), "media", _select_media(list(products)), foreign_key="product")
    return {row.pk: row for row in rows}


@compiled_query
def _select_variants(keys: Collection[int]) -> QuerySet[Variant]:
    variants = (
        Variant.objects.filter(pk__in=keys)
        .with_own_media()
        .select_related(
            "product",
            "cooperative__portrait",
            "product__tax_class",
            "product__category",
            "product__product_type",
            "product__product_type__tax_class",
        )
    )
    return variants.defer(*_column_paths(_UNREAD_OF_VARIANTS))


@compiled_query
def _select_prices(channel: int, variants: Collection[int]) -> QuerySet[Price]:
    return Price.objects.filter(channel=channel, variant__in=variants)


@compiled_query
def _select_listings(channel: int, products: Collection[int]) -> QuerySet[Listing]:
    return Listing.objects.filter(channel=channel, product__in=products)


@compiled_query
def _select_media(products: Collection[int]) -> QuerySet[ProductMedia]:
    media = ProductMedia.objects.displayable().filter(product__in=products).select_related("picture")
    return media.order_by("sort_order", "pk")


def read_delivery_methods(
    quote_request: QuoteRequest, variants: Iterable[Variant]
) -> dict[int, list[DeliveryMethod]]:
    """Return the delivery methods by cooperative, with the rates for the buyer's province."""
    rows = _delivery_methods({variant.cooperative_id for variant in variants})
    keys = [row.pk for row in rows]
    attach_prefetched_rows(
        rows,
        "rates",
        _select_rates(keys, quote_request.channel.pk, {quote_request.province_code, ""}),
        foreign_key="delivery_method",
    )
    attach_prefetched_rows(rows, "market_days", _market_days(keys), foreign_key="delivery_method")
    delivery_methods: dict[int, list[DeliveryMethod]] = {}
    for delivery_method in rows:
        delivery_methods.setdefault(delivery_method.cooperative_id, []).append(delivery_method)
    return delivery_methods


@compiled_query
def _delivery_methods(cooperatives: Collection[int]) -> QuerySet[DeliveryMethod]:
    delivery_methods = DeliveryMethod.objects.filter(cooperative__in=cooperatives).active_with_terms()
    return delivery_methods.prefetch_related(None).defer(*_column_paths(_UNREAD_OF_METHODS))


@compiled_query
def _select_rates(
    delivery_methods: Collection[int], channel: int, provinces: Collection[str]
) -> QuerySet[DeliveryRate]:
    """Read the rates of all provinces for pickup methods, because any rate means that pickup is not free."""
    delivery_rates = DeliveryRate.objects.filter(delivery_method__in=delivery_methods, channel=channel)
    return delivery_rates.filter(Q(province_code__in=provinces) | Q(delivery_method__kind__in=PICKUP_KINDS))


@compiled_query
def _market_days(delivery_methods: Collection[int]) -> QuerySet[MarketDay]:
    return MarketDay.objects.filter(delivery_method__in=delivery_methods)


def _column_paths(columns: Mapping[str, Iterable[str]]) -> list[str]:
    return [f"{row}{column}" for row, names in columns.items() for column in names]


def reachable_stock_ids(
    quote_request: QuoteRequest, variant_ids: Iterable[int], delivery_methods: Iterable[DeliveryMethod | None]
) -> list[int]:
    """Return ids of the stock reachable for this buyer, in the channel's warehouse order.

    For a chosen pickup method only the method's warehouse counts. `delivery_methods` must include the chosen
    methods.
    """
    arguments = (quote_request.channel.pk, quote_request.country, list(variant_ids))
    collected = _pickup_warehouses(quote_request, delivery_methods)
    if collected:
        return list(_in_warehouse_order(_reachable_stock(*arguments, collected), quote_request.channel.pk))
    return _reachable_in_order(*arguments)


@compiled_query
def _reachable_in_order(channel: int, country: str, variants: Collection[int]) -> QuerySet[Stock, int]:
    return _in_warehouse_order(_reachable_stock(channel, country, variants), channel)


def _in_warehouse_order(reachable_stocks: QuerySet[Stock], channel: int) -> QuerySet[Stock, int]:
    rows = reachable_stocks.filter(warehouse__channel_rows__channel=channel)
    return rows.order_by("warehouse__channel_rows__sort_order", "pk").values_list("pk", flat=True)


def _pickup_warehouses(
    quote_request: QuoteRequest, delivery_methods: Iterable[DeliveryMethod | None]
) -> dict[int, uuid.UUID]:
    """Return the pickup warehouse by cooperative."""
    chosen = {delivery.delivery_method_id for delivery in quote_request.deliveries.values()}
    return {
        delivery_method.cooperative_id: delivery_method.warehouse_id
        for delivery_method in delivery_methods
        if delivery_method is not None
        and delivery_method.pk in chosen
        and delivery_method.warehouse_id is not None
    }


def read_free_quantities(
    quote_request: QuoteRequest,
    variants: Mapping[int, Variant],
    delivery_methods: Mapping[int, list[DeliveryMethod]],
) -> dict[int, int]:
    """Return the steps free for this buyer by tracked variant, including those this basket has reserved.

    `delivery_methods` holds all delivery methods of these cooperatives.
    """
    tracked = [variant.pk for variant in variants.values() if variant.track_inventory]
    collected = _pickup_warehouses(
        quote_request,
        (delivery_method for methods in delivery_methods.values() for delivery_method in methods),
    )
    arguments = (quote_request.channel.pk, quote_request.country, tracked)
    if collected:
        reachable_stocks = _reachable_stock(*arguments, collected)
        free_rows, reserved_rows = (
            list(_sum_free(reachable_stocks)),
            list(_sum_reserved(quote_request.basket_id, reachable_stocks)),
        )
    else:
        free_rows = _reachable_free(*arguments)
        reserved_rows = (
            _reachable_reserved(quote_request.basket_id, *arguments)
            if quote_request.basket_id is not None
            else []
        )
    free = dict.fromkeys(tracked, 0)
    for variant_id, steps in [*free_rows, *reserved_rows]:
        free[variant_id] += steps
    return free


def _reachable_stock(
    channel: int, country: str, variants: Iterable[int], collected: Mapping[int, uuid.UUID] | None = None
) -> QuerySet[Stock]:
    stocks = Stock.objects.filter(variant__in=list(variants))
    return stocks.reachable(channel_id=channel, country=country, collected=collected)


def _sum_free(reachable_stocks: QuerySet[Stock]) -> QuerySet[Stock, tuple[int, int]]:
    return (
        reachable_stocks.order_by("variant")
        .values("variant")
        .annotate(total=Sum("free"))
        .values_list("variant", "total")
    )


def _sum_reserved(
    basket: uuid.UUID | None, reachable_stocks: QuerySet[Stock]
) -> QuerySet[Reservation, tuple[int, int]]:
    reservations = Reservation.objects.filter(line__basket=basket, stock__in=reachable_stocks).order_by(
        "stock__variant"
    )
    return (
        reservations.values("stock__variant")
        .annotate(total=Sum("quantity"))
        .values_list("stock__variant", "total")
    )


@compiled_query
def _reachable_free(
    channel: int, country: str, variants: Collection[int]
) -> QuerySet[Stock, tuple[int, int]]:
    return _sum_free(_reachable_stock(channel, country, variants))


@compiled_query
def _reachable_reserved(
    basket: uuid.UUID, channel: int, country: str, variants: Collection[int]
) -> QuerySet[Reservation, tuple[int, int]]:
    return _sum_reserved(basket, _reachable_stock(channel, country, variants))


@compiled_query
def read_basket_lines(basket: uuid.UUID) -> QuerySet[BasketLine]:
    return BasketLine.objects.filter(basket=basket).order_by("created_at", "pk")


@compiled_query
def read_delivery_choices(basket: uuid.UUID) -> QuerySet[DeliveryChoice]:
    return DeliveryChoice.objects.filter(basket=basket).order_by("pk")
