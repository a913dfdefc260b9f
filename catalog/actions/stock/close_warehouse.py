"""Close an empty warehouse."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.models import Movement, Stock
from cooperatives.actions.warehouses import WarehouseUsedForPickup, is_used_for_pickup
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class WarehouseNotEmpty(Refused):
    code = "warehouse_not_empty"
    default_message = _(
        "This warehouse still has stock, or items reserved for buyers. Move or sell them first."
    )


class LastWarehouse(Refused):
    code = "last_warehouse"
    default_message = _("This is your only warehouse. Add another one first.")


@transaction.atomic(durable=True)
def close_warehouse(
    *, cooperative: Cooperative, warehouse_id: uuid.UUID, actor: Actor, now: datetime.datetime
) -> bool:
    """Close a warehouse, or delete it if it never held stock. Returns whether it was deleted.

    Raises Missing, LastWarehouse, WarehouseUsedForPickup, WarehouseNotEmpty.
    """
    lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    open_warehouses = Warehouse.objects.for_cooperative(cooperative).open()
    warehouse = lock_row(open_warehouses.filter(pk=warehouse_id))
    if warehouse is None:
        raise Missing()
    if not open_warehouses.exclude(pk=warehouse.pk).exists():
        raise LastWarehouse()
    if is_used_for_pickup(warehouse):
        raise WarehouseUsedForPickup()
    stocks = lock_rows(Stock.objects.filter(warehouse=warehouse))
    if any(stock.on_hand or stock.reserved or stock.allocated for stock in stocks):
        raise WarehouseNotEmpty()
    is_deleted = not Movement.objects.filter(stock__warehouse=warehouse).exists() and _try_to_delete(
        warehouse, actor=actor, now=now
    )
    if not is_deleted:
        _mark_closed(warehouse, actor=actor, now=now)
    return is_deleted


def _try_to_delete(warehouse: Warehouse, *, actor: Actor, now: datetime.datetime) -> bool:
    """Delete the warehouse. Return False if an ended delivery method or a parcel refers to it."""
    try:
        with transaction.atomic():
            record_change(
                "warehouse.deleted",
                warehouse,
                actor=actor,
                now=now,
                root=warehouse.cooperative,
                cooperative_id=warehouse.cooperative_id,
                snapshot={"name": warehouse.name, "slug": warehouse.slug},
            )
            warehouse.delete()
    except ProtectedError:
        return False
    return True


def _mark_closed(warehouse: Warehouse, *, actor: Actor, now: datetime.datetime) -> None:
    warehouse.closed_at = now
    warehouse.slug = f"{warehouse.slug[:210]}~{warehouse.pk}"
    warehouse.save(update_fields=["closed_at", "slug"])
    warehouse.channel_rows.all().delete()
    warehouse.zones.clear()
    record_change(
        "warehouse.closed",
        warehouse,
        actor=actor,
        now=now,
        root=warehouse.cooperative,
        cooperative_id=warehouse.cooperative_id,
    )
