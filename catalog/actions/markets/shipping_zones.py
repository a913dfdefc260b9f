"""Create and change shipping zones, which are countries with their channels and warehouses."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import refresh_availability
from catalog.actions.taxonomy.taxonomy_rows import StillReferenced
from catalog.models import Variant
from cooperatives.models import Warehouse, Zone, ZoneCountry
from shop.core.actors import Actor
from shop.core.database.row_values import require_rows, save_unique
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change


class DefaultZoneTaken(Refused):
    code = "default_zone_taken"
    default_message = _("Another zone already covers all other countries.")


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """New values of a zone's columns and links. If `countries` is None, the countries stay."""

    values: Mapping[str, object] = field(default_factory=dict)
    countries: Collection[str] | None = None
    add_channel_ids: Collection[int] = ()
    remove_channel_ids: Collection[int] = ()
    add_warehouse_ids: Collection[uuid.UUID] = ()
    remove_warehouse_ids: Collection[uuid.UUID] = ()


@transaction.atomic(durable=True)
def add_zone(*, change: ZoneChange, actor: Actor, now: datetime.datetime) -> Zone:
    """Create a zone. Raises DefaultZoneTaken, InvalidColumnValue, Missing."""
    zone = Zone(**change.values)
    save_unique(zone)
    _update_links(zone, change)
    record_change("zone.created", zone, actor=actor, now=now)
    return zone


@transaction.atomic(durable=True)
def change_zone(*, zone_id: int, change: ZoneChange, actor: Actor, now: datetime.datetime) -> Zone:
    """Update a zone and refresh availability. Raises DefaultZoneTaken, InvalidColumnValue, Missing."""
    zone = lock_row(Zone.objects.filter(pk=zone_id))
    if zone is None:
        raise Missing(field="id")
    for column, value in change.values.items():
        setattr(zone, column, value)
    save_unique(zone)
    _update_links(zone, change)
    record_change("zone.changed", zone, actor=actor, now=now, data={"fields": sorted(change.values)})
    return zone


@transaction.atomic(durable=True)
def remove_zone(*, zone_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a zone and its services if no delivery method uses them. Raises Missing, StillReferenced."""
    zone = lock_row(Zone.objects.filter(pk=zone_id))
    if zone is None:
        raise Missing(field="id")
    channels = list(zone.channels.values_list("pk", flat=True))
    record_change("zone.deleted", zone, actor=actor, now=now, snapshot={"name": zone.name})
    try:
        zone.delete()
    except ProtectedError as error:
        raise StillReferenced(field="id") from error
    _refresh_availability(channels)


def _update_links(zone: Zone, change: ZoneChange) -> None:
    channels = set(zone.channels.values_list("pk", flat=True))
    if zone.is_default and Zone.objects.filter(is_default=True).exclude(pk=zone.pk).exists():
        raise DefaultZoneTaken(field="default")
    if change.countries is not None:
        requested = set(change.countries)
        ZoneCountry.objects.filter(zone=zone).exclude(country__in=requested).delete()
        have = set(ZoneCountry.objects.filter(zone=zone).values_list("country", flat=True))
        ZoneCountry.objects.bulk_create(
            ZoneCountry(zone=zone, country=country) for country in sorted(requested - have)
        )
    zone.channels.add(*require_rows(Channel, change.add_channel_ids, field="addChannels"))
    zone.channels.remove(*change.remove_channel_ids)
    zone.warehouses.add(*require_rows(Warehouse, change.add_warehouse_ids, field="addWarehouses"))
    zone.warehouses.remove(*Warehouse.objects.filter(pk__in=change.remove_warehouse_ids))
    _refresh_availability(channels | set(zone.channels.values_list("pk", flat=True)))


def _refresh_availability(channel_ids: Collection[int]) -> None:
    listed_variants = Variant.objects.filter(product__listings__channel__in=channel_ids).distinct()
    refresh_availability(variant_ids=listed_variants.values_list("pk", flat=True))
