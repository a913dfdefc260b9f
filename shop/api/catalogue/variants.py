"""Variants and their available quantity."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, QuerySet, Sum

from catalog.models import Price, Stock, Variant
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.grams import weights
from shop.api.catalogue.inputs import ProductVariantQuantityAvailableArguments, ProductVariantStocksArguments
from shop.api.catalogue.pricing import country_argument
from shop.api.catalogue.types import (
    OWN_PRODUCT_READ_PERMISSIONS,
    own_rows_condition,
    product_object,
    stock_object,
    variant_object,
)
from shop.api.context import Context
from shop.api.field_permissions import CooperativeScoped
from shop.api.in_channel import Pair, channel_by_key, channel_slugs
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Type
from shop.core.database.compiled_query import compiled_query
from shop.core.models import Channel

DEFAULT_QUANTITY_LIMIT = 50  # of `quantityAvailable`
_LIMITS = ("quantity_limit_per_customer", "quantity_limit_per_order")

variant_object.id()
variant_object.columns(
    name="name",
    sku="sku",
    trackInventory="track_inventory",
    quantityLimitPerCustomer="quantity_limit_per_customer",
    created="created_at",
    updatedAt="updated_at",
    externalReference="external_reference",
)
variant_object.related_in_channel("product", product_object, column="product_id")
variant_object.field("channel", needs="in_channel")(channel_slugs)
variant_object.field("weight", needs="weight")(weights)
variant_object.unsupported("preorder")
add_metadata_fields(variant_object, Variant, permissions=[CooperativeScoped(Permission.MANAGE_PRODUCTS)])


@variant_object.field(needs=("id", "track_inventory", *_LIMITS, "in_channel"))
def quantity_available(
    variants: list[Row],
    arguments: ProductVariantQuantityAvailableArguments,
    context: Context,
    selection: Selection,
) -> list[int]:
    """Resolve the available quantity, up to the shop's limit per line.

    It counts stock deliverable to the given country, by default the channel's. If no channel is given, it
    counts all stock.
    """
    shop_limit = context.settings.limit_quantity_per_checkout or DEFAULT_QUANTITY_LIMIT
    country = country_argument(arguments) or arguments.get("countryCode")
    free_quantities: dict[Pair, int] = {}
    for channel_key in dict.fromkeys(variant_row.in_channel for variant_row in variants):
        keys = [
            variant_row.id
            for variant_row in variants
            if variant_row.in_channel == channel_key and variant_row.track_inventory
        ]
        channel = channel_by_key(context, channel_key)
        destination = (
            (channel.pk, country or channel.default_country) if channel is not None else (None, None)
        )
        free_quantities |= (
            {(key, channel_key): total for key, total in _select_free_quantities(keys, *destination)}
            if keys
            else {}
        )
    quantities = []
    for variant_row in variants:
        limit = min(shop_limit, *(getattr(variant_row, column) or shop_limit for column in _LIMITS))
        available = (
            free_quantities.get((variant_row.id, variant_row.in_channel), 0)
            if variant_row.track_inventory
            else limit
        )
        quantities.append(max(0, min(available, limit)))
    return quantities


@variant_object.field(needs=("id", "in_channel"), permissions=OWN_PRODUCT_READ_PERMISSIONS)
def stocks(
    variants: list[Row], arguments: ProductVariantStocksArguments, context: Context, selection: Selection
) -> list[list[Row]]:
    country = country_argument(arguments) or arguments.get("countryCode")
    own_condition = own_rows_condition(context, "warehouse__cooperative") or Q()
    stocks_by_pair: dict[Pair, list[Row]] = {}
    for channel_key in dict.fromkeys(variant_row.in_channel for variant_row in variants):
        keys = [variant_row.id for variant_row in variants if variant_row.in_channel == channel_key]
        rows = deliverable_stocks(keys, channel_by_key(context, channel_key) if country else None, country)
        rows = rows.filter(own_condition, warehouse__closed_at=None).order_by("variant_id", "id")
        groups = stock_object.grouped(rows, selection.names(), by="variant_id")
        stocks_by_pair |= {(key, channel_key): group for key, group in groups.items()}
    return [stocks_by_pair.get((variant_row.id, variant_row.in_channel), []) for variant_row in variants]


@variant_object.field(needs=("id", "in_channel"), permissions=[CooperativeScoped(Permission.MANAGE_PRODUCTS)])
def margin(
    variants: list[Row], arguments: object, context: Context, selection: Selection
) -> list[int | None]:
    """Resolve the margin in percent of the price."""
    own_condition = own_rows_condition(context, "variant__cooperative") or Q()
    keys = {variant_row.id for variant_row in variants}
    rows = Price.objects.filter(own_condition, variant__in=keys, amount__gt=0, cost__isnull=False)
    margins_by_pair = {(price.variant_id, price.channel_id): margin_percent(price) for price in rows}
    return [margins_by_pair.get((variant_row.id, variant_row.in_channel)) for variant_row in variants]


def margin_percent(price: Price) -> int | None:
    selling = price.selling_price
    return None if not selling or price.cost is None else round((selling - price.cost) * 100 / selling)


@compiled_query
def _select_free_quantities(
    variant_ids: Collection[int], channel_id: int | None, country: str | None
) -> QuerySet[Stock, tuple[int, int]]:
    rows = Stock.objects.filter(variant__in=variant_ids)
    if channel_id is not None and country is not None:
        rows = Stock.objects.filter(variant__in=variant_ids).reachable(channel_id=channel_id, country=country)
    sums = rows.values_list("variant_id").annotate(total=Sum("free"))
    return sums.order_by()


def deliverable_stocks(
    keys: Collection[int], channel: Channel | None, country: str | None
) -> QuerySet[Stock]:
    """Return the variants' stock deliverable in a channel by its zones.

    If no channel is given, return all of it.
    """
    rows = Stock.objects.filter(variant__in=keys)
    if channel is None:
        return rows
    return rows.reachable(channel_id=channel.pk, country=country or channel.default_country)


# Preorders are not supported, so only existing stock is sold.
preorder_object = Type("PreorderData")
preorder_object.value_fields("globalThreshold", "globalSoldUnits", "endDate")
preorder_threshold_object = Type("PreorderThreshold")
preorder_threshold_object.value_fields("quantity", "soldUnits")

TYPES = (variant_object, preorder_object, preorder_threshold_object)
