"""Void a parcel that was packed, dispatched or even delivered, so that its items can be packed again."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import record_movement, save_reserved_and_allocated
from catalog.models import MovementReason
from orders import locks
from orders.actions.fulfilment.pack_parcels import (
    PLATFORM_ENTRY_POINTS,
    allocate_stock,
    change_parcel_state,
    release_allocation,
    require_outgoing_parcel,
)
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.part_changes import record_part_change
from orders.models import OrderPart, Parcel, ParcelLine
from orders.states import ParcelKind, ParcelState
from shop.core.actors import Actor
from shop.core.errors import ReasonRequired, Refused
from shop.core.models import was_done_with_key
from shop.core.states import TransitionNotAllowed

_UNDISPATCHED = frozenset({ParcelState.PACKING, ParcelState.PACKED})


class ItemsAlreadyReturned(Refused):
    """Returned items are in stock already. Voiding their parcel would add them a second time."""

    code = "items_already_returned"
    default_message = _("Items from this parcel have already been returned, so it can no longer be undone.")


@transaction.atomic(durable=True)
def void_parcel(
    *, parcel_id: int, reason: str, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> Parcel:
    """Void a parcel, so that its quantities are open again and its stock is restored.

    A delivered parcel may be voided by platform staff only, while the buyer still has all of it. Raises
    ItemsAlreadyReturned, KeyReused, Missing, ReasonRequired, TransitionNotAllowed.
    """
    reason = reason.strip()
    if not reason:
        raise ReasonRequired(field="reason")
    order, part, parcel = locks.lock_parcel(parcel_id)
    if was_done_with_key(idempotency_key, "parcel.voided", parcel):
        return parcel
    require_outgoing_parcel(parcel)
    if parcel.state == ParcelState.DELIVERED and actor.entry_point not in PLATFORM_ENTRY_POINTS:
        raise TransitionNotAllowed(from_state=parcel.state, to_state=ParcelState.VOIDED)
    if parcel.state == ParcelState.DELIVERED:
        require_items_with_buyer(part, parcel)
    void_locked_parcel(parcel, reason, actor=actor, now=now)
    record_part_change(
        order,
        part,
        "parcel.voided",
        parcel,
        actor=actor,
        now=now,
        reason=reason,
        idempotency_key=idempotency_key,
    )
    finish_order_change(order, now=now)
    return parcel


def require_items_with_buyer(part: OrderPart, parcel: Parcel) -> None:
    """Raise ItemsAlreadyReturned if the buyer no longer has all items of the parcel."""
    quantities: Counter[uuid.UUID] = Counter()
    for line in parcel.lines.all():
        quantities[line.order_line_id] += line.quantity
    delivered = ParcelLine.objects.delivered_quantities(part)
    if any(quantity > delivered.get(line_id, 0) for line_id, quantity in quantities.items()):
        raise ItemsAlreadyReturned()


def void_locked_parcel(parcel: Parcel, reason: str, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: restore stock and allocate it again, so that the items can be packed anew.

    A replacement's items are released instead.
    """
    previous_state = change_parcel_state(parcel, ParcelState.VOIDED, voided_at=now, failure_reason=reason)
    is_undispatched, is_replacement = previous_state in _UNDISPATCHED, parcel.kind == ParcelKind.REPLACEMENT
    if not is_undispatched:
        restore_stock(parcel, should_allocate=not is_replacement, actor=actor, now=now)
    elif is_replacement:
        _release_replacement(parcel)


def _release_replacement(parcel: Parcel) -> None:
    """Release the stock allocated to an undispatched replacement."""
    lines = [line for line in parcel.lines.order_by("pk") if line.stock_id is not None]
    stocks = locks.lock_stock({line.stock_id for line in lines if line.stock_id})
    for line in lines:
        release_allocation(stocks[line.stock_id or 0], line.order_line_id, line.quantity)
    save_reserved_and_allocated(stocks.values())


def restore_stock(parcel: Parcel, *, should_allocate: bool, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: put a dispatched parcel's items back into stock.

    `should_allocate` keeps them allocated.
    """
    lines = [line for line in parcel.lines.order_by("pk") if line.stock_id is not None]
    stocks = locks.lock_stock({line.stock_id for line in lines if line.stock_id})
    for line in lines:
        stock = stocks[line.stock_id or 0]
        record_movement(
            stock,
            line.quantity,
            reason=MovementReason.DISPATCH_UNDONE,
            actor=actor,
            now=now,
            document=f"parcel:{parcel.pk}",
            grams=line.grams,
            lot_id=line.lot_id,
        )
        if should_allocate:
            allocate_stock(stock, line.order_line_id, line.quantity)
    save_reserved_and_allocated(stocks.values())
