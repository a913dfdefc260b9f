"""Stop a recalled lot from being sold, and release it again."""

from __future__ import annotations

import datetime

from catalog.actions.stock.lot_balances import recalculate_recalled_stock
from catalog.actions.stock.stock_movements import refresh_availability
from catalog.models import Lot, Stock
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing


def lock_lot(lot: Lot) -> Lot:
    """In a transaction: lock all stock of the lot's variant, then the lot, and return it. Raises Missing.

    A movement locks its stock and then its lot, by the foreign key. So while these locks are held, nobody
    sells, packs or moves the lot, not even into a warehouse that has none of it.
    """
    lock_rows(Stock.objects.filter(variant=lot.variant_id))
    locked_lot = lock_row(Lot.objects.filter(pk=lot.pk))
    if locked_lot is None:
        raise Missing()
    return locked_lot


def save_recalled(lot: Lot, recalled_at: datetime.datetime | None) -> None:
    """In a transaction: set or clear `recalled_at` of a locked lot, and recalculate the stock for sale."""
    lot.recalled_at = recalled_at
    lot.save(update_fields=["recalled_at"])
    recalculate_recalled_stock(lock_rows(Stock.objects.filter(variant=lot.variant_id)))
    refresh_availability(variant_ids={lot.variant_id})
