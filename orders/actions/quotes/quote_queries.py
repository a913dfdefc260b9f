"""Queries of a quote. Their number does not depend on the number of lines or sellers."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from catalog.models import Product, Stock, Variant, select_main_picture, select_wholesale_text
from cooperatives.models import DeliveryMethod
from orders.actions.quotes.quote_types import QuoteRequest
from orders.models import BasketLine, DeliveryChoice, Reservation
from shop.core.database.compiled_query import compiled_query
from shop.core.database.metadata import METADATA_COLUMNS
from shop.core.database.prefetched_rows import attach_prefetched_rows
from shop.core.models import Picture

# Columns that neither prices nor emails use. Reading these would cost as much as all other columns.
_UNREAD_OF_VARIANTS = {
    "": (*METADATA_COLUMNS, "created_at", "updated_at"),
    "product__": (
        *METADATA_COLUMNS,
        "created_at",
        "updated_at",
        "description",
        "description_text",
        "search_name",
        "search_text",
    ),
    "product__category__": (
        *METADATA_COLUMNS,
        "created_at",
        "updated_at",
        "description",
        "description_text",
    ),
    "product__tax_class__": METADATA_COLUMNS,
    "product__product_type__": METADATA_COLUMNS,
    "product__product_type__tax_class__": METADATA_COLUMNS,
    "cooperative__": (*METADATA_COLUMNS, "created_at", "updated_at", "story"),
}


_RELATED_TO_VARIANTS = (
    "product",
    "cooperative__portrait",
    "product__tax_class",
    "product__category",
    "product__product_type",
    "product__product_type__tax_class",
)


def read_quoted_variants(quote_request: QuoteRequest) -> Mapping[int, Variant]:
    """Return each variant with its product, cooperative, and price and listing in the channel.

    One query, or none if the request holds the variants.
    """
    if quote_request.variants is not None:
        return quote_request.variants
    keys = {line.variant_id for line in quote_request.lines}
    rows = _select_variants(quote_request.channel.pk, keys) if keys else []
    return _attach_offers((row, row) for row in rows)


def read_buyable_variants(channel_id: int, variant_ids: Collection[int]) -> Mapping[int, Variant]:
    """Return the variants that buyers can order now, as `read_quoted_variants` does. It takes one query."""
    return _attach_offers((row, row) for row in _select_buyable_variants(channel_id, variant_ids))


class BasketRows(NamedTuple):
    """A basket's lines, their variants by id, and the chosen deliveries of these variants' cooperatives."""

    lines: list[BasketLine]
    variants: Mapping[int, Variant]
    delivery_choices: Mapping[int, DeliveryChoice]
    has_reservations: bool


def read_basket_rows(basket_id: uuid.UUID, channel_id: int) -> BasketRows:
    """Read what a basket's quote request needs, with variants as `read_quoted_variants` does.

    It takes one query.
    """
    lines: list[Any] = _select_basket_lines(basket_id, channel_id)
    variants = _attach_offers((line.variant, line) for line in lines)
    choices = (getattr(line, "cooperative_choice", None) for line in lines)
    return BasketRows(
        lines,
        variants,
        {choice.cooperative_id: choice for choice in choices if choice is not None},
        any(line.is_reserved for line in lines),
    )


def _attach_offers(rows: Iterable[tuple[Variant, Any]]) -> dict[int, Variant]:
    """Return the variants by key, with the price, listing and picture that were read with them."""
    variants: dict[int, Variant] = {}
    products: dict[int, Product] = {}
    prices, listings = {}, {}
    for variant, row in rows:
        if variant.pk in variants:
            continue
        variants[variant.pk] = variant
        variant.product = products.setdefault(variant.product_id, variant.product)
        variant.main_picture_key = row.main_picture_key
        if (price := getattr(row, "channel_price", None)) is not None:
            price.wholesale_text = row.wholesale_text
            prices[variant.pk] = price
        if (listing := getattr(row, "channel_listing", None)) is not None:
            listings[variant.product_id] = listing
    attach_prefetched_rows(variants.values(), "prices", prices.values(), foreign_key="variant")
    attach_prefetched_rows(products.values(), "listings", listings.values(), foreign_key="product")
    return variants


@compiled_query
def _select_variants(channel_id: int, keys: Collection[int]) -> QuerySet[Variant]:
    return _with_offers(Variant.objects.filter(pk__in=keys).with_main_picture(), channel_id)


@compiled_query
def _select_buyable_variants(channel_id: int, keys: Collection[int]) -> QuerySet[Variant]:
    variants = Variant.objects.buyable_in(channel_id).filter(pk__in=keys)
    return _with_offers(variants.with_main_picture(), channel_id)


def _with_offers(variants: QuerySet[Variant], channel_id: int) -> QuerySet[Variant]:
    """Return the variants with related rows, and with their price and listing in the channel.

    The price is `variant.channel_price` and the listing `variant.channel_listing`. A variant without one
    lacks the attribute.
    """
    related = (*_RELATED_TO_VARIANTS, "channel_price", "channel_listing")
    variants = variants.annotate(
        wholesale_text=select_wholesale_text(price__variant=OuterRef("pk"), price__channel=channel_id),
        **_offer_relations("", channel_id),
    ).select_related(*related)
    return variants.defer(*_column_paths(_UNREAD_OF_VARIANTS))


@compiled_query
def _select_basket_lines(basket_id: uuid.UUID, channel_id: int) -> QuerySet[BasketLine]:
    """Read lines with their variants.

    The price and listing in the channel and the cooperative's delivery choice are attributes of the line.
    """
    related = (
        *(f"variant__{path}" for path in _RELATED_TO_VARIANTS),
        *("channel_price", "channel_listing", "cooperative_choice"),
    )
    lines = BasketLine.objects.filter(basket=basket_id).order_by("created_at", "pk")
    lines = lines.annotate(
        main_picture_key=select_main_picture("variant", "variant__product"),
        wholesale_text=select_wholesale_text(price__variant=OuterRef("variant"), price__channel=channel_id),
        is_reserved=Exists(Reservation.objects.filter(line=OuterRef("pk"))),
        cooperative_choice=FilteredRelation(
            "basket__delivery_choices",
            condition=Q(basket__delivery_choices__cooperative=F("variant__cooperative")),
        ),
        **_offer_relations("variant__", channel_id),
    ).select_related(*related)
    return lines.defer(*(f"variant__{path}" for path in _column_paths(_UNREAD_OF_VARIANTS)))


def _offer_relations(path: str, channel_id: int) -> dict[str, FilteredRelation]:
    """Return the relations to a variant's price and listing in a channel. `path` is the path to it."""
    prices, listings = f"{path}prices", f"{path}product__listings"
    return {
        "channel_price": FilteredRelation(prices, condition=Q(**{f"{prices}__channel": channel_id})),
        "channel_listing": FilteredRelation(listings, condition=Q(**{f"{listings}__channel": channel_id})),
    }


