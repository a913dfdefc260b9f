"""Pack and dispatch in one step, for sellers that pack with a system of their own."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import save_reserved_and_allocated
from catalog.models import Stock
from orders import locks
from orders.actions.fulfilment.deliver_parcels import DispatchDetails, OrderNotPaid, dispatch_parcel
from orders.actions.fulfilment.pack_parcels import (
    OrderNotConfirmed,
    QuantityNotOpen,
    accept_locked_part,
    allocate_stock,
    close_locked_parcel,
    create_parcel,
    release_allocation,
    require_outgoing_parcel,
)
from orders.actions.order_records.part_changes import record_part_change
from orders.models import Allocation, Order, OrderLine, OrderPart, Parcel, ParcelLine
from orders.states import Coverage, ParcelState, PartState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import shop_settings
from shop.core.states import TransitionNotAllowed


class NotEnoughWarehouseStock(Refused):
    """`details["lines"]` lists lines whose warehouse has too little unallocated stock."""

    code = "not_enough_warehouse_stock"
    default_message = _("This warehouse does not have enough stock.")


@dataclass(frozen=True, slots=True)
class LineToSend:
    """A quantity of a line to send from one warehouse."""

    line_id: uuid.UUID
    warehouse_id: uuid.UUID
    quantity: int


@transaction.atomic(durable=True)
def fulfil_order(
    *,
    order_id: uuid.UUID,
    lines_to_send: Sequence[LineToSend],
    tracking_number: str = "",
    should_hand_over: bool = True,
    may_exceed_stock: bool = False,
    actor: Actor,
    now: datetime.datetime,
) -> list[Parcel]:
    """Pack the given lines, with one parcel for each part and warehouse.

    Parts that are still new are accepted. With `should_hand_over` the parcels are handed over too.
    Allocations in other warehouses move to the line's warehouse, with `may_exceed_stock` even beyond the
    stock there. Raises Missing, OrderNotConfirmed, NotEnoughWarehouseStock, OrderNotPaid, QuantityNotOpen,
    LinesNotWeighed, TransitionNotAllowed.
    """
    order = locks.lock_order(order_id)
    _require_dispatchable_order(order)
    lines = {line.pk: line for line in OrderLine.objects.filter(order=order).select_related("variant")}
    _lock_stock_of_variants(lines_to_send, lines)
    parcels = []
    for part_id, warehouse_id, quantities in _group_by_warehouse(lines_to_send, lines):
        part = OrderPart.objects.select_related("cooperative").get(pk=part_id)
        if part.state == PartState.NEW:
            accept_locked_part(order, part, actor=actor, now=now)
        part_lines = [(lines[line_id], quantity) for line_id, quantity in quantities.items()]
        _move_allocations(part_lines, warehouse_id, part, may_exceed_stock=may_exceed_stock)
        parcel = create_parcel(order, part, quantities, warehouse_id=warehouse_id, actor=actor, now=now)
        close_locked_parcel(order, part, parcel, actor=actor, now=now)
        dispatch = DispatchDetails(tracking_number=tracking_number)
        if should_hand_over:
            dispatch_parcel(order, part, parcel, dispatch, actor=actor, now=now)
        elif tracking_number:
            _save_tracking_number(order, part, parcel, tracking_number, actor=actor, now=now)
        parcels.append(parcel)
    return parcels


@transaction.atomic(durable=True)
def close_and_dispatch_parcel(*, parcel_id: int, actor: Actor, now: datetime.datetime) -> Parcel:
    """Hand over a parcel that is packed or being packed.

    Raises Missing, OrderNotPaid, LinesNotWeighed, TransitionNotAllowed.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_outgoing_parcel(parcel)
    _require_dispatchable_order(order)
    if parcel.state == ParcelState.PACKING:
        close_locked_parcel(order, part, parcel, actor=actor, now=now)
    return dispatch_parcel(order, part, parcel, DispatchDetails(), actor=actor, now=now)


@transaction.atomic(durable=True)
def set_tracking_number(
    *, parcel_id: int, tracking_number: str, actor: Actor, now: datetime.datetime
) -> Parcel:
    """Set a parcel's tracking number. Raises Missing, and TransitionNotAllowed if the parcel is voided."""
    order, part, parcel = locks.lock_parcel(parcel_id)
    require_outgoing_parcel(parcel)
    if parcel.state == ParcelState.VOIDED:
        raise TransitionNotAllowed(from_state=parcel.state, to_state=parcel.state)
    _save_tracking_number(order, part, parcel, tracking_number, actor=actor, now=now)
    return parcel


def _save_tracking_number(
    order: Order, part: OrderPart, parcel: Parcel, number: str, *, actor: Actor, now: datetime.datetime
) -> None:
    parcel.tracking_number = number
    parcel.save(update_fields=["tracking_number", "updated_at"])
    record_part_change(order, part, "parcel.tracking_set", parcel, actor=actor, now=now, reason=number)


