"""Goods received into stock, and goods that spoilt or were lost."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction

from catalog.actions.stock.lot_balances import require_lot_of
from catalog.actions.stock.stock_movements import (
    MAX_COUNTED_QUANTITY,
    InvalidStockCount,
    lock_stock_row,
    record_movement_and_change,
    refresh_availability,
)
from catalog.models import Movement, MovementReason, Stock
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.errors import Missing


@transaction.atomic(durable=True)
def receive_stock(
    *,
    cooperative: Cooperative,
    variant_id: int,
    warehouse_id: uuid.UUID,
    quantity: int,
    note: str = "",
    lot_id: int | None = None,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Stock:
    """Record goods received into stock.

    `happened_at` is when they arrived, if that is recorded later. A repeated `idempotency_key` changes
    nothing. Raises InvalidStockCount, and Missing (also for a closed warehouse and another variant's lot).
    """
    _require_valid_quantity(quantity)
    return _change_stock(
        cooperative,
        variant_id,
        warehouse_id,
        quantity,
        reason=MovementReason.RECEIPT,
        note=note,
        lot_id=lot_id,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


@transaction.atomic(durable=True)
def write_off_stock(
    *,
    cooperative: Cooperative,
    variant_id: int,
    warehouse_id: uuid.UUID,
    quantity: int,
    note: str = "",
    lot_id: int | None = None,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Stock:
    """Record goods that spoilt or were lost. The stock may become negative.

    Otherwise it is like `receive_stock`.
    """
    _require_valid_quantity(quantity)
    return _change_stock(
        cooperative,
        variant_id,
        warehouse_id,
        -quantity,
        reason=MovementReason.LOSS,
        note=note,
        lot_id=lot_id,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )


def _require_valid_quantity(quantity: int) -> None:
    if not 1 <= quantity <= MAX_COUNTED_QUANTITY:
        raise InvalidStockCount(field="quantity")


def _change_stock(
    cooperative: Cooperative,
    variant_id: int,
    warehouse_id: uuid.UUID,
    quantity: int,
    *,
    reason: MovementReason,
    note: str,
    lot_id: int | None,
    happened_at: datetime.datetime | None,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> Stock:
    """In a transaction: record a movement of stock in an open warehouse, and refresh the availability.

    Raises Missing.
    """
    if not Warehouse.objects.for_cooperative(cooperative).open().filter(pk=warehouse_id).exists():
        raise Missing()
    stock = lock_stock_row(cooperative=cooperative, variant_id=variant_id, warehouse_id=warehouse_id)
    if idempotency_key is not None and Movement.objects.filter(idempotency_key=idempotency_key).exists():
        return stock
    require_lot_of(stock, lot_id)
    record_movement_and_change(
        stock,
        quantity,
        reason=reason,
        note=note,
        lot_id=lot_id,
        happened_at=happened_at,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    refresh_availability(variant_ids={variant_id})
    return stock
