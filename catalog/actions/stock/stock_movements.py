"""Stock: availability, allocation choices, and every change of stock on hand.

Functions without a transaction of their own run in the caller's, which has locked the rows.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.lot_balances import change_lot_balance
from catalog.models import Listing, Movement, MovementReason, Price, Stock, Variant
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.database.compiled_query import compiled_query
from shop.core.database.transactions import lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import AllocationStrategy, Channel, record_change
from shop.core.texts.formatting import format_number

MAX_COUNTED_QUANTITY = 1_000_000


class SoldOut(Refused):
    """Not enough free stock. `details["free"]` maps each short variant to the quantity left."""

    code = "sold_out"
    default_message = _("Some of these items have just sold out.")


class InvalidStockCount(Refused):
    code = "invalid_stock_count"
    default_message = _("Enter a whole number from 0 to 1,000,000.")


class StockAlreadyChanged(Refused):
    """The stock changed after the person saw it. `details["on_hand"]` is today's stock."""

    code = "stock_already_changed"
    default_message = _("The stock has changed to %(on_hand)s meanwhile. Check it, then save again.")


@dataclass(frozen=True, slots=True)
class StockPick:
    """A quantity of a variant taken from one stock row."""

    variant_id: int
    stock_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class StockCount:
    """A counted quantity of a variant in a warehouse.

    `counted_at` is the moment of the count, if that is earlier than its recording. `seen_on_hand` is the
    stock that the person saw; if it is None, nothing is compared.
    """

    variant_id: int
    warehouse_id: uuid.UUID
    counted: int
    note: str = ""
    idempotency_key: str | None = None
    counted_at: datetime.datetime | None = None
    seen_on_hand: int | None = None


def choose_stock(
    requested: Mapping[int, int],
    stocks: Iterable[Stock],
    *,
    stock_ids_in_order: Sequence[int] = (),
    strategy: str = AllocationStrategy.PRIORITIZE_SORTING_ORDER,
) -> list[StockPick]:
    """Choose stock rows for the requested quantities, or report all shortages at once.

    `stocks` are locked and reachable for the buyer. `stock_ids_in_order` follows the channel's warehouse
    preference. Raises SoldOut.
    """
    position = {stock_id: n for n, stock_id in enumerate(stock_ids_in_order)}
    by_variant: dict[int, list[Stock]] = {}
    for stock in stocks:
        by_variant.setdefault(stock.variant_id, []).append(stock)
    picks = []
    available_quantities: dict[int, int] = {}  # of the variants that fall short
    for variant_id, quantity in requested.items():
        candidates = by_variant.get(variant_id, [])
        if strategy == AllocationStrategy.PRIORITIZE_HIGH_STOCK:
            candidates.sort(key=lambda stock: (-stock.free_from_columns, stock.pk))
        else:
            candidates.sort(key=lambda stock: (position.get(stock.pk, len(position)), stock.pk))
        remaining_quantity = quantity
        for stock in candidates:
            picked = min(remaining_quantity, max(0, stock.free_from_columns))
            if picked:
                picks.append(StockPick(variant_id, stock.pk, picked))
                remaining_quantity -= picked
        if remaining_quantity:
            available_quantities[variant_id] = quantity - remaining_quantity
    if available_quantities:
        raise SoldOut(free=available_quantities)
    return picks


def save_reserved_and_allocated(rows: Iterable[Stock]) -> None:
    """Save `reserved` and `allocated` of locked rows in one statement.

    Availability is refreshed only if a row's free stock ran out or became positive.
    """
    stocks = list(rows)
    if not stocks:
        return
    Stock.objects.bulk_update(stocks, ["reserved", "allocated"])
    changed_variant_ids = {
        stock.variant_id for stock in stocks if (stock.free > 0) != (stock.free_from_columns > 0)
    }
    for stock in stocks:
        stock.free = stock.free_from_columns
    if changed_variant_ids:
        refresh_availability(variant_ids=changed_variant_ids)


def record_movement(
    stock: Stock,
    quantity: int,
    *,
    reason: MovementReason,
    actor: Actor,
    now: datetime.datetime,
    document: str = "",
    note: str = "",
    idempotency_key: str | None = None,
    grams: int | None = None,
    lot_id: int | None = None,
    happened_at: datetime.datetime | None = None,
) -> Movement:
    """In a transaction: record a change of the stock on hand of a locked row, and of the lot's balance in it.

    Both may become negative. `happened_at` is when the stock changed, if that is recorded later. A later
    count of the stock or the lot already includes the change; a second, opposite movement then restores the
    counted quantity.
    """
    movement = Movement.objects.create(
        stock=stock,
        quantity=quantity,
        reason=reason,
        document=document,
        note=note,
        idempotency_key=idempotency_key,
        grams=grams,
        lot_id=lot_id,
        actor_kind=actor.kind,
        actor_key=actor.key,
        entry_point=actor.entry_point,
        created_at=now,
        happened_at=happened_at,
    )
    Stock.objects.filter(pk=stock.pk).update(on_hand=F("on_hand") + quantity)
    stock.on_hand += quantity
    change_lot_balance(stock, lot_id, quantity)
    if happened_at is not None and quantity and reason != MovementReason.COUNT:
        _keep_later_count(stock, movement, happened_at, actor=actor, now=now)
    return movement