def _require_dispatchable_order(order: Order) -> None:
    if order.is_draft:
        raise Missing()
    if order.confirmed_at is None:
        raise OrderNotConfirmed()
    is_paid = order.charge_coverage in (Coverage.FULL, Coverage.OVER)
    if not is_paid and not shop_settings().fulfillment_allow_unpaid:
        raise OrderNotPaid()


def _lock_stock_of_variants(
    lines_to_send: Sequence[LineToSend], lines: Mapping[uuid.UUID, OrderLine]
) -> None:
    """Lock all stock of the variants to send at once, before any parcel locks its own."""
    requested_ids = {line_to_send.line_id for line_to_send in lines_to_send}
    variants = {line.variant_id for line in lines.values() if line.pk in requested_ids}
    locks.lock_stock(Stock.objects.filter(variant__in=variants).values_list("pk", flat=True))


def _group_by_warehouse(
    lines_to_send: Sequence[LineToSend], lines: Mapping[uuid.UUID, OrderLine]
) -> list[tuple[int, uuid.UUID, dict[uuid.UUID, int]]]:
    """Group the quantities by part and warehouse. Raises Missing, QuantityNotOpen."""
    boxes: dict[tuple[int, uuid.UUID], dict[uuid.UUID, int]] = {}
    for line_to_send in lines_to_send:
        if line_to_send.line_id not in lines:
            raise Missing(field="orderLineId")
        box = boxes.setdefault((lines[line_to_send.line_id].part_id, line_to_send.warehouse_id), {})
        box[line_to_send.line_id] = box.get(line_to_send.line_id, 0) + line_to_send.quantity
    if not boxes:
        raise QuantityNotOpen(open={})
    return [(part_id, warehouse_id, box) for (part_id, warehouse_id), box in boxes.items()]


def _move_allocations(
    lines: Collection[tuple[OrderLine, int]],
    warehouse_id: uuid.UUID,
    part: OrderPart,
    *,
    may_exceed_stock: bool,
) -> None:
    """Allocate the quantities of the lines in this warehouse. Raises Missing, NotEnoughWarehouseStock."""
    if not part.cooperative.warehouses.filter(pk=warehouse_id, closed_at=None).exists():
        raise Missing(field="warehouse")
    tracked_lines = [
        (line, quantity)
        for line, quantity in lines
        if line.variant is not None and line.variant.track_inventory
    ]
    line_ids = [line.pk for line, _n in tracked_lines]
    allocations = list(
        Allocation.objects.filter(line__in=line_ids).select_related("stock").order_by("line", "pk")
    )
    target_stock = Stock.objects.filter(
        variant__in=[line.variant_id for line, _n in tracked_lines], warehouse=warehouse_id
    )
    stocks = locks.lock_stock(
        {*(allocation.stock_id for allocation in allocations), *target_stock.values_list("pk", flat=True)}
    )
    target_by_variant = {
        stock.variant_id: stock for stock in stocks.values() if stock.warehouse_id == warehouse_id
    }
    packed_quantities = _read_packed_quantities(line_ids)
    for line, quantity in tracked_lines:
        unpacked_by_stock = {
            allocation.stock_id: allocation.quantity
            - packed_quantities.get((line.pk, allocation.stock_id), 0)
            for allocation in allocations
            if allocation.line_id == line.pk
        }
        target = target_by_variant.get(line.variant_id or 0)
        _move_to_stock(line, quantity, target, unpacked_by_stock, stocks, may_exceed_stock=may_exceed_stock)
    save_reserved_and_allocated(stocks.values())


def _move_to_stock(
    line: OrderLine,
    quantity: int,
    target: Stock | None,
    unpacked_by_stock: dict[int, int],
    stocks: Mapping[int, Stock],
    *,
    may_exceed_stock: bool,
) -> None:
    """Allocate the rest of a line's quantity in `target`, and release as much elsewhere.

    `unpacked_by_stock` are the line's allocations that are not packed.

    Raises NotEnoughWarehouseStock.
    """
    missing = quantity - (unpacked_by_stock.pop(target.pk, 0) if target is not None else 0)
    if missing <= 0:
        return
    if target is None or (not may_exceed_stock and target.free_from_columns < missing):
        raise NotEnoughWarehouseStock(lines=[line.pk])
    for stock_id, unpacked in unpacked_by_stock.items():
        released = min(unpacked, missing)
        if released > 0:
            release_allocation(stocks[stock_id], line.pk, released)
    allocate_stock(target, line.pk, missing)


def _read_packed_quantities(line_ids: Collection[uuid.UUID]) -> dict[tuple[uuid.UUID, int], int]:
    """Return the allocated quantities that lie in undispatched parcels, by line and stock row."""
    undispatched = ParcelLine.objects.filter(
        order_line__in=line_ids,
        parcel__state__in=[ParcelState.PACKING, ParcelState.PACKED],
        stock__isnull=False,
    )
    quantities: dict[tuple[uuid.UUID, int], int] = {}
    for line_id, stock_id, quantity in undispatched.values_list("order_line", "stock", "quantity"):
        quantities[line_id, stock_id] = quantities.get((line_id, stock_id), 0) + quantity
    return quantities
