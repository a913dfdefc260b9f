"""Services of the channel, for goods of a cooperative that has no offer of its own of what was chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from cooperatives.models import Service, ServicePrice, Zone
from orders.actions.quotes.quote_types import Problem, Share, Wanted
from shop.core.database.compiled_query import prepared
from shop.core.money import split


@dataclass(frozen=True, slots=True)
class Fallback:
    """A service and what it costs in the channel, in minor units: once for an order, whoever takes it."""

    service: Service
    row: ServicePrice

    @property
    def price(self) -> int:
        return self.row.price

    def serves(self, *, goods: int, grams: int) -> bool:
        """Whether it takes a basket of this worth (minor units) and weight."""
        if goods < self.row.minimum_order or (self.row.maximum_order or goods) < goods:
            return False
        service = self.service
        if not service.is_weight_based:
            return True
        return service.minimum_grams <= grams and (service.maximum_grams or grams) >= grams


def fallbacks_for(wanted: Wanted, service_ids: Iterable[int | None] | None = None) -> dict[int, Fallback]:
    """The services that have a price in the channel and a zone with the country (of these, or all), by key.

    One query, none where none is asked for.
    """
    asked = None if service_ids is None else {key for key in service_ids if key is not None}
    if asked is not None and not asked:
        return {}
    found = _prices(wanted.channel.pk, wanted.country)
    return {
        row.service_id: Fallback(row.service, row)
        for row in found
        if asked is None or row.service_id in asked
    }


@prepared
def _prices(channel: int, country: str) -> QuerySet[ServicePrice]:
    zones = Zone.objects.covering(country, channel_id=channel)
    rows = ServicePrice.objects.filter(channel=channel, service__zone__in=zones)
    return rows.select_related("service", "service__tax_class").order_by("service")


def share_fees(shares: Sequence[Share], fallbacks: Mapping[int, Fallback]) -> None:
    """Share what a service costs among those that take it, by the worth of their goods.

    Says of shares that it does not carry that they are not delivered.
    """
    goods, grams = sum(share.goods for share in shares), sum(share.grams for share in shares)
    for key, fallback in fallbacks.items():
        carried = [share for share in shares if share.service is not None and share.service.pk == key]
        if not fallback.serves(goods=goods, grams=grams):
            for share in carried:
                share.service = None
                share.problems.append(Problem.NOT_DELIVERED)
        elif carried:
            fees = split(fallback.price, [share.goods for share in carried])
            for share, fee in zip(carried, fees, strict=True):
                share.service_fee = fee
