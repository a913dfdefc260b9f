"""Check stock, lots, recalls and availability."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet, Sum

from catalog.models import Listing, Lot, LotBalance, Movement, Price, Recall, Stock
from cooperatives.models import WarehouseChannel, Zone, ZoneCountry
from orders.models import (
    Allocation,
    Reservation,
    SubstituteHold,
)
from shop.core.database.compiled_query import compiled_query
from shop.core.models import Channel
from shop.management.verification.rows import (
    batch_after,
    in_batches,
)


def find_wrong_stock() -> Iterator[str]:
    for batch in in_batches(_stock_after):
        yield from _find_stock_faults(batch)


@compiled_query
def _stock_after(last: int | None) -> QuerySet[Stock]:
    return batch_after(Stock.objects.select_related("variant", "warehouse"), last)


def _find_stock_faults(batch: Sequence[Stock]) -> Iterator[str]:
    ids = [stock.pk for stock in batch]
    movement_sums = Counter(dict(_moved_quantities(ids)))
    reserved = Counter(dict(_reserved_quantities(ids)))
    allocated = Counter(dict(_allocated_quantities(ids))) + Counter(dict(_held_quantities(ids)))
    recalled = Counter(dict(_recalled_quantities(ids)))
    for stock in batch:
        if stock.on_hand != movement_sums[stock.pk]:
            yield (
                f"stock {stock.pk}: on hand is {stock.on_hand}"
                f", its movements sum to {movement_sums[stock.pk]}"
            )
        if stock.reserved != reserved[stock.pk]:
            yield (
                f"stock {stock.pk}: reserved is {stock.reserved}"
                f", its reservations sum to {reserved[stock.pk]}"
            )
        if stock.allocated != allocated[stock.pk]:
            yield (
                f"stock {stock.pk}: allocated is {stock.allocated}"
                f", its allocations sum to {allocated[stock.pk]}"
            )
        if stock.recalled != recalled[stock.pk]:
            yield (
                f"stock {stock.pk}: recalled is {stock.recalled}, its recalled lots have {recalled[stock.pk]}"
            )
        free = stock.on_hand - stock.reserved - stock.allocated - stock.recalled
        if stock.free != free:
            yield f"stock {stock.pk}: free is {stock.free}, but {free} are neither held nor recalled"
        if stock.variant.cooperative_id != stock.warehouse.cooperative_id:
            yield f"stock {stock.pk}: its variant is of another cooperative than its warehouse"


@compiled_query
def _moved_quantities(stock_ids: Collection[int]) -> QuerySet[Movement, tuple[Any, ...]]:
    return _sums_by_stock(Movement.objects.filter(stock__in=stock_ids))


@compiled_query
def _reserved_quantities(stock_ids: Collection[int]) -> QuerySet[Reservation, tuple[Any, ...]]:
    return _sums_by_stock(Reservation.objects.filter(stock__in=stock_ids))


@compiled_query
def _allocated_quantities(stock_ids: Collection[int]) -> QuerySet[Allocation, tuple[Any, ...]]:
    return _sums_by_stock(Allocation.objects.filter(stock__in=stock_ids))


@compiled_query
def _held_quantities(stock_ids: Collection[int]) -> QuerySet[SubstituteHold, tuple[Any, ...]]:
    return _sums_by_stock(SubstituteHold.objects.filter(stock__in=stock_ids))


@compiled_query
def _recalled_quantities(stock_ids: Collection[int]) -> QuerySet[LotBalance, tuple[Any, ...]]:
    recalled = LotBalance.objects.filter(lot__in=Recall.objects.open().values("lot"), on_hand__gt=0)
    return _sums_by_stock(recalled.filter(stock__in=stock_ids), "on_hand")


def _sums_by_stock(rows: QuerySet[Any], column: str = "quantity") -> QuerySet[Any, tuple[Any, ...]]:
    sums: QuerySet[Any, tuple[Any, ...]] = rows.order_by().values_list("stock").annotate(sum=Sum(column))
    return sums


def find_wrong_recalls() -> Iterator[str]:
    """Check that a lot is marked as recalled since the start of its open recall, and no other lot is."""
    open_recalls = dict(_open_recalls())
    for lot in _recalled_lots():
        if lot.recalled_at != open_recalls.get(lot.pk):
            yield f"lot {lot.code}: recalled_at is not the start of its open recall"


@compiled_query
def _open_recalls() -> QuerySet[Recall, tuple[Any, ...]]:
    return Recall.objects.open().values_list("lot", "started_at")


@compiled_query
def _recalled_lots() -> QuerySet[Lot]:
    """Return the lots that are marked as recalled, or have an open recall."""
    has_open_recall = Q(pk__in=Recall.objects.open().values("lot"))
    return Lot.objects.filter(Q(recalled_at__isnull=False) | has_open_recall).order_by("pk")


def find_wrong_lot_balances() -> Iterator[str]:
    """Check that each lot's balance in a stock is the sum of the stock's movements that name the lot.

    If `find_wrong_stock` finds nothing either, a stock holds its lots' balances and its movements without a
    lot.
    """
    for batch in in_batches(_stock_after):
        ids = [stock.pk for stock in batch]
        sums = {(stock_id, lot_id): total for stock_id, lot_id, total in _moved_lot_quantities(ids)}
        for balance in _lot_balances(ids):
            expected = sums.pop((balance.stock_id, balance.lot_id), 0)
            name = f"lot {balance.lot.code}: its balance in stock {balance.stock_id}"
            if balance.on_hand != expected:
                yield f"{name} is {balance.on_hand}, its movements sum to {expected}"
            if balance.lot.variant_id != balance.stock.variant_id:
                yield f"{name} is of another variant"
        for stock_id, lot_id in sums:
            yield f"lot {lot_id}: it has movements in stock {stock_id} and no balance"


@compiled_query
def _moved_lot_quantities(stock_ids: Collection[int]) -> QuerySet[Movement, tuple[Any, ...]]:
    movements = Movement.objects.filter(stock__in=stock_ids, lot__isnull=False).order_by("stock", "lot")
    return movements.values_list("stock", "lot").annotate(sum=Sum("quantity"))


@compiled_query
def _lot_balances(stock_ids: Collection[int]) -> QuerySet[LotBalance]:
    return LotBalance.objects.filter(stock__in=stock_ids).select_related("lot", "stock").order_by("pk")


def find_wrong_availability() -> Iterator[str]:
    """Check that a listing is available if a priced variant is untracked, or in stock for its channel."""
    channels_by_warehouse: defaultdict[uuid.UUID, set[int]] = defaultdict(set)
    for warehouse_id, channel_id in set(_warehouse_channels()) & _find_pairs_sharing_a_zone():
        channels_by_warehouse[warehouse_id].add(channel_id)
    for batch in in_batches(_listings_after):
        available = _find_available_pairs({row.product_id for row in batch}, channels_by_warehouse)
        for row in batch:
            if row.is_available != ((row.product_id, row.channel_id) in available):
                yield f"listing {row.pk}: is_available is {row.is_available}, its stock and prices differ"


@compiled_query
def _warehouse_channels() -> QuerySet[WarehouseChannel, tuple[Any, ...]]:
    return WarehouseChannel.objects.values_list("warehouse", "channel")


@compiled_query
def _listings_after(last: int | None) -> QuerySet[Listing]:
    return batch_after(Listing.objects.all(), last)


def _find_available_pairs(
    product_ids: Collection[int], channels_by_warehouse: Mapping[uuid.UUID, set[int]]
) -> set[tuple[int, int]]:
    """Return pairs of product and channel in which a variant is available."""
    stocked_pairs = {
        (variant_id, channel_id)
        for variant_id, warehouse_id in _free_stock(product_ids)
        for channel_id in channels_by_warehouse.get(warehouse_id, ())
    }
    return {
        (product_id, channel_id)
        for product_id, channel_id, variant_id, is_tracked in _priced_variants(product_ids)
        if not is_tracked or (variant_id, channel_id) in stocked_pairs
    }


@compiled_query
def _free_stock(product_ids: Collection[int]) -> QuerySet[Stock, tuple[Any, ...]]:
    free = Stock.objects.filter(free__gt=0, variant__product__in=product_ids)
    return free.values_list("variant", "warehouse")


@compiled_query
def _priced_variants(product_ids: Collection[int]) -> QuerySet[Price, tuple[Any, ...]]:
    prices = Price.objects.filter(amount__isnull=False, variant__product__in=product_ids)
    return prices.values_list("variant__product", "channel", "variant", "variant__track_inventory")


def _find_pairs_sharing_a_zone() -> set[tuple[uuid.UUID, int]]:
    """Return pairs of warehouse and channel that share a zone with the channel's country."""
    countries = dict(_channel_countries())
    zone_channels = {
        (zone_id, channel_id)
        for zone_id, country, channel_id in _zone_countries()
        if channel_id and countries[channel_id] == country
    }
    channels_with_own_zone = {channel_id for _zone, channel_id in zone_channels}
    return {
        (warehouse_id, channel_id)
        for warehouse_id, zone_id, channel_id, is_default in _zone_warehouses()
        if (zone_id, channel_id) in zone_channels or (is_default and channel_id not in channels_with_own_zone)
    }


@compiled_query
def _channel_countries() -> QuerySet[Channel, tuple[Any, ...]]:
    return Channel.objects.values_list("pk", "default_country")


@compiled_query
def _zone_countries() -> QuerySet[ZoneCountry, tuple[Any, ...]]:
    return ZoneCountry.objects.values_list("zone", "country", "zone__channels")


@compiled_query
def _zone_warehouses() -> QuerySet[Zone, tuple[Any, ...]]:
    return Zone.objects.values_list("warehouses", "pk", "channels", "is_default")