def _keep_later_count(
    stock: Stock, movement: Movement, happened_at: datetime.datetime, *, actor: Actor, now: datetime.datetime
) -> None:
    """Record the opposite movement if a later count of the lot or the stock already includes this one."""
    later_count = _find_last_count_after(stock, happened_at, movement.lot_id)
    later_count = later_count or _find_last_count_after(stock, happened_at)
    if later_count is not None:
        record_movement(
            stock,
            -movement.quantity,
            reason=MovementReason.COUNT,
            actor=actor,
            now=now,
            document=f"movement:{movement.pk}",
            lot_id=later_count.lot_id,
            happened_at=later_count.happened_at or later_count.created_at,
        )


def _find_last_count_after(
    row: Stock, moment: datetime.datetime, lot_id: int | None = None
) -> Movement | None:
    """Return the last count of the lot, or of the whole stock if that is None."""
    counts = Movement.objects.filter(stock=row, reason=MovementReason.COUNT, lot=lot_id).after(moment)
    return counts.order_by("created_at", "pk").last()


@transaction.atomic(durable=True)
def count_stock(
    *,
    cooperative: Cooperative,
    variant_id: int,
    warehouse_id: uuid.UUID,
    counted_quantity: int,
    counted_at: datetime.datetime | None = None,
    note: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Stock:
    """Set the stock on hand to a count, by a movement of the difference.

    If an `idempotency_key` is given, a count without a difference is recorded too, so that a repeat changes
    nothing even after later sales. `counted_at` is the moment of the count, if that is earlier than its
    recording. Raises InvalidStockCount, and Missing for another cooperative's product.
    """
    count = StockCount(
        variant_id=variant_id,
        warehouse_id=warehouse_id,
        counted=counted_quantity,
        note=note,
        idempotency_key=idempotency_key,
        counted_at=counted_at,
    )
    return record_count(count, cooperative=cooperative, actor=actor, now=now)


@transaction.atomic(durable=True)
def record_stock_counts(
    *, cooperative: Cooperative, counts: Sequence[StockCount], actor: Actor, now: datetime.datetime
) -> list[Stock]:
    """Record several counts, all or none.

    All rows are locked first, in the global lock order. Raises like `count_stock`.
    """
    variants = {count.variant_id for count in counts}
    lock_rows(Stock.objects.for_cooperative(cooperative).filter(variant__in=variants))
    return [record_count(count, cooperative=cooperative, actor=actor, now=now) for count in counts]


def record_count(
    count: StockCount, *, cooperative: Cooperative, actor: Actor, now: datetime.datetime
) -> Stock:
    """In a transaction: record a count.

    If it finds no difference, a movement of 0 is recorded, to keep its key. A count that is recorded later is
    compared with the stock at `counted_at`, and what came in and went out since then is kept. If the stock
    was counted again since then, the later count stands and nothing changes. Raises InvalidStockCount,
    Missing, StockAlreadyChanged.
    """
    if not 0 <= count.counted <= MAX_COUNTED_QUANTITY:
        raise InvalidStockCount(field="counted")
    stock = lock_stock_row(
        cooperative=cooperative, variant_id=count.variant_id, warehouse_id=count.warehouse_id
    )
    if (
        count.idempotency_key is not None
        and Movement.objects.filter(idempotency_key=count.idempotency_key).exists()
    ):
        return stock
    _require_seen_stock(stock, count)
    before = stock.on_hand - _read_moved_quantity_after(stock, count.counted_at)
    is_superseded = (
        count.counted_at is not None and _find_last_count_after(stock, count.counted_at) is not None
    )
    record_movement(
        stock,
        0 if is_superseded else count.counted - before,
        reason=MovementReason.COUNT,
        actor=actor,
        now=now,
        note=count.note,
        idempotency_key=count.idempotency_key,
        happened_at=count.counted_at,
    )
    if not is_superseded:
        Stock.objects.filter(pk=stock.pk).update(counted_at=count.counted_at or now)
    record_change(
        "stock.counted",
        stock,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"variant": count.variant_id, "from": before, "to": count.counted},
    )
    refresh_availability(variant_ids={count.variant_id})
    return stock


