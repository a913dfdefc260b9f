"""Create, edit and deactivate a cooperative's delivery methods, and open its first warehouse."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import (
    PICKUP_KINDS,
    ClickAndCollect,
    Cooperative,
    DeliveryKind,
    DeliveryMethod,
    DeliveryRate,
    ShippingService,
    Warehouse,
    WarehouseChannel,
    Zone,
)
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, find_key_of_created_row, record_change

_EDITABLE_FIELDS = (
    "name",
    "carrier",
    "note",
    "minimum_days",
    "maximum_days",
    "warehouse_id",
    "station",
    "departs_weekday",
    "departs_at",
    "cut_off_hours",
)
_NOT_IN_JSON = frozenset({"warehouse_id", "departs_at"})


class MissingPickupWarehouse(Refused):
    code = "missing_pickup_warehouse"
    default_message = _("No warehouse offers pickup yet.")


@dataclass(frozen=True, slots=True)
class DeliveryMethodDetails:
    """Editable details of a delivery method. Days count from dispatch.

    `warehouse_id` is the pickup warehouse. `station` is where buyers collect from a coach. `departs_weekday`
    (0 is Monday, None every day) and `departs_at` are the coach's departure, and orders close `cut_off_hours`
    before it.
    """

    name: str
    carrier: str = ""
    note: str = ""
    minimum_days: int | None = None
    maximum_days: int | None = None
    warehouse_id: uuid.UUID | None = None
    station: str = ""
    departs_weekday: int | None = None
    departs_at: datetime.time | None = None
    cut_off_hours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDeliveryMethod(DeliveryMethodDetails):
    """A new delivery method with one nationwide price, in the channel's minor units."""

    kind: DeliveryKind
    fee: int


