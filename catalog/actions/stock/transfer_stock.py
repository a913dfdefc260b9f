"""Move stock between a cooperative's warehouses."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.lot_balances import require_lot_of
from catalog.actions.stock.stock_movements import (
    MAX_COUNTED_QUANTITY,
    InvalidStockCount,
    lock_stock_rows,
    record_movement_and_change,
    refresh_availability,
)
from catalog.models import Movement, MovementReason, Stock
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused


class SameWarehouse(Refused):
    code = "same_warehouse"
    default_message = _("Choose another warehouse to move the stock to.")


@transaction.atomic(durable=True)
def transfer_stock(
    *,
    cooperative: Cooperative,
    variant_id: int,
    from_warehouse_id: uuid.UUID,
    to_warehouse_id: uuid.UUID,
    quantity: int,
    note: str = "",
    lot_id: int | None = None,
    happened_at: datetime.datetime | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> tuple[Stock, Stock]:
    """Record stock that was moved to another warehouse of the cooperative, and return both rows.

    The first warehouse may be closed, and its stock may become negative, because the goods have moved in any
    case. `happened_at` is when they moved, if that is recorded later. A repeated `idempotency_key` changes
    nothing. Raises InvalidStockCount, SameWarehouse, and Missing (also for a closed second warehouse and
    another variant's lot).
    """
    if not 1 <= quantity <= MAX_COUNTED_QUANTITY:
        raise InvalidStockCount(field="quantity")
    if from_warehouse_id == to_warehouse_id:
        raise SameWarehouse(field="to")
    if not Warehouse.objects.for_cooperative(cooperative).open().filter(pk=to_warehouse_id).exists():
        raise Missing()
    rows = lock_stock_rows(
        cooperative=cooperative, variant_id=variant_id, warehouse_ids=[from_warehouse_id, to_warehouse_id]
    )
    require_lot_of(rows[0], lot_id)
    if idempotency_key is None or not Movement.objects.filter(idempotency_key=idempotency_key).exists():
        for row, moved, key in zip(rows, (-quantity, quantity), (idempotency_key, None), strict=True):
            record_movement_and_change(
                row,
                moved,
                reason=MovementReason.TRANSFER,
                note=note,
                lot_id=lot_id,
                happened_at=happened_at,
                idempotency_key=key,
                actor=actor,
                now=now,
            )
        refresh_availability(variant_ids={variant_id})
    return rows[0], rows[1]
