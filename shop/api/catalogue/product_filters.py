"""Filters of product lists, with or without a channel."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from catalog.models import (
    Category,
    CollectionProduct,
    Listing,
    Price,
    ProductAttributeValue,
    Stock,
    Variant,
    VariantAttributeValue,
)
from catalog.models.attribute import ProductKind
from catalog.search import search_product_ids
from catalog.states import ListingState
from shop.api.catalogue.attribute_filters import attribute_condition
from shop.api.catalogue.collection_rows import cooperative_from_key
from shop.api.context import Context
from shop.api.filters import NO_ROWS, Conditions, has_metadata, id_in, in_range, is_one_of, matches_filter
from shop.api.ids import keys_from_ids
from shop.api.input_data import InputData
from shop.api.object_types import Rows
from shop.core.models import Channel
from shop.core.money import minor_digits

COOPERATIVE = "cooperative"  # the attribute computed from the product's cooperative


def product_conditions(channel: Channel | None) -> Conditions:
    """Return the conditions of `ProductFilterInput` and `ProductWhereInput`."""
    return {
        "ids": id_in("Product"),
        "slugs": is_one_of("slug"),
        "name": matches_filter("name"),
        "slug": matches_filter("slug"),
        "metadata": has_metadata(),
        "updatedAt": lambda context, time_filter: (
            in_range if time_filter.keys() <= {"gte", "lte"} else matches_filter
        )("updated_at")(context, time_filter),
        "productTypes": id_in("ProductType", column="product_type"),
        "productType": id_in("ProductType", column="product_type"),
        "categories": lambda context, ids: _in_categories(keys_from_ids(ids, "Category")),
        "category": lambda context, id_filter: _in_categories(
            keys_from_ids(_ids_from_filter(id_filter), "Category")
        ),
        "hasCategory": lambda context, value: Q(category__isnull=not value),
        "collections": lambda context, ids: in_collections(keys_from_ids(ids, "Collection")),
        "collection": lambda context, id_filter: in_collections(
            keys_from_ids(_ids_from_filter(id_filter), "Collection")
        ),
        "giftCard": lambda context, value: (
            Q(product_type__kind=ProductKind.GIFT_CARD)
            if value
            else ~Q(product_type__kind=ProductKind.GIFT_CARD)
        ),
        "hasPreorderedVariants": lambda context, value: NO_ROWS if value else Q(),
        "attributes": _attribute_condition,
        "stocks": _in_warehouses,
        "stockAvailability": lambda context, value: _in_stock(channel, value == "IN_STOCK"),
        "isAvailable": lambda context, value: _listed_as(channel, value, is_available=True),
        "isPublished": lambda context, value: _listed_as(channel, value, state=ListingState.PUBLISHED),
        "isVisibleInListing": lambda context, value: _listed_as(channel, value, visible_in_listings=True),
        "publishedFrom": lambda context, moment: _listed_as(channel, True, published_at__gte=moment),
        "availableFrom": lambda context, moment: _listed_as(
            channel, True, published_at__isnull=False, available_from__gte=moment
        ),
        "price": lambda context, input_data: _match_variant_price(context, channel, input_data),
        "minimalPrice": lambda context, input_data: _match_lowest_price(context, channel, input_data),
        "search": lambda context, text: Q(pk__in=search_product_ids(text)),
        "channel": lambda context, slug: Q(),
    }


def in_collections(keys: list[int]) -> Q:
    """Match products in any of these collections, including cooperatives' computed collections."""
    cooperatives = [cooperative for key in keys if (cooperative := cooperative_from_key(key)) is not None]
    collection_rows = CollectionProduct.objects.filter(collection__in=keys, product=OuterRef("pk"))
    return Q(Exists(collection_rows)) | Q(cooperative__in=cooperatives)


def _in_categories(keys: list[int]) -> Q:
    condition = NO_ROWS
    for path in Category.objects.filter(pk__in=keys).values_list("path", flat=True):
        condition |= Q(category__path__startswith=path)
    return condition


def _ids_from_filter(input_data: InputData) -> list[str]:
    """Return the ids of a `GlobalIDFilterInput`."""
    return [input_data["eq"]] if input_data.get("eq") else list(input_data.get("oneOf") or ())