def read_main_pictures(variants: Iterable[Variant]) -> dict[int | None, Picture]:
    """Return the pictures of quoted variants, by `main_picture_key`. It takes one query."""
    keys = {variant.main_picture_key for variant in variants if variant.main_picture_key is not None}
    return {picture.pk: picture for picture in _select_pictures(keys)}


@compiled_query
def _select_pictures(keys: Collection[int]) -> QuerySet[Picture]:
    return Picture.objects.filter(pk__in=keys)


def _column_paths(columns: Mapping[str, Iterable[str]]) -> list[str]:
    return [f"{row}{column}" for row, names in columns.items() for column in names]


def pickup_warehouses(
    quote_request: QuoteRequest, delivery_methods: Iterable[DeliveryMethod]
) -> dict[int, uuid.UUID]:
    """Return the pickup warehouse by cooperative. `delivery_methods` must include the chosen methods."""
    chosen_method_ids = {delivery.delivery_method_id for delivery in quote_request.deliveries.values()}
    return {
        delivery_method.cooperative_id: delivery_method.warehouse_id
        for delivery_method in delivery_methods
        if delivery_method.pk in chosen_method_ids and delivery_method.warehouse_id is not None
    }


class ReachableStock(NamedTuple):
    """A stock row that can serve the buyer, with its free sales units, those of the basket included."""

    stock_id: int
    variant_id: int
    free: int


def read_reachable_stock(
    quote_request: QuoteRequest, variant_ids: Collection[int], pickup_warehouse_ids: Mapping[int, uuid.UUID]
) -> list[ReachableStock]:
    """Return the stock of these variants that is reachable for this buyer, in the channel's warehouse order.

    `pickup_warehouse_ids` are by cooperative. If a cooperative has one, only this warehouse counts.
    """
    if not variant_ids:
        return []
    arguments = (quote_request.basket_id, quote_request.channel.pk, quote_request.country, list(variant_ids))
    rows: Iterable[tuple[int, int, int]] = (
        _reachable_stock(*arguments, pickup_warehouse_ids)
        if pickup_warehouse_ids
        else _select_reachable_stock(*arguments)
    )
    return [ReachableStock(*row) for row in rows]


@compiled_query
def _select_reachable_stock(
    basket_id: uuid.UUID | None, channel_id: int, country: str, variant_ids: Collection[int]
) -> QuerySet[Stock, tuple[int, int, int]]:
    return _reachable_stock(basket_id, channel_id, country, variant_ids)


def _reachable_stock(
    basket_id: uuid.UUID | None,
    channel_id: int,
    country: str,
    variant_ids: Collection[int],
    pickup_warehouse_ids: Mapping[int, uuid.UUID] | None = None,
) -> QuerySet[Stock, tuple[int, int, int]]:
    stocks = Stock.objects.filter(variant__in=variant_ids).reachable(
        channel_id=channel_id, country=country, pickup_warehouse_ids=pickup_warehouse_ids
    )
    reserved = Reservation.objects.filter(line__basket=basket_id, stock=OuterRef("pk")).order_by()
    reserved_quantity = Subquery(reserved.values("stock").annotate(total=Sum("quantity")).values("total"))
    return (
        stocks.filter(warehouse__channel_rows__channel=channel_id)
        .order_by("warehouse__channel_rows__sort_order", "pk")
        .annotate(total=F("free") + Coalesce(reserved_quantity, 0))
        .values_list("pk", "variant", "total")
    )