@transaction.atomic(durable=True)
def create_delivery_method(
    *,
    cooperative: Cooperative,
    channel: Channel,
    details: NewDeliveryMethod,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> DeliveryMethod:
    """Create a delivery method. A repeated `idempotency_key` returns the first result.

    Pickup uses the given warehouse, or else the first one. Raises KeyReused, and MissingPickupWarehouse for
    pickup without a warehouse.
    """
    if idempotency_key is not None:
        lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    existing_id = find_key_of_created_row(
        idempotency_key, "delivery_method.created", cooperative_id=cooperative.pk
    )
    if existing_id is not None:
        return DeliveryMethod.objects.get(pk=existing_id)
    delivery_method = DeliveryMethod(
        cooperative=cooperative,
        service=_get_or_create_service(channel, details.kind),
        kind=details.kind,
        sort_order=cooperative.delivery_methods.count(),
    )
    _set_details(delivery_method, details)
    delivery_method.save(force_insert=True)
    DeliveryRate.objects.create(
        delivery_method=delivery_method, channel=channel, currency=channel.currency, price=details.fee
    )
    record_change(
        "delivery_method.created",
        delivery_method,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
        idempotency_key=idempotency_key,
    )
    return delivery_method


@transaction.atomic(durable=True)
def update_delivery_method(
    *,
    cooperative: Cooperative,
    delivery_method_id: int,
    details: DeliveryMethodDetails,
    actor: Actor,
    now: datetime.datetime,
) -> DeliveryMethod:
    """Update a delivery method. Existing orders keep the copied details.

    Raises Missing, and MissingPickupWarehouse if the pickup warehouse is closed or belongs to another
    cooperative.
    """
    delivery_method = lock_row(
        DeliveryMethod.objects.filter(cooperative=cooperative, is_active=True, pk=delivery_method_id)
    )
    if delivery_method is None:
        raise Missing()
    before = {field: getattr(delivery_method, field) for field in _EDITABLE_FIELDS}
    _set_details(delivery_method, details)
    delivery_method.save(update_fields=_EDITABLE_FIELDS)
    after = {field: getattr(delivery_method, field) for field in _EDITABLE_FIELDS}
    changed = {
        field: [before[field], after[field]] for field in _EDITABLE_FIELDS if before[field] != after[field]
    }
    for field in _NOT_IN_JSON & changed.keys():
        changed[field] = [None if value is None else str(value) for value in changed[field]]
    if changed:
        record_change(
            "delivery_method.changed",
            delivery_method,
            actor=actor,
            now=now,
            root=cooperative,
            cooperative_id=cooperative.pk,
            data={"changed": changed},
        )
    return delivery_method


@transaction.atomic(durable=True)
def deactivate_delivery_method(
    *, cooperative: Cooperative, delivery_method_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Deactivate a delivery method. Existing orders keep it. Raises Missing."""
    delivery_method = lock_row(
        DeliveryMethod.objects.filter(cooperative=cooperative, is_active=True, pk=delivery_method_id)
    )
    if delivery_method is None:
        raise Missing()
    delivery_method.is_active = False
    delivery_method.save(update_fields=["is_active"])
    record_change(
        "delivery_method.deactivated",
        delivery_method,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
    )


def open_first_warehouse(cooperative: Cooperative) -> Warehouse | None:
    """In a transaction: create a warehouse at the cooperative's address, or return None if it has one."""
    if Warehouse.objects.filter(cooperative=cooperative).exists():
        return None
    address = Address.objects.create(
        company_name=cooperative.name[:256],
        street_address_1=cooperative.hamlet,
        city=cooperative.commune_name,
        country_area=cooperative.province_name,
        province_code=cooperative.province_code,
        commune_code=cooperative.commune_code,
        phone=cooperative.phone,
    )
    warehouse = Warehouse.objects.create(
        cooperative=cooperative, name=cooperative.name, slug=f"kho-{cooperative.slug}", address=address
    )
    add_warehouse_to_channels(warehouse)
    return warehouse


def add_warehouse_to_channels(warehouse: Warehouse) -> None:
    """Add a new warehouse to every active channel and to all of their zones."""
    channels = list(Channel.objects.filter(is_active=True).order_by("pk"))
    WarehouseChannel.objects.bulk_create(
        WarehouseChannel(warehouse=warehouse, channel=channel, sort_order=warehouse.cooperative_id)
        for channel in channels
    )
    warehouse.zones.set(Zone.objects.filter(channels__in=channels).distinct().order_by("pk"))


def _set_details(delivery_method: DeliveryMethod, details: DeliveryMethodDetails) -> None:
    delivery_method.name, delivery_method.carrier, delivery_method.note = (
        details.name,
        details.carrier,
        details.note,
    )
    delivery_method.minimum_days, delivery_method.maximum_days = details.minimum_days, details.maximum_days
    if delivery_method.kind == DeliveryKind.COACH:
        delivery_method.departs_weekday, delivery_method.departs_at = (
            details.departs_weekday,
            details.departs_at,
        )
        delivery_method.station, delivery_method.cut_off_hours = details.station, details.cut_off_hours
    if delivery_method.kind in PICKUP_KINDS:
        delivery_method.warehouse = _prepare_pickup_warehouse(delivery_method, details.warehouse_id)


def _prepare_pickup_warehouse(delivery_method: DeliveryMethod, warehouse_id: uuid.UUID | None) -> Warehouse:
    """Return the given warehouse, else the method's, else the first, and enable pickup there.

    Raises MissingPickupWarehouse.
    """
    warehouses = Warehouse.objects.for_cooperative(delivery_method.cooperative).open()
    requested = warehouse_id or delivery_method.warehouse_id
    warehouse = (warehouses.filter(pk=requested) if requested else warehouses).first()
    if warehouse is None:
        raise MissingPickupWarehouse(field="warehouse")
    if warehouse.click_and_collect == ClickAndCollect.DISABLED:
        warehouse.click_and_collect, warehouse.is_private = ClickAndCollect.LOCAL, False
        warehouse.save(update_fields=["click_and_collect", "is_private"])
    return warehouse


def _get_or_create_service(channel: Channel, kind: DeliveryKind) -> ShippingService:
    """Return the channel's shipping service of this kind, creating it if missing."""
    service = ShippingService.objects.filter(kind=kind, zone__channels=channel).order_by("pk").first()
    if service is not None:
        return service
    zone = Zone.objects.filter(channels=channel).order_by("pk").first()
    if zone is None:
        zone = Zone.objects.create(name=channel.name[:100], is_default=True)
        zone.channels.add(channel)
    return ShippingService.objects.create(zone=zone, kind=kind, name=str(kind.label))
