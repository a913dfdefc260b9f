"""Shipping services of a zone, and their prices per channel."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.actions.taxonomy.taxonomy_rows import StillReferenced
from cooperatives.models import ShippingService, ShippingServicePrice
from shop.core.actors import Actor
from shop.core.database.row_values import require_related_rows, save_unique
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change


class InvalidRange(Refused):
    code = "invalid_range"
    default_message = _("The maximum must not be below the minimum.")


class ZoneNotInChannel(Refused):
    """The service's zone does not include this channel."""

    code = "zone_not_in_channel"
    default_message = _("This zone does not belong to the channel.")


@dataclass(frozen=True, slots=True)
class ShippingPriceInput:
    """A service's price in a channel, in minor units, and the order values it applies to."""

    channel_id: int
    price: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    is_maximum_given: bool = False


@transaction.atomic(durable=True)
def create_shipping_service(
    *, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> ShippingService:
    """Create a shipping service. Raises InvalidColumnValue, Missing, InvalidRange."""
    require_related_rows(ShippingService, values)
    service = ShippingService(**values)
    _save_service(service)
    record_change("shippingservice.created", service, actor=actor, now=now)
    return service


@transaction.atomic(durable=True)
def update_shipping_service(
    *, service_id: int, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> ShippingService:
    """Update a shipping service. Raises InvalidColumnValue, Missing, InvalidRange."""
    service = _lock_service(service_id)
    require_related_rows(ShippingService, values)
    for column, value in values.items():
        setattr(service, column, value)
    _save_service(service)
    record_change("shippingservice.changed", service, actor=actor, now=now, data={"fields": sorted(values)})
    return service


@transaction.atomic(durable=True)
def delete_shipping_service(*, service_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a service that no delivery method uses. Raises Missing, StillReferenced."""
    service = _lock_service(service_id)
    record_change("shippingservice.deleted", service, actor=actor, now=now, snapshot={"name": service.name})
    try:
        service.delete()
    except ProtectedError as error:
        raise StillReferenced(field="id") from error


@transaction.atomic(durable=True)
def set_shipping_prices(
    *,
    service_id: int,
    prices: Collection[ShippingPriceInput],
    removed: Collection[int],
    actor: Actor,
    now: datetime.datetime,
) -> ShippingService:
    """Set a service's prices in channels of its zone, and remove it from channels.

    Raises Missing, InvalidRange, ZoneNotInChannel.
    """
    service = _lock_service(service_id)
    for price in prices:
        channel = Channel.objects.filter(pk=price.channel_id).first()
        if channel is None:
            raise Missing(field="addChannels")
        if not channel.zones.filter(pk=service.zone_id).exists():
            raise ZoneNotInChannel(field="addChannels", channel_id=channel.pk)
        _set_price(service, channel, price)
    ShippingServicePrice.objects.filter(service=service, channel__in=removed).delete()
    record_change("shippingservice.priced", service, actor=actor, now=now)
    return service


def _set_price(service: ShippingService, channel: Channel, price_input: ShippingPriceInput) -> None:
    service_price = ShippingServicePrice.objects.filter(service=service, channel=channel).first()
    service_price = service_price or ShippingServicePrice(service=service, channel=channel)
    service_price.currency = channel.currency
    if price_input.price is not None:
        service_price.price = price_input.price
    if price_input.minimum is not None:
        service_price.minimum_order = price_input.minimum
    if price_input.is_maximum_given:
        service_price.maximum_order = price_input.maximum
    if service_price.maximum_order is not None and service_price.maximum_order < service_price.minimum_order:
        raise InvalidRange(field="maximumOrderPrice")
    service_price.save()


def _save_service(service: ShippingService) -> None:
    for minimum, maximum, name in (
        (service.minimum_grams, service.maximum_grams, "maximumOrderWeight"),
        (service.minimum_days, service.maximum_days, "maximumDeliveryDays"),
    ):
        if maximum is not None and maximum < (minimum or 0):
            raise InvalidRange(field=name)
    save_unique(service)


def _lock_service(service_id: int) -> ShippingService:
    service = lock_row(ShippingService.objects.filter(pk=service_id))
    if service is None:
        raise Missing(field="id")
    return service
