"""A cooperative keeps goods in more than one place."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.delivery_methods import serve_open_channels
from cooperatives.models import Collecting, Cooperative, DeliveryWay, Warehouse
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.database.unique_fields import save_claiming
from shop.core.errors import Missing, Refused
from shop.core.models import made_before, record_change
from shop.core.texts.folding import slug


@dataclass(frozen=True, slots=True)
class WarehouseDetails:
    """A store house and where it is, as written; `collecting` is whether buyers come for goods there."""

    name: str
    street: str
    province_code: str
    commune_code: str
    province_name: str
    commune_name: str
    phone: str = ""
    collecting: Collecting = Collecting.DISABLED


class StillCollected(Refused):
    code = "still_collected"
    default_words = _("Buyers still collect goods here. First change or end the way that says so.")


@transaction.atomic(durable=True)
def open_warehouse(
    *,
    cooperative: Cooperative,
    details: WarehouseDetails,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Warehouse:
    """One more store house, for every open channel; nothing lies in it yet.

    The same `key` again answers the first. Raises KeyReused, Missing.
    """
    if locked_one(Cooperative.objects.filter(pk=cooperative.pk)) is None:
        raise Missing()
    made = made_before(key, "warehouse.opened", cooperative_id=cooperative.pk)
    if made is not None:
        return Warehouse.objects.get(pk=made)
    address = Address()
    _locate(address, cooperative, details)
    address.save(force_insert=True)
    warehouse = Warehouse.objects.create(
        cooperative=cooperative,
        name=details.name,
        slug=_free_slug(f"kho-{cooperative.slug}-{slug(details.name)}"[:240]),
        address=address,
        collecting=details.collecting,
        is_private=details.collecting == Collecting.DISABLED,
    )
    serve_open_channels(warehouse)
    record_change(
        "warehouse.opened",
        warehouse,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
        key=key,
    )
    return warehouse


@transaction.atomic(durable=True)
def change_warehouse(
    *,
    cooperative: Cooperative,
    warehouse_id: uuid.UUID,
    details: WarehouseDetails,
    actor: Actor,
    now: datetime.datetime,
) -> Warehouse:
    """Another name, place or phone, or whether buyers collect there; its address on the web stays.

    Orders keep the place they were told. Raises Missing, StillCollected.
    """
    houses = Warehouse.objects.for_cooperative(cooperative).open()
    warehouse = locked_one(houses.filter(pk=warehouse_id).select_related("address"))
    if warehouse is None:
        raise Missing()
    if details.collecting == Collecting.DISABLED and is_collected_at(warehouse):
        raise StillCollected(field="collecting")
    before = {"name": warehouse.name, "address": warehouse.address.lines()}
    _locate(warehouse.address, cooperative, details)
    warehouse.address.save()
    warehouse.name, warehouse.collecting = details.name, details.collecting
    warehouse.is_private = details.collecting == Collecting.DISABLED
    warehouse.save(update_fields=["name", "collecting", "is_private"])
    record_change(
        "warehouse.changed",
        warehouse,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
        data={"from": before},
    )
    return warehouse


@transaction.atomic(durable=True)
def enter_warehouse(
    *,
    cooperative_id: int | None,
    values: Mapping[str, Any],
    address: Address,
    actor: Actor,
    now: datetime.datetime,
) -> Warehouse:
    """A store house as another system knows it, for every open channel; `address` is not saved yet.

    Without a cooperative it is the house's own. Raises Missing, AlreadyTaken, DoesNotFit.
    """
    owners = Cooperative.objects.filter(is_house=True)
    if cooperative_id is not None:
        owners = Cooperative.objects.filter(pk=cooperative_id)
    cooperative = locked_one(owners)
    if cooperative is None:
        raise Missing(field="cooperative")
    address.save(force_insert=True)
    warehouse = Warehouse(cooperative=cooperative, address=address, **values)
    warehouse.slug = warehouse.slug or _free_slug(slug(warehouse.name)[:240])
    save_claiming(warehouse)
    serve_open_channels(warehouse)
    record_change(
        "warehouse.opened", warehouse, actor=actor, now=now, root=cooperative, cooperative_id=cooperative.pk
    )
    return warehouse


@transaction.atomic(durable=True)
def amend_warehouse(
    *,
    warehouse_id: uuid.UUID,
    values: Mapping[str, Any],
    address: Address | None,
    actor: Actor,
    now: datetime.datetime,
) -> Warehouse:
    """Change what is named; `address` is the store house's own with other values, not saved yet.

    Raises Missing, StillCollected, AlreadyTaken, DoesNotFit.
    """
    warehouse = locked_one(Warehouse.objects.open().filter(pk=warehouse_id).select_related("cooperative"))
    if warehouse is None:
        raise Missing(field="id")
    if values.get("collecting") == Collecting.DISABLED and is_collected_at(warehouse):
        raise StillCollected(field="clickAndCollectOption")
    changed = [column for column, value in values.items() if getattr(warehouse, column) != value]
    for column in changed:
        setattr(warehouse, column, values[column])
    save_claiming(warehouse)
    if address is not None:
        address.save(force_update=True)
    record_change(
        "warehouse.changed",
        warehouse,
        actor=actor,
        now=now,
        root=warehouse.cooperative,
        cooperative_id=warehouse.cooperative_id,
        data={"fields": changed, "address": address is not None},
    )
    return warehouse


def is_collected_at(warehouse: Warehouse) -> bool:
    """Whether a way that is offered hands goods out there."""
    return DeliveryWay.objects.filter(warehouse=warehouse, is_active=True).exists()


def _locate(address: Address, cooperative: Cooperative, details: WarehouseDetails) -> None:
    address.company_name = cooperative.name[:256]
    address.street_address_1 = details.street
    address.city, address.commune_code = details.commune_name, details.commune_code
    address.country_area, address.province_code = details.province_name, details.province_code
    address.phone = details.phone or cooperative.phone


def _free_slug(wanted: str) -> str:
    taken = set(Warehouse.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    candidates = (wanted if n == 1 else f"{wanted}-{n}" for n in range(1, len(taken) + 2))
    return next(each for each in candidates if each not in taken)
