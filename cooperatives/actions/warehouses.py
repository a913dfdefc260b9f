"""Open and edit a cooperative's warehouses."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.delivery_methods import add_warehouse_to_channels
from cooperatives.models import ClickAndCollect, Cooperative, DeliveryMethod, Warehouse
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.row_values import save_unique
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.identifiers.phones import require_phone
from shop.core.models import find_key_of_created_row, record_change
from shop.core.texts.folding import slugify


@dataclass(frozen=True, slots=True)
class WarehouseDetails:
    """A warehouse and its location as entered. `click_and_collect` says whether buyers pick up there."""

    name: str
    street: str
    province_code: str
    commune_code: str
    province_name: str
    commune_name: str
    phone: str = ""
    click_and_collect: ClickAndCollect = ClickAndCollect.DISABLED


class WarehouseUsedForPickup(Refused):
    code = "warehouse_used_for_pickup"
    default_message = _("Buyers still pick up orders here. Change or end that delivery method first.")


@transaction.atomic(durable=True)
def open_warehouse(
    *,
    cooperative: Cooperative,
    details: WarehouseDetails,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Warehouse:
    """Open another, empty warehouse in every active channel.

    A repeated `idempotency_key` returns the first result. Raises KeyReused, Missing.
    """
    if lock_row(Cooperative.objects.filter(pk=cooperative.pk)) is None:
        raise Missing()
    existing_id = find_key_of_created_row(idempotency_key, "warehouse.opened", cooperative_id=cooperative.pk)
    if existing_id is not None:
        return Warehouse.objects.get(pk=existing_id)
    address = Address()
    _fill_address(address, cooperative, details)
    address.save(force_insert=True)
    warehouse = Warehouse.objects.create(
        cooperative=cooperative,
        name=details.name,
        slug=_find_free_slug(f"kho-{cooperative.slug}-{slugify(details.name)}"[:240]),
        address=address,
        click_and_collect=details.click_and_collect,
        is_private=details.click_and_collect == ClickAndCollect.DISABLED,
    )
    add_warehouse_to_channels(warehouse)
    record_change(
        "warehouse.opened",
        warehouse,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
        idempotency_key=idempotency_key,
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
    """Update a warehouse's name, location, phone and pickup option. Its slug stays.

    Orders keep the copied pickup place. Raises Missing, WarehouseUsedForPickup.
    """
    open_warehouses = Warehouse.objects.for_cooperative(cooperative).open()
    warehouse = lock_row(open_warehouses.filter(pk=warehouse_id).select_related("address"))
    if warehouse is None:
        raise Missing()
    if details.click_and_collect == ClickAndCollect.DISABLED and is_used_for_pickup(warehouse):
        raise WarehouseUsedForPickup(field="click_and_collect")
    before = {"name": warehouse.name, "address": warehouse.address.lines()}
    _fill_address(warehouse.address, cooperative, details)
    warehouse.address.save()
    warehouse.name, warehouse.click_and_collect = details.name, details.click_and_collect
    warehouse.is_private = details.click_and_collect == ClickAndCollect.DISABLED
    warehouse.save(update_fields=["name", "click_and_collect", "is_private"])
    record_change(
        "warehouse.changed",
        warehouse,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
        data={"from": before, "to": {"name": warehouse.name, "address": warehouse.address.lines()}},
    )
    return warehouse


@transaction.atomic(durable=True)
def create_warehouse_from_columns(
    *,
    cooperative_id: int | None,
    values: Mapping[str, object],
    address: Address,
    actor: Actor,
    now: datetime.datetime,
) -> Warehouse:
    """Create a warehouse from API input, in every active channel. `address` is unsaved.

    If no cooperative is given, it belongs to the platform seller. Raises Missing, AlreadyTaken,
    InvalidColumnValue.
    """
    owners = Cooperative.objects.filter(is_platform_seller=True)
    if cooperative_id is not None:
        owners = Cooperative.objects.filter(pk=cooperative_id)
    cooperative = lock_row(owners)
    if cooperative is None:
        raise Missing(field="cooperative")
    address.save(force_insert=True)
    warehouse = Warehouse(cooperative=cooperative, address=address, **values)
    warehouse.slug = warehouse.slug or _find_free_slug(slugify(warehouse.name)[:240])
    save_unique(warehouse)
    add_warehouse_to_channels(warehouse)
    record_change(
        "warehouse.opened", warehouse, actor=actor, now=now, root=cooperative, cooperative_id=cooperative.pk
    )
    return warehouse


@transaction.atomic(durable=True)
def update_warehouse_columns(
    *,
    warehouse_id: uuid.UUID,
    values: Mapping[str, object],
    address: Address | None,
    actor: Actor,
    now: datetime.datetime,
) -> Warehouse:
    """Update the given columns. `address` is the warehouse's own with new values, unsaved.

    Raises Missing, WarehouseUsedForPickup, AlreadyTaken, InvalidColumnValue.
    """
    warehouse = lock_row(Warehouse.objects.open().filter(pk=warehouse_id).select_related("cooperative"))
    if warehouse is None:
        raise Missing(field="id")
    if values.get("click_and_collect") == ClickAndCollect.DISABLED and is_used_for_pickup(warehouse):
        raise WarehouseUsedForPickup(field="clickAndCollectOption")
    changes = set_tracked_columns(warehouse, values)
    save_unique(warehouse)
    if address is not None:
        address.save(force_update=True)
    record_change(
        "warehouse.changed",
        warehouse,
        actor=actor,
        now=now,
        root=warehouse.cooperative,
        cooperative_id=warehouse.cooperative_id,
        data=changes | {"address": address is not None},
    )
    return warehouse


def is_used_for_pickup(warehouse: Warehouse) -> bool:
    """Return whether an active delivery method uses it for pickup."""
    return DeliveryMethod.objects.filter(warehouse=warehouse, is_active=True).exists()


def _fill_address(address: Address, cooperative: Cooperative, details: WarehouseDetails) -> None:
    require_phone(details.phone, is_business=True)
    address.company_name = cooperative.name[:256]
    address.street_address_1 = details.street
    address.city, address.commune_code = details.commune_name, details.commune_code
    address.country_area, address.province_code = details.province_name, details.province_code
    address.phone = details.phone or cooperative.phone


def _find_free_slug(requested: str) -> str:
    used_slugs = set(Warehouse.objects.filter(slug__startswith=requested).values_list("slug", flat=True))
    candidates = (requested if n == 1 else f"{requested}-{n}" for n in range(1, len(used_slugs) + 2))
    return next(candidate for candidate in candidates if candidate not in used_slugs)
