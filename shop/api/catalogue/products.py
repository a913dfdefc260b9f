"""Products and their relations."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog.models import CollectionProduct, Listing, Product, Stock, Variant
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue import variant_filters
from shop.api.catalogue.categories import read_visible_categories
from shop.api.catalogue.collection_rows import key_from_cooperative
from shop.api.catalogue.grams import weights
from shop.api.catalogue.inputs import (
    ProductIsAvailableArguments,
    ProductProductVariantsArguments,
    ProductVariantArguments,
    ProductVariantsArguments,
)
from shop.api.catalogue.pricing import country_argument
from shop.api.catalogue.types import (
    collection_object,
    product_object,
    product_type_object,
    variant_object,
)
from shop.api.connections import SortKey, connect_for_parents
from shop.api.context import Context
from shop.api.field_permissions import CooperativeScoped
from shop.api.filters import build_condition, require_one_filter, sort_keys
from shop.api.ids import key_from_id
from shop.api.in_channel import Pair, channel_by_key, channel_slugs
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row
from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel

product_object.id()
product_object.columns(
    name="name",
    slug="slug",
    seoTitle="seo_title",
    seoDescription="seo_description",
    description="description",
    descriptionJson="description",
    created="created_at",
    updatedAt="updated_at",
    externalReference="external_reference",
)
product_object.related("productType", product_type_object, column="product_type_id")
product_object.related_in_channel("defaultVariant", variant_object, column="default_variant_id")
product_object.field("channel", needs="in_channel")(channel_slugs)
product_object.field("weight", needs="weight")(weights)
product_object.unsupported("rating")
add_metadata_fields(product_object, Product, permissions=[CooperativeScoped(Permission.MANAGE_PRODUCTS)])


@product_object.field("category", needs="category_id")
def category_of_products(
    products: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    return read_visible_categories(context, [row.category_id for row in products], selection.names())


@product_object.field(needs="in_channel")
def charge_taxes(
    products: list[Row], arguments: object, context: Context, selection: Selection
) -> list[bool]:
    channels = [channel_by_key(context, product_row.in_channel) for product_row in products]
    return [channel is None or channel.charge_taxes for channel in channels]


@product_object.field(needs=("id", "in_channel"))
def is_available(
    products: list[Row], arguments: ProductIsAvailableArguments, context: Context, selection: Selection
) -> list[bool | None]:
    """Resolve whether a variant is available in the channel or country, or null without one."""
    country = country_argument(arguments)
    if country is not None:
        available_pairs = {
            pair
            for channel in product_channels(products, context)
            for pair in _find_available_pairs(products, channel, country)
        }
        return [
            None
            if product_row.in_channel is None
            else (product_row.id, product_row.in_channel) in available_pairs
            for product_row in products
        ]
    availability = {
        (key, channel): is_available for key, channel, is_available, *_ in _read_listing_values(products)
    }
    return [
        None
        if product_row.in_channel is None
        else availability.get((product_row.id, product_row.in_channel), False)
        for product_row in products
    ]


@product_object.field(needs=("id", "in_channel"))
def is_available_for_purchase(
    products: list[Row], arguments: object, context: Context, selection: Selection
) -> list[bool | None]:
    moments = _read_start_dates(products)
    now = context.now
    return [
        None if product_row.in_channel is None else _has_passed(moments[position], now)
        for position, product_row in enumerate(products)
    ]


@product_object.field(needs=("id", "in_channel"))
def available_for_purchase_at(
    products: list[Row], arguments: object, context: Context, selection: Selection
) -> list[datetime.datetime | None]:
    return _read_start_dates(products)


@product_object.field(needs=("id", "in_channel"))
def available_for_purchase(
    products: list[Row], arguments: object, context: Context, selection: Selection
) -> list[datetime.date | None]:
    return [None if moment is None else vietnam_date(moment) for moment in _read_start_dates(products)]


@product_object.field(needs=("id", "in_channel"))
def variants(
    products: list[Row], arguments: ProductVariantsArguments, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve variants in their order. It takes one query per channel."""
    variants_by_pair: dict[Pair, list[Row]] = {}
    for channel_key in dict.fromkeys(product_row.in_channel for product_row in products):
        keys = {product_row.id for product_row in products if product_row.in_channel == channel_key}
        order = ("product_id", "sort_order", "id")
        rows = variant_object.rows_among(
            context, channel_by_key(context, channel_key), keys, column="product_id", order=order
        )
        groups = variant_object.grouped(rows, selection.names(), by="product_id")
        variants_by_pair |= {(key, channel_key): group for key, group in groups.items()}
    return [variants_by_pair.get((product_row.id, product_row.in_channel), []) for product_row in products]