def _require_seen_stock(stock: Stock, count: StockCount) -> None:
    """Raise StockAlreadyChanged if the person who counted saw another stock."""
    if count.seen_on_hand not in (None, stock.on_hand):
        values = {"on_hand": format_number(stock.on_hand)}
        message = str(StockAlreadyChanged.default_message) % values
        raise StockAlreadyChanged(message, field="counted", on_hand=stock.on_hand)


def _read_moved_quantity_after(row: Stock, moment: datetime.datetime | None) -> int:
    """Return the change of the stock on hand since the moment, or 0 if that is None."""
    if moment is None:
        return 0
    return Movement.objects.filter(stock=row).after(moment).aggregate(sum=Sum("quantity"))["sum"] or 0


def record_movement_and_change(
    stock: Stock,
    quantity: int,
    *,
    reason: MovementReason,
    note: str,
    lot_id: int | None = None,
    happened_at: datetime.datetime | None,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: record a movement of a locked row, and its change."""
    record_movement(
        stock,
        quantity,
        reason=reason,
        actor=actor,
        now=now,
        note=note,
        idempotency_key=idempotency_key,
        lot_id=lot_id,
        happened_at=happened_at,
    )
    record_change(
        "stock.moved",
        stock,
        actor=actor,
        now=now,
        cooperative_id=stock.warehouse.cooperative_id,
        data={"variant": stock.variant_id, "quantity": quantity, "reason": reason},
    )


def lock_stock_row(*, cooperative: Cooperative, variant_id: int, warehouse_id: uuid.UUID) -> Stock:
    """Return the locked stock row of a variant in a warehouse. A missing row is created.

    A variant is stocked only in its own cooperative's warehouses. Raises Missing.
    """
    return lock_stock_rows(cooperative=cooperative, variant_id=variant_id, warehouse_ids=[warehouse_id])[0]


def lock_stock_rows(
    *, cooperative: Cooperative, variant_id: int, warehouse_ids: Sequence[uuid.UUID]
) -> list[Stock]:
    """Return the locked stock rows of a variant in these warehouses, in their order. See `lock_stock_row`.

    Raises Missing.
    """
    variant = Variant.objects.for_cooperative(cooperative).filter(pk=variant_id).first()
    warehouses = Warehouse.objects.for_cooperative(cooperative).in_bulk(warehouse_ids)
    if variant is None or len(warehouses) < len(warehouse_ids):
        raise Missing()
    # In one order, because an insertion waits for another transaction's insertion of the same row.
    missing_rows = [Stock(variant=variant, warehouse=warehouses[key]) for key in sorted(warehouses)]
    Stock.objects.bulk_create(missing_rows, ignore_conflicts=True)
    rows = lock_rows(Stock.objects.filter(variant=variant, warehouse__in=warehouses))
    by_warehouse = {row.warehouse_id: row for row in rows}
    return [by_warehouse[warehouse_id] for warehouse_id in warehouse_ids]


def refresh_availability(*, variant_ids: Iterable[int]) -> None:
    """Update `Listing.is_available` of these variants' products from prices and stock.

    Only stock that reaches the channel's own country counts. Listings are locked before stock is read: when
    two buyers concurrently take the last of two sizes, the second sees the first's allocation. Every
    transaction locks stock rows before listings.
    """
    affected_listings = Listing.objects.filter(product__variants__in=list(variant_ids)).values("pk")
    listings = lock_rows(Listing.objects.filter(pk__in=affected_listings))
    for channel in Channel.objects.filter(pk__in={row.channel_id for row in listings}).order_by("pk"):
        channel_rows = [row for row in listings if row.channel_id == channel.pk]
        available = set(
            _available_listings(channel.pk, channel.default_country, [row.pk for row in channel_rows])
        )
        stale_listing_ids = [row.pk for row in channel_rows if row.is_available != (row.pk in available)]
        for is_available in (True, False) if stale_listing_ids else ():
            changed = [key for key in stale_listing_ids if (key in available) == is_available]
            Listing.objects.filter(pk__in=changed).update(is_available=is_available)


@compiled_query
def _available_listings(
    channel_id: int, country: str, listing_ids: Collection[int]
) -> QuerySet[Listing, int]:
    """Return ids of those listings with a priced, in-stock variant."""
    in_stock = Stock.objects.reachable(channel_id=channel_id, country=country)
    channel_prices = Price.objects.filter(variant=OuterRef("pk"), channel=channel_id, amount__isnull=False)
    buyable = Variant.objects.filter(
        Q(track_inventory=False) | Exists(in_stock.filter(variant=OuterRef("pk"), free__gt=0)),
        Exists(channel_prices),
        product=OuterRef("product"),
    )
    return Listing.objects.filter(Exists(buyable), pk__in=listing_ids).values_list("pk", flat=True)
