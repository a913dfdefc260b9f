"""Create channels, and change their settings, zones and warehouses."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import refresh_availability
from catalog.models import Variant
from cooperatives.models import Warehouse, WarehouseChannel, Zone
from shop.core.actors import Actor
from shop.core.database.row_values import require_rows
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change


class ChannelSlugTaken(Refused):
    code = "channel_slug_taken"
    default_message = _("Another channel already uses this short name. Choose another.")


@dataclass(frozen=True, slots=True)
class ChannelLinks:
    """Zones and warehouses to add to a channel, and to remove from it."""

    add_zone_ids: Collection[int] = ()
    remove_zone_ids: Collection[int] = ()
    add_warehouse_ids: Collection[uuid.UUID] = ()
    remove_warehouse_ids: Collection[uuid.UUID] = ()


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """New values of a channel's columns, and changes of its links."""

    values: Mapping[str, object] = field(default_factory=dict)
    links: ChannelLinks = ChannelLinks()


@transaction.atomic(durable=True)
def open_channel(*, change: ChannelChange, actor: Actor, now: datetime.datetime) -> Channel:
    """Create a channel without listings. Raises ChannelSlugTaken, Missing."""
    channel = Channel(**change.values)
    _save_channel(channel, is_new=True)
    _update_links(channel, change.links)
    record_change("channel.created", channel, actor=actor, now=now, data=_change_data(change))
    return channel


@transaction.atomic(durable=True)
def change_channel(
    *, channel_id: int, change: ChannelChange, actor: Actor, now: datetime.datetime
) -> Channel:
    """Update a channel. Availability is computed again if its country, zones or warehouses change.

    Raises Missing, ChannelSlugTaken.
    """
    channel = lock_row(Channel.objects.filter(pk=channel_id))
    if channel is None:
        raise Missing(field="id")
    country = channel.default_country
    for column, value in change.values.items():
        setattr(channel, column, value)
    _save_channel(channel)
    if _update_links(channel, change.links) or channel.default_country != country:
        listed_variants = Variant.objects.filter(product__listings__channel=channel)
        refresh_availability(variant_ids=listed_variants.values_list("pk", flat=True))
    record_change("channel.changed", channel, actor=actor, now=now, data=_change_data(change))
    return channel


def _save_channel(channel: Channel, *, is_new: bool = False) -> None:
    try:
        with transaction.atomic():
            channel.save(force_insert=is_new)
    except IntegrityError as taken:
        raise ChannelSlugTaken(field="slug") from taken


def _update_links(channel: Channel, links: ChannelLinks) -> bool:
    """Add and remove links, and return whether there were any. Raises Missing."""
    zones = require_rows(Zone, links.add_zone_ids, field="addShippingZones")
    warehouses = require_rows(Warehouse, links.add_warehouse_ids, field="addWarehouses")
    for zone in zones:
        zone.channels.add(channel)
    for zone in Zone.objects.filter(pk__in=links.remove_zone_ids).order_by("pk"):
        zone.channels.remove(channel)
    WarehouseChannel.objects.bulk_create(
        [
            WarehouseChannel(warehouse=warehouse, channel=channel, sort_order=warehouse.cooperative_id)
            for warehouse in warehouses
        ],
        ignore_conflicts=True,
    )
    WarehouseChannel.objects.filter(channel=channel, warehouse__in=links.remove_warehouse_ids).delete()
    return any((zones, warehouses, links.remove_zone_ids, links.remove_warehouse_ids))


def _change_data(change: ChannelChange) -> dict[str, object]:
    """Return only the names of the changed columns. Metadata may hold secrets, so values are not recorded."""
    return {"fields": sorted(change.values)}
