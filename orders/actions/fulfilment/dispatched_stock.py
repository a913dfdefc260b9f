"""Take what leaves with a parcel out of stock, unless one of its lots was recalled before."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import record_movement, save_reserved_and_allocated
from catalog.models import Lot, MovementReason, Stock
from orders import locks
from orders.actions.fulfilment.pack_parcels import release_allocation
from orders.models import Parcel, ParcelLine
from shop.core.actors import Actor
from shop.core.errors import Refused


class RecalledLotInParcel(Refused):
    """The parcel holds a lot that was recalled before it left. `details["lots"]` lists the codes."""

    code = "recalled_lot_in_parcel"
    default_message = _("This parcel holds a recalled lot. Void the parcel and pack it with another lot.")


def remove_from_stock(
    parcel: Parcel, *, happened_at: datetime.datetime | None, actor: Actor, now: datetime.datetime
) -> None:
    """In a transaction: take the parcel's contents out of stock and release their allocations.

    Raises RecalledLotInParcel.
    """
    lines = [line for line in parcel.lines.order_by("pk") if line.stock_id is not None]
    stocks: dict[int, Stock] = locks.lock_stock({line.stock_id for line in lines if line.stock_id})
    require_unrecalled(lines, happened_at or now)  # under the locks that a recall takes
    for line in lines:
        stock = stocks[line.stock_id or 0]
        record_movement(
            stock,
            -line.quantity,
            reason=MovementReason.DISPATCH,
            actor=actor,
            now=now,
            document=f"parcel:{parcel.pk}",
            grams=-line.grams if line.grams else None,
            lot_id=line.lot_id,
            happened_at=happened_at,
        )
        release_allocation(stock, line.order_line_id, line.quantity)
    save_reserved_and_allocated(stocks.values())


def require_unrecalled(lines: Iterable[ParcelLine], left_at: datetime.datetime) -> None:
    """Raise RecalledLotInParcel if a lot of these lines was recalled when the parcel left."""
    lot_ids = {line.lot_id for line in lines if line.lot_id is not None}
    if not lot_ids:
        return
    recalled = Lot.objects.filter(pk__in=lot_ids, recalled_at__lte=left_at).order_by("code")
    codes = list(recalled.values_list("code", flat=True))
    if codes:
        raise RecalledLotInParcel(lots=codes)
