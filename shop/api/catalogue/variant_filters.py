"""Filters and sort keys of variants."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, Sum

from catalog.models import Stock, VariantAttributeValue
from shop.api.catalogue.attribute_filters import attribute_condition
from shop.api.connections import SortKey
from shop.api.context import Context
from shop.api.filters import Conditions, has_metadata, id_in, in_range, is_one_of, matches_filter
from shop.api.ids import keys_from_ids
from shop.api.input_data import InputData
from shop.api.object_types import Rows

SORTS = {"LAST_MODIFIED_AT": [SortKey("updated_at")]}


def _match_name(context: Context, text: str) -> Q:
    return Q(name__icontains=text) | Q(sku__icontains=text) | Q(product__name__icontains=text)


def _attribute_condition(context: Context, attribute_filters: list[dict[str, object]]) -> Q:
    conditions = Q()
    for attribute_filter in attribute_filters:
        matching_values = VariantAttributeValue.objects.filter(
            attribute_condition(attribute_filter), variant=OuterRef("pk")
        )
        conditions &= Q(Exists(matching_values))
    return conditions


def stock_availability(context: Context, value: str) -> Q:
    """Match variants in or out of stock. Variants without stock tracking are always in stock."""
    in_stock = Q(track_inventory=False) | Q(Exists(Stock.objects.filter(variant=OuterRef("pk"), free__gt=0)))
    return in_stock if value == "IN_STOCK" else ~in_stock


def in_warehouses(context: Context, input_data: InputData) -> Q:
    """Match variants by their total quantity in these warehouses."""
    rows: Rows = Stock.objects.all()
    if input_data.get("warehouseIds"):
        rows = rows.filter(warehouse__in=keys_from_ids(input_data["warehouseIds"], "Warehouse"))
    sums = rows.values("variant").annotate(total=Sum("on_hand")).order_by()
    if input_data.get("quantity"):
        sums = sums.filter(in_range("total")(context, input_data["quantity"]))
    return Q(pk__in=sums.values("variant"))


CONDITIONS: Conditions = {
    "search": _match_name,
    "sku": lambda context, skus: (matches_filter if isinstance(skus, dict) else is_one_of)("sku")(
        context, skus
    ),
    "metadata": has_metadata(),
    "ids": id_in("ProductVariant"),
    "updatedAt": in_range("updated_at"),
    "attributes": _attribute_condition,
    "stockAvailability": stock_availability,
    "stocks": in_warehouses,
    "isPreorder": lambda context, value: Q(pk__in=()) if value else Q(),
}
