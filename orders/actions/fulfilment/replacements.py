"""Free replacements for items that arrived broken, wrong or not at all."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from catalog.actions.stock.stock_movements import SoldOut, save_reserved_and_allocated
from catalog.models import Stock
from orders import locks
from orders.actions.fulfilment.lot_picks import LotChoices, assign_lots
from orders.actions.fulfilment.pack_parcels import allocate_stock
from orders.actions.fulfilment.parcel_rows import make_parcel_line, read_next_parcel
from orders.actions.order_records.part_changes import record_part_change
from orders.models import Complaint, Order, OrderLine, OrderPart, Parcel, ParcelLine
from orders.states import ParcelKind
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing


def create_replacement(
    order: Order,
    part: OrderPart,
    quantities: Mapping[uuid.UUID, int],
    *,
    complaint: Complaint | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """On a locked order: create a replacement parcel, allocated from stock and ready to be packed.

    Raises ExpiredLot, Missing, SoldOut.
    """
    lines = list(
        part.lines.filter(pk__in=list(quantities)).select_related("variant").order_by("position", "pk")
    )
    if len(lines) != len(quantities):
        raise Missing()
    stocks = _lock_stock(part, lines)
    next_parcel = read_next_parcel(order)
    parcel = Parcel.objects.create(
        part=part,
        number=next_parcel.number,
        label_code=next_parcel.label_code,
        kind=ParcelKind.REPLACEMENT,
        carrier=part.carrier,
        warehouse_id=part.warehouse_id,
        complaint=complaint,
    )
    parcel_lines = [
        parcel_line
        for line in lines
        for parcel_line in _allocate_line(parcel, line, quantities[line.pk], stocks)
    ]
    parcel_lines = assign_lots(parcel_lines, LotChoices(), today=vietnam_date(now))
    ParcelLine.objects.bulk_create(parcel_lines)
    save_reserved_and_allocated(stocks.values())
    stock = next((parcel_line.stock for parcel_line in parcel_lines if parcel_line.stock is not None), None)
    if stock is not None:
        parcel.warehouse_id = stock.warehouse_id
        parcel.save(update_fields=["warehouse"])
    record_part_change(order, part, "parcel.created", parcel, actor=actor, now=now)
    return parcel


def _lock_stock(part: OrderPart, lines: list[OrderLine]) -> dict[int, Stock]:
    """Lock the stock rows of the lines' variants in the cooperative's open warehouses, by key."""
    stocks = Stock.objects.for_cooperative(part.cooperative).filter(
        variant__in=[line.variant_id for line in lines], warehouse__closed_at=None
    )
    return locks.lock_stock(stocks.values_list("pk", flat=True))


def _allocate_line(
    parcel: Parcel, line: OrderLine, quantity: int, stocks: Mapping[int, Stock]
) -> list[ParcelLine]:
    variant = line.variant
    if variant is None or not variant.track_inventory:
        return [make_parcel_line(parcel, line, quantity)]
    parcel_lines, missing = [], quantity
    for stock in sorted(stocks.values(), key=lambda stock: stock.pk):
        free_quantity = stock.free_from_columns if stock.variant_id == variant.pk else 0
        allocated = min(missing, max(0, free_quantity))
        if allocated:
            allocate_stock(stock, line.pk, allocated)
            parcel_lines.append(make_parcel_line(parcel, line, allocated, stock))
            missing -= allocated
    if missing:
        raise SoldOut(free={variant.pk: quantity - missing})
    return parcel_lines
