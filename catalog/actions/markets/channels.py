"""A market of its own: opening a channel, changing its settings, and what sells in it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import refresh_availability
from catalog.models import Variant
from cooperatives.models import Warehouse, WarehouseChannel, Zone
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change


class ChannelSlugTaken(Refused):
    code = "channel_slug_taken"
    default_words = _("Another channel has this short name.")


@dataclass(frozen=True, slots=True)
class ChannelLinks:
    """The zones and store houses that a channel takes in, and those that it gives up."""

    add_zones: Collection[int] = ()
    remove_zones: Collection[int] = ()
    add_warehouses: Collection[uuid.UUID] = ()
    remove_warehouses: Collection[uuid.UUID] = ()


@dataclass(frozen=True, slots=True)
class ChannelChange:
    """Columns of a channel with their new values, and its links."""

    values: Mapping[str, Any] = field(default_factory=dict)
    links: ChannelLinks = ChannelLinks()


@transaction.atomic(durable=True)
def open_channel(*, change: ChannelChange, actor: Actor, now: datetime.datetime) -> Channel:
    """A new channel; nothing is listed in it yet. Raises ChannelSlugTaken, Missing."""
    channel = Channel(**change.values)
    _save(channel, force_insert=True)
    _link(channel, change.links)
    record_change("channel.opened", channel, actor=actor, now=now, data=_told(change))
    return channel


@transaction.atomic(durable=True)
def change_channel(
    *, channel_id: int, change: ChannelChange, actor: Actor, now: datetime.datetime
) -> Channel:
    """New settings for a channel. What is to be had in it follows its country, zones and store houses.

    Raises Missing, ChannelSlugTaken.
    """
    channel = locked_one(Channel.objects.filter(pk=channel_id))
    if channel is None:
        raise Missing(field="id")
    country = channel.default_country
    for column, value in change.values.items():
        setattr(channel, column, value)
    _save(channel)
    if _link(channel, change.links) or channel.default_country != country:
        listed = Variant.objects.filter(product__listings__channel=channel)
        refresh_availability(variant_ids=listed.values_list("pk", flat=True))
    record_change("channel.changed", channel, actor=actor, now=now, data=_told(change))
    return channel


def _save(channel: Channel, *, force_insert: bool = False) -> None:
    try:
        with transaction.atomic():
            channel.save(force_insert=force_insert)
    except IntegrityError as taken:
        raise ChannelSlugTaken(field="slug") from taken


def _link(channel: Channel, links: ChannelLinks) -> bool:
    """Take in and give up; whether there was anything to do. Raises Missing."""
    zones = _found(Zone, links.add_zones, "addShippingZones")
    warehouses = _found(Warehouse, links.add_warehouses, "addWarehouses")
    for zone in zones:
        zone.channels.add(channel)
    for zone in Zone.objects.filter(pk__in=links.remove_zones).order_by("pk"):
        zone.channels.remove(channel)
    WarehouseChannel.objects.bulk_create(
        [
            WarehouseChannel(warehouse=each, channel=channel, sort_order=each.cooperative_id)
            for each in warehouses
        ],
        ignore_conflicts=True,
    )
    WarehouseChannel.objects.filter(channel=channel, warehouse__in=links.remove_warehouses).delete()
    return any((zones, warehouses, links.remove_zones, links.remove_warehouses))


def _found(model: Any, keys: Collection[Any], field_name: str) -> list[Any]:
    rows = list(model.objects.filter(pk__in=keys).order_by("pk"))
    if len(rows) < len(set(keys)):
        raise Missing(field=field_name)
    return rows


def _told(change: ChannelChange) -> dict[str, Any]:
    """Which columns; metadata may hold secrets, so their values are not written down."""
    return {"fields": sorted(change.values)}