@product_object.field("variant", needs=("id", "in_channel"))
def variant_of_products(
    products: list[Row], arguments: ProductVariantArguments, context: Context, selection: Selection
) -> list[Row | None]:
    global_id, sku = arguments.get("id"), arguments.get("sku")
    requested = {"sku": sku} if global_id is None else {"pk": key_from_id(global_id, "ProductVariant")}
    variant_by_pair: dict[Pair, Row] = {}
    for channel_key in dict.fromkeys(product_row.in_channel for product_row in products):
        keys = {product_row.id for product_row in products if product_row.in_channel == channel_key}
        rows = variant_object.rows_in(context, channel_by_key(context, channel_key))
        for row in variant_object.read(
            rows.filter(product__in=keys, **requested), selection.names(), "product_id"
        ):
            variant_by_pair[row.product_id, channel_key] = row
    return [variant_by_pair.get((product_row.id, product_row.in_channel)) for product_row in products]


@product_object.field(needs=("id", "in_channel"))
def product_variants(
    products: list[Row], arguments: ProductProductVariantsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    require_one_filter(arguments)
    order = sort_keys(arguments.get("sortBy"), variant_filters.SORTS, [SortKey("sort_order"), SortKey("id")])
    pages: dict[Pair, object] = {}
    for channel_key in dict.fromkeys(product_row.in_channel for product_row in products):
        keys = [product_row.id for product_row in products if product_row.in_channel == channel_key]
        rows = variant_object.rows_in(context, channel_by_key(context, channel_key))
        for input_data in (arguments.get("filter"), arguments.get("where")):
            rows = rows.filter(build_condition(input_data, variant_filters.CONDITIONS, context))
        channel_pages = connect_for_parents(
            variant_object, rows, arguments, selection, order=order, parent_column="product_id", parents=keys
        )
        pages |= {(key, channel_key): page for key, page in zip(keys, channel_pages, strict=True)}
    return [pages[product_row.id, product_row.in_channel] for product_row in products]


@product_object.field(needs=("id", "cooperative_id", "in_channel"))
def collections(
    products: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve collections by name, then the cooperative's computed collection."""
    keys_of: dict[int, list[int]] = {}
    for key, collection_key in _collection_positions({product_row.id for product_row in products}):
        keys_of.setdefault(key, []).append(collection_key)
    requested = [
        [*keys_of.get(product_row.id, ()), key_from_cooperative(product_row.cooperative_id)]
        for product_row in products
    ]
    pairs = [
        (key, product_row.in_channel)
        for keys, product_row in zip(requested, products, strict=True)
        for key in keys
    ]
    collections_by_pair = collection_object.by_pair(context, pairs, selection.names())
    return [
        [
            collections_by_pair[key, product_row.in_channel]
            for key in keys
            if (key, product_row.in_channel) in collections_by_pair
        ]
        for keys, product_row in zip(requested, products, strict=True)
    ]


@compiled_query
def _collection_positions(product_ids: Collection[int]) -> QuerySet[CollectionProduct, tuple[int, int]]:
    rows = CollectionProduct.objects.filter(product__in=product_ids)
    return rows.order_by("collection__name", "collection_id").values_list("product_id", "collection_id")


def product_channels(products: list[Row], context: Context) -> list[Channel]:
    """Return the channels that these products are seen in."""
    keys = dict.fromkeys(product_row.in_channel for product_row in products)
    return [channel for key in keys if (channel := channel_by_key(context, key)) is not None]


def _find_available_pairs(products: list[Row], channel: Channel, country: str) -> Iterator[tuple[int, int]]:
    """Yield products with a variant available in the channel and deliverable to the country."""
    in_stock = Stock.objects.reachable(channel_id=channel.pk, country=country).filter(free__gt=0)
    sold = Variant.objects.buyable_in(channel.pk).filter(
        product__in={product_row.id for product_row in products}
    )
    available_variants = sold.filter(
        Q(track_inventory=False) | Q(Exists(in_stock.filter(variant=OuterRef("pk"))))
    )
    return ((key, channel.pk) for key in available_variants.values_list("product_id", flat=True))


# Product, channel, availability, available since, published at.
_ListingValues: TypeAlias = tuple[int, int, bool, datetime.datetime | None, datetime.datetime | None]


def _read_listing_values(products: list[Row]) -> list[_ListingValues]:
    """Return the products' listings."""
    channel_ids = {product_row.in_channel for product_row in products} - {None}
    return _listings({product_row.id for product_row in products}, channel_ids) if channel_ids else []


@compiled_query
def _listings(
    product_ids: Collection[int], channel_ids: Collection[int]
) -> QuerySet[Listing, _ListingValues]:
    rows = Listing.objects.filter(product__in=product_ids, channel__in=channel_ids)
    return rows.values_list("product_id", "channel_id", "is_available", "available_from", "published_at")


def _read_start_dates(products: list[Row]) -> list[datetime.datetime | None]:
    """Return when each product may be bought, which is the listing's time or else its publication."""
    rows = _read_listing_values(products)
    times_by_pair = {
        (key, channel): moment or published for key, channel, _is_available, moment, published in rows
    }
    return [times_by_pair.get((product_row.id, product_row.in_channel)) for product_row in products]


def _has_passed(moment: datetime.datetime | None, now: datetime.datetime) -> bool:
    return moment is not None and moment <= now


TYPES = (product_object,)