def _listings(channel: Channel | None, **values: object) -> Q:
    rows = Listing.objects.filter(product=OuterRef("pk"), **values)
    return Q(Exists(rows if channel is None else rows.filter(channel=channel.pk)))


def _listed_as(channel: Channel | None, is_wanted: bool, **values: object) -> Q:
    condition = _listings(channel, **values)
    return condition if is_wanted else ~condition


def _in_stock(channel: Channel | None, is_wanted: bool) -> Q:
    if channel is not None:
        return _listed_as(channel, is_wanted, is_available=True)
    stocked = Stock.objects.filter(variant__product=OuterRef("pk"), free__gt=0)
    in_stock = Q(Exists(stocked)) | Q(
        Exists(Variant.objects.filter(product=OuterRef("pk"), track_inventory=False))
    )
    return in_stock if is_wanted else ~in_stock


def _in_warehouses(context: Context, input_data: InputData) -> Q:
    rows: Rows = Stock.objects.all()
    if input_data.get("warehouseIds"):
        rows = rows.filter(warehouse__in=keys_from_ids(input_data["warehouseIds"], "Warehouse"))
    sums = rows.values("variant__product").annotate(total=Sum("on_hand")).order_by()
    if input_data.get("quantity"):
        sums = sums.filter(in_range("total")(context, input_data["quantity"]))
    return Q(pk__in=sums.values("variant__product"))


def _attribute_condition(context: Context, attribute_filters: list[dict[str, object]]) -> Q:
    conditions = Q()
    for attribute_filter in attribute_filters:
        if attribute_filter.get("slug") == COOPERATIVE:
            conditions &= _of_cooperatives(attribute_filter)
            continue
        condition = attribute_condition(attribute_filter)
        of_product = ProductAttributeValue.objects.filter(condition, product=OuterRef("pk"))
        of_variants = VariantAttributeValue.objects.filter(condition, variant__product=OuterRef("pk"))
        conditions &= Q(Exists(of_product)) | Q(Exists(of_variants))
    return conditions


def _of_cooperatives(input_data: InputData) -> Q:
    """Match products of the cooperatives named by `values` or page slugs, or all if none is named."""
    value = input_data.get("value") or {}
    pages = (value.get("reference") or {}).get("pageSlugs") or {}
    slug_lists = [
        input_data.get("values"),
        _ids_from_filter(value.get("slug") or {}) or None,
        *pages.values(),
    ]
    condition = Q()
    for slugs in slug_lists:
        if slugs:
            condition &= Q(cooperative__slug__in=slugs)
    return condition


def _match_variant_price(context: Context, channel: Channel | None, input_data: Mapping[str, object]) -> Q:
    """Match products with a variant whose price is in the range."""
    rows = Price.objects.filter(variant__product=OuterRef("pk"), amount__isnull=False)
    rows = rows.alias(asked=Coalesce("discounted", "amount"))
    return Q(Exists(rows.filter(_amounts("asked", context, channel, input_data))))


def _match_lowest_price(context: Context, channel: Channel | None, input_data: Mapping[str, object]) -> Q:
    amounts = _amounts("lowest_price", context, channel, input_data)
    return Q(Exists(Listing.objects.filter(amounts, product=OuterRef("pk"))))


def _amounts(column: str, context: Context, channel: Channel | None, input_data: Mapping[str, object]) -> Q:
    """Match a range or `DecimalFilterInput` in major units of the currency."""
    if channel is not None:
        return Q(channel=channel.pk) & _in_range(column, channel.currency, input_data)
    condition = NO_ROWS
    for currency in sorted({market.currency for market in context.channels.values()}):
        condition |= Q(currency=currency) & _in_range(column, currency, input_data)
    return condition


def _in_range(column: str, currency: str, input_data: InputData) -> Q:
    scale = 10 ** minor_digits(currency)
    condition = Q()
    if input_data.get("eq") is not None:
        condition &= Q(**{column: _minor(input_data["eq"], scale)})
    if input_data.get("oneOf") is not None:
        condition &= Q(**{f"{column}__in": [_minor(amount, scale) for amount in input_data["oneOf"]]})
    for lookup, value in (input_data.get("range") or input_data).items():
        if lookup in ("gte", "lte") and value is not None:
            condition &= Q(**{f"{column}__{lookup}": _minor(value, scale)})
    return condition


def _minor(amount: float | Decimal, scale: int) -> Decimal:
    return Decimal(str(amount)) * scale
