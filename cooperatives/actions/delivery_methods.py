"""Where a cooperative keeps its goods, and how it brings them to buyers."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import (
    COLLECTED,
    Collecting,
    Cooperative,
    DeliveryRate,
    DeliveryWay,
    Service,
    Warehouse,
    WarehouseChannel,
    WayKind,
    Zone,
)
from shop.accounts.models import Address
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, made_before, record_change

_TOLD = (
    *("name", "carrier", "note", "minimum_days", "maximum_days", "warehouse_id"),
    *("departs_weekday", "departs_at", "cut_off_hours"),
)
_NOT_IN_JSON = frozenset({"warehouse_id", "departs_at"})


class NoStoreHouse(Refused):
    code = "no_store_house"
    default_words = _("There is no store house yet where goods could be collected.")


@dataclass(frozen=True, slots=True)
class WayWords:
    """What is said of a way; days from handing over. `warehouse_id` is where goods are collected.

    Of a coach also when it leaves (a weekday from 0, Monday, or None: every day) and how many hours
    before that orders close.
    """

    name: str
    carrier: str = ""
    note: str = ""
    minimum_days: int | None = None
    maximum_days: int | None = None
    warehouse_id: uuid.UUID | None = None
    departs_weekday: int | None = None
    departs_at: datetime.time | None = None
    cut_off_hours: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WayDetails(WayWords):
    """A way with one price for the whole country, in the channel's minor units."""

    kind: WayKind
    fee: int


@transaction.atomic(durable=True)
def offer_way(
    *,
    cooperative: Cooperative,
    channel: Channel,
    details: WayDetails,
    key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> DeliveryWay:
    """One more way to bring or hand out goods; the same `key` again answers the first.

    Goods are collected at the store house that is named, else at the first. Raises KeyReused, and
    NoStoreHouse for collecting without one.
    """
    if key is not None:
        locked_one(Cooperative.objects.filter(pk=cooperative.pk))
    made = made_before(key, "way.offered", cooperative_id=cooperative.pk)
    if made is not None:
        return DeliveryWay.objects.get(pk=made)
    way = DeliveryWay(
        cooperative=cooperative,
        service=_service(channel, details.kind),
        kind=details.kind,
        sort_order=cooperative.ways.count(),
    )
    _describe(way, details)
    way.save(force_insert=True)
    DeliveryRate.objects.create(way=way, channel=channel, currency=channel.currency, price=details.fee)
    record_change(
        "way.offered",
        way,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
        key=key,
    )
    return way


@transaction.atomic(durable=True)
def edit_way(
    *, cooperative: Cooperative, way_id: int, words: WayWords, actor: Actor, now: datetime.datetime
) -> DeliveryWay:
    """Say something else of a way; orders that chose it keep what they were told.

    Raises Missing, and NoStoreHouse where goods would be collected at a house that is not theirs or closed.
    """
    way = locked_one(DeliveryWay.objects.filter(cooperative=cooperative, is_active=True, pk=way_id))
    if way is None:
        raise Missing()
    before = {field: getattr(way, field) for field in _TOLD}
    _describe(way, words)
    way.save(update_fields=_TOLD)
    after = {field: getattr(way, field) for field in _TOLD}
    changed = {field: [before[field], after[field]] for field in _TOLD if before[field] != after[field]}
    for field in _NOT_IN_JSON & changed.keys():
        changed[field] = [None if each is None else str(each) for each in changed[field]]
    if changed:
        record_change(
            "way.edited",
            way,
            actor=actor,
            now=now,
            root=cooperative,
            cooperative_id=cooperative.pk,
            data={"changed": changed},
        )
    return way


@transaction.atomic(durable=True)
def end_way(*, cooperative: Cooperative, way_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Offer a way no longer; orders that chose it keep it. Raises Missing."""
    way = locked_one(DeliveryWay.objects.filter(cooperative=cooperative, is_active=True, pk=way_id))
    if way is None:
        raise Missing()
    way.is_active = False
    way.save(update_fields=["is_active"])
    record_change("way.ended", way, actor=actor, now=now, root=cooperative, cooperative_id=cooperative.pk)


def open_first_store_house(cooperative: Cooperative) -> Warehouse | None:
    """Step of approval: a store house at its address for every open channel; None if it has one."""
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
    serve_open_channels(warehouse)
    return warehouse


def serve_open_channels(warehouse: Warehouse) -> None:
    """Step: what lies in a new store house is sold in every open channel, in all of their zones."""
    channels = list(Channel.objects.filter(is_active=True).order_by("pk"))
    WarehouseChannel.objects.bulk_create(
        WarehouseChannel(warehouse=warehouse, channel=channel, sort_order=warehouse.cooperative_id)
        for channel in channels
    )
    warehouse.zones.set(Zone.objects.filter(channels__in=channels).distinct().order_by("pk"))


def _describe(way: DeliveryWay, words: WayWords) -> None:
    way.name, way.carrier, way.note = words.name, words.carrier, words.note
    way.minimum_days, way.maximum_days = words.minimum_days, words.maximum_days
    if way.kind == WayKind.COACH:
        way.departs_weekday, way.departs_at = words.departs_weekday, words.departs_at
        way.cut_off_hours = words.cut_off_hours
    if way.kind in COLLECTED:
        way.warehouse = _collecting_house(way, words.warehouse_id)


def _collecting_house(way: DeliveryWay, warehouse_id: uuid.UUID | None) -> Warehouse:
    """The house that is named, else the way's, else the first; buyers may collect there from now on."""
    houses = Warehouse.objects.for_cooperative(way.cooperative).open()
    wanted = warehouse_id or way.warehouse_id
    house = (houses.filter(pk=wanted) if wanted else houses).first()
    if house is None:
        raise NoStoreHouse(field="warehouse")
    if house.collecting == Collecting.DISABLED:
        house.collecting, house.is_private = Collecting.LOCAL, False
        house.save(update_fields=["collecting", "is_private"])
    return house


def _service(channel: Channel, kind: WayKind) -> Service:
    """The channel's service of this kind, made where there is none yet."""
    service = Service.objects.filter(kind=kind, zone__channels=channel).order_by("pk").first()
    if service is not None:
        return service
    zone = Zone.objects.filter(channels=channel).order_by("pk").first()
    if zone is None:
        zone = Zone.objects.create(name=channel.name[:100], is_default=True)
        zone.channels.add(channel)
    return Service.objects.create(zone=zone, kind=kind, name=str(kind.label))
