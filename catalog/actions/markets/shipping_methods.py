"""Kinds of delivery within a zone, and what they cost in each channel."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.actions.taxonomy.taxonomy import StillUsed
from cooperatives.models import Service, ServicePrice
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.database.unique_fields import require_related, save_claiming
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change


class MostBelowLeast(Refused):
    code = "most_below_least"
    default_words = _("The most must not be below the least.")


class NotInChannel(Refused):
    """Its zone is not delivered to in this channel."""

    code = "not_in_channel"
    default_words = _("The zone is not one of this channel.")


@dataclass(frozen=True, slots=True)
class Priced:
    """What a kind of delivery costs in a channel, in minor units, between two values of orders."""

    channel_id: int
    price: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    names_maximum: bool = False


@transaction.atomic(durable=True)
def add_kind(*, values: Mapping[str, Any], actor: Actor, now: datetime.datetime) -> Service:
    """Raises DoesNotFit, Missing, MostBelowLeast."""
    require_related(Service, values)
    service = Service(**values)
    _save(service)
    record_change("service.added", service, actor=actor, now=now)
    return service


@transaction.atomic(durable=True)
def change_kind(
    *, service_id: int, values: Mapping[str, Any], actor: Actor, now: datetime.datetime
) -> Service:
    """Raises DoesNotFit, Missing, MostBelowLeast."""
    service = _locked(service_id)
    require_related(Service, values)
    for column, value in values.items():
        setattr(service, column, value)
    _save(service)
    record_change("service.changed", service, actor=actor, now=now, data={"fields": sorted(values)})
    return service


@transaction.atomic(durable=True)
def remove_kind(*, service_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Where no cooperative offers it. Raises Missing, StillUsed."""
    service = _locked(service_id)
    record_change("service.deleted", service, actor=actor, now=now, snapshot={"name": service.name})
    try:
        service.delete()
    except ProtectedError as error:
        raise StillUsed(field="id") from error


@transaction.atomic(durable=True)
def price_kind(
    *,
    service_id: int,
    prices: Collection[Priced],
    removed: Collection[int],
    actor: Actor,
    now: datetime.datetime,
) -> Service:
    """What it costs in channels of its zone, and where it is offered no more.

    Raises Missing, MostBelowLeast, NotInChannel.
    """
    service = _locked(service_id)
    for each in prices:
        channel = Channel.objects.filter(pk=each.channel_id).first()
        if channel is None:
            raise Missing(field="addChannels")
        if not channel.zones.filter(pk=service.zone_id).exists():
            raise NotInChannel(field="addChannels", channel_id=channel.pk)
        _price(service, channel, each)
    ServicePrice.objects.filter(service=service, channel__in=removed).delete()
    record_change("service.priced", service, actor=actor, now=now)
    return service


def _price(service: Service, channel: Channel, given: Priced) -> None:
    row = ServicePrice.objects.filter(service=service, channel=channel).first()
    row = row or ServicePrice(service=service, channel=channel)
    row.currency = channel.currency
    if given.price is not None:
        row.price = given.price
    if given.minimum is not None:
        row.minimum_order = given.minimum
    if given.names_maximum:
        row.maximum_order = given.maximum
    if row.maximum_order is not None and row.maximum_order < row.minimum_order:
        raise MostBelowLeast(field="maximumOrderPrice")
    row.save()


def _save(service: Service) -> None:
    for least, most, name in (
        (service.minimum_grams, service.maximum_grams, "maximumOrderWeight"),
        (service.minimum_days, service.maximum_days, "maximumDeliveryDays"),
    ):
        if most is not None and most < (least or 0):
            raise MostBelowLeast(field=name)
    save_claiming(service)


def _locked(service_id: int) -> Service:
    service = locked_one(Service.objects.filter(pk=service_id))
    if service is None:
        raise Missing(field="id")
    return service
