"""Close an empty warehouse."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.models import Movement, Stock
from cooperatives.actions.warehouses import StillCollected, is_collected_at
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.database.transactions import locked, locked_one
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class NotEmpty(Refused):
    code = "not_empty"
    default_words = _("Goods still lie here, or are promised from here. First move or sell them.")


class LastStoreHouse(Refused):
    code = "last_store_house"
    default_words = _("This is your only store house. Open another one first.")


@transaction.atomic(durable=True)
def close_warehouse(
    *, cooperative: Cooperative, warehouse_id: uuid.UUID, actor: Actor, now: datetime.datetime
) -> bool:
    """Close a warehouse, or delete it if it never held stock. Returns whether it was deleted.

    Raises Missing, LastStoreHouse, StillCollected, NotEmpty.
    """
    locked_one(Cooperative.objects.filter(pk=cooperative.pk))
    open_warehouses = Warehouse.objects.for_cooperative(cooperative).open()
    warehouse = locked_one(open_warehouses.filter(pk=warehouse_id))
    if warehouse is None:
        raise Missing()
    if not open_warehouses.exclude(pk=warehouse.pk).exists():
        raise LastStoreHouse()
    if is_collected_at(warehouse):
        raise StillCollected()
    rows = locked(Stock.objects.filter(warehouse=warehouse))
    if any(row.on_hand or row.reserved or row.allocated for row in rows):
        raise NotEmpty()
    is_deleted = not Movement.objects.filter(stock__warehouse=warehouse).exists() and _delete(
        warehouse, actor=actor, now=now
    )
    if not is_deleted:
        _close(warehouse, actor=actor, now=now)
    return is_deleted


def _delete(warehouse: Warehouse, *, actor: Actor, now: datetime.datetime) -> bool:
    """Delete it; returns False if an ended delivery method or a parcel refers to it."""
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


def _close(warehouse: Warehouse, *, actor: Actor, now: datetime.datetime) -> None:
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
