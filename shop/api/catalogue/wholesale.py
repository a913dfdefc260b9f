"""Wholesale prices of variants, which are not part of Saleor's schema."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from catalog.models import WholesalePrice
from shop.api.breadth import Selection
from shop.api.catalogue.pricing import net_and_gross, read_variant_prices
from shop.api.catalogue.types import variant_object
from shop.api.context import Context
from shop.api.in_channel import Pair
from shop.api.object_types import Row, Type
from shop.core.database.compiled_query import compiled_query

variant_object.columns(
    quantityLimitPerOrder="quantity_limit_per_order", quantityLimitDays="quantity_limit_days"
)

wholesale_price_object = Type("WholesalePrice")
wholesale_price_object.value_fields("minimumQuantity", "price")


@variant_object.field(needs=("id", "in_channel"))
def wholesale_prices(
    variants: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[dict[str, object]]]:
    """Resolve the wholesale prices in each variant's channel that one order can reach.

    There are none without a channel.
    """
    keys = {variant_row.id for variant_row in variants}
    channels = {variant_row.in_channel for variant_row in variants} - {None}
    if not channels:
        return [[] for _variant in variants]
    prices = {
        (price.variant_id, price.channel_id): price
        for price in read_variant_prices("variant", keys, channels, context, selection, None)
    }
    tiers_by_pair: dict[Pair, list[dict[str, object]]] = {}
    shop_limit = context.settings.limit_quantity_per_checkout
    for variant_id, channel_id, quantity, amount, *own_limits in _tiers(keys, channels):
        pair = (variant_id, channel_id)
        limits = [limit for limit in (shop_limit, *own_limits) if limit is not None]
        if pair in prices and quantity <= min(limits, default=quantity):
            price = net_and_gross(amount, prices[pair], context)
            tiers_by_pair.setdefault(pair, []).append({"minimumQuantity": quantity, "price": price})
    return [tiers_by_pair.get((variant_row.id, variant_row.in_channel), []) for variant_row in variants]


@compiled_query
def _tiers(
    variant_ids: Collection[int], channel_ids: Collection[int]
) -> QuerySet[WholesalePrice, tuple[int, int, int, int, int | None, int | None]]:
    rows = WholesalePrice.objects.filter(price__variant__in=variant_ids, price__channel__in=channel_ids)
    values = rows.order_by("price", "minimum_quantity")
    return values.values_list(
        "price__variant_id",
        "price__channel_id",
        "minimum_quantity",
        "amount",
        "price__variant__quantity_limit_per_order",
        "price__variant__quantity_limit_per_customer",
    )


TYPES = (wholesale_price_object,)
