"""Record items that come back from a buyer."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import record_movement, save_reserved_and_allocated
from catalog.models import MovementReason, Stock
from cooperatives.models import Warehouse
from orders import locks
from orders.actions.fulfilment.lot_picks import pick_returned_lots, split_by_lot
from orders.actions.fulfilment.pack_parcels import change_parcel_state
from orders.actions.fulfilment.parcel_rows import make_parcel_line, read_next_parcel
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.part_changes import record_part_change
from orders.actions.order_records.reasons import Reason
from orders.models import Complaint, Order, OrderLine, OrderPart, Parcel, ParcelLine
from orders.states import RETURN_KINDS, ParcelKind, ParcelState
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import was_done_with_key
from shop.core.states import TransitionNotAllowed


class ReturnExceedsDelivered(Refused):
    """More than the buyer has received and kept. `details["most"]` maps lines to returnable quantities."""

    code = "return_exceeds_delivered"
    default_message = _("That is more than the buyer has received and not returned.")


class ReturnWarehouseRequired(Refused):
    code = "return_warehouse_required"
    default_message = _("Choose the warehouse for the returned items.")


@dataclass(frozen=True, slots=True)
class ReturnedQuantity:
    """The sales units of a line that are returned, and how many of them are not fit for resale.

    `reason` is only set if it differs from the return's.
    """

    quantity: int
    damaged: int = 0
    reason: Reason | None = None


def create_return(
    order: Order,
    part: OrderPart,
    returned: Mapping[uuid.UUID, ReturnedQuantity],
    *,
    kind: ParcelKind,
    warehouse_id: uuid.UUID | None,
    is_received: bool,
    reason: Reason | None = None,
    complaint: Complaint | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """On a locked order: create a return that is expected, or already received (`is_received`).

    Raises Missing, ReturnWarehouseRequired, ReturnExceedsDelivered.
    """
    returnable = ParcelLine.objects.delivered_quantities(part)
    if any(
        not 1 <= quantities.quantity <= returnable.get(line_id, 0) for line_id, quantities in returned.items()
    ):
        raise ReturnExceedsDelivered(most=returnable)
    lines = {line.pk: line for line in part.lines.filter(pk__in=list(returned)).order_by("position", "pk")}
    next_parcel = read_next_parcel(order)
    parcel = Parcel.objects.create(
        part=part,
        number=next_parcel.number,
        label_code=next_parcel.label_code,
        kind=kind,
        state=ParcelState.HANDED_OVER,
        warehouse_id=_require_own_warehouse(part, warehouse_id) if warehouse_id else None,
        complaint=complaint,
        handed_over_at=now,
        return_reason=reason.text.strip() if reason is not None else "",
        reason_page_id=reason.page_id if reason is not None else None,
    )
    ParcelLine.objects.bulk_create(
        _make_return_line(parcel, line, returned[line_id]) for line_id, line in lines.items()
    )
    record_part_change(order, part, "parcel.return_created", parcel, actor=actor, now=now)
    if is_received:
        damaged = {line_id: quantities.damaged for line_id, quantities in returned.items()}
        receive_locked_return(order, part, parcel, damaged, warehouse_id=warehouse_id, actor=actor, now=now)
    return parcel


def _make_return_line(parcel: Parcel, line: OrderLine, returned: ReturnedQuantity) -> ParcelLine:
    parcel_line = make_parcel_line(parcel, line, returned.quantity)
    if returned.reason is not None:
        parcel_line.return_reason = returned.reason.text.strip()
        parcel_line.reason_page_id = returned.reason.page_id
    return parcel_line


@transaction.atomic(durable=True)
def receive_return(
    *,
    parcel_id: int,
    damaged: Mapping[uuid.UUID, int],
    warehouse_id: uuid.UUID,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """Record that a return has arrived. `damaged` maps lines to the sales units that are not resold.

    A repeated `idempotency_key` does nothing. Raises KeyReused, Missing, ReturnWarehouseRequired,
    ReturnExceedsDelivered, TransitionNotAllowed.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    _require_return(parcel)
    if was_done_with_key(idempotency_key, "parcel.return_received", parcel):
        return parcel
    receive_locked_return(
        order,
        part,
        parcel,
        damaged,
        warehouse_id=warehouse_id,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    finish_order_change(order, now=now)
    return parcel


@transaction.atomic(durable=True)
def cancel_return(
    *, parcel_id: int, reason: str, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> Parcel:
    """Cancel an expected return, because the buyer may keep the items or they were lost.

    Raises KeyReused, Missing, ReasonRequired, TransitionNotAllowed.
    """
    if not reason.strip():
        raise ReasonRequired(field="reason")
    order, part, parcel = locks.lock_parcel(parcel_id)
    _require_return(parcel)
    if was_done_with_key(idempotency_key, "parcel.return_cancelled", parcel):
        return parcel
    if parcel.state != ParcelState.HANDED_OVER:
        raise TransitionNotAllowed(from_state=parcel.state, to_state=ParcelState.VOIDED)
    change_parcel_state(parcel, ParcelState.VOIDED, voided_at=now, failure_reason=reason.strip())
    record_part_change(
        order,
        part,
        "parcel.return_cancelled",
        parcel,
        actor=actor,
        now=now,
        reason=reason,
        idempotency_key=idempotency_key,
    )
    finish_order_change(order, now=now)
    return parcel


def receive_locked_return(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    damaged_quantities: Mapping[uuid.UUID, int],
    *,
    warehouse_id: uuid.UUID | None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: return undamaged items to the warehouse's stock and to their lots, not damaged ones.

    Raises Missing, ReturnWarehouseRequired, ReturnExceedsDelivered, TransitionNotAllowed.
    """
    lines = list(parcel.lines.select_related("order_line", "order_line__variant").order_by("pk"))
    if any(not 0 <= damaged_quantities.get(line.order_line_id, 0) <= line.quantity for line in lines):
        raise ReturnExceedsDelivered(most={line.order_line_id: line.quantity for line in lines})
    if warehouse_id is None:
        raise ReturnWarehouseRequired(field="warehouse")
    change_parcel_state(
        parcel,
        ParcelState.DELIVERED,
        delivered_at=now,
        warehouse_id=_require_own_warehouse(part, warehouse_id),
    )
    undamaged_quantities = {
        line.pk: line.quantity - damaged_quantities.get(line.order_line_id, 0) for line in lines
    }
    stocks = _lock_return_stock(lines, undamaged_quantities, warehouse_id)
    for line in lines:
        stock = stocks.get(line.order_line.variant_id or 0)
        if stock is not None and undamaged_quantities[line.pk]:
            _restock_line(parcel, line, stock, undamaged_quantities[line.pk], actor=actor, now=now)
    save_reserved_and_allocated(stocks.values())
    record_part_change(
        order, part, "parcel.return_received", parcel, actor=actor, now=now, idempotency_key=idempotency_key
    )


def _restock_line(
    parcel: Parcel,
    line: ParcelLine,
    stock: Stock,
    undamaged_quantity: int,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    damaged_quantity = line.quantity - undamaged_quantity
    if damaged_quantity:
        total_grams = line.grams
        line.grams = (
            None if total_grams is None else max(1, total_grams * undamaged_quantity // line.quantity)
        )
        damaged_line = make_parcel_line(parcel, line.order_line, damaged_quantity)
        damaged_line.return_reason, damaged_line.reason_page_id = line.return_reason, line.reason_page_id
        damaged_line.grams = (
            None if total_grams is None or line.grams is None else max(1, total_grams - line.grams)
        )
        damaged_line.save()
    line.quantity, line.stock = undamaged_quantity, stock
    first, *others = split_by_lot(line, pick_returned_lots(line, undamaged_quantity))
    first.pk = line.pk
    first.save(force_update=True)
    ParcelLine.objects.bulk_create(others)
    for row in (first, *others):
        record_movement(
            stock,
            row.quantity,
            reason=MovementReason.RETURN,
            actor=actor,
            now=now,
            document=f"parcel:{parcel.pk}",
            grams=row.grams,
            lot_id=row.lot_id,
        )


def _lock_return_stock(
    lines: Sequence[ParcelLine], undamaged_quantities: Mapping[int, int], warehouse_id: uuid.UUID
) -> dict[int, Stock]:
    """Lock the stock rows, by variant, for returned items that can be sold again. Create missing rows."""
    variant_ids = {
        line.order_line.variant_id
        for line in lines
        if undamaged_quantities[line.pk]
        and line.order_line.variant is not None
        and line.order_line.variant.track_inventory
    }
    Stock.objects.bulk_create(
        [
            Stock(variant_id=variant_id, warehouse_id=warehouse_id)
            for variant_id in sorted(filter(None, variant_ids))
        ],
        ignore_conflicts=True,
    )
    stock_ids = Stock.objects.filter(variant__in=variant_ids, warehouse=warehouse_id).values_list(
        "pk", flat=True
    )
    return {stock.variant_id: stock for stock in locks.lock_stock(stock_ids).values()}


def _require_own_warehouse(part: OrderPart, warehouse_id: uuid.UUID) -> uuid.UUID:
    """Return the id if it is a warehouse of the part's cooperative. Raises Missing."""
    if not Warehouse.objects.for_cooperative(part.cooperative).filter(pk=warehouse_id).exists():
        raise Missing()
    return warehouse_id


def _require_return(parcel: Parcel) -> None:
    """Raise Missing if the parcel is not a return."""
    if parcel.kind not in RETURN_KINDS:
        raise Missing()
