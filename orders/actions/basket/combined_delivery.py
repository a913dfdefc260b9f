"""How a whole basket can travel, for clients that know one delivery for all of it.

For each service that somebody offers, or that the channel has a price for: every cooperative takes its own
quote of it; who has none is carried by the service itself, and where the channel has no price for that
either, by its own first choice.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, Service
from orders.actions.basket.basket_lines import locked_basket, store_deliveries, touch
from orders.actions.quotes.build_quote import goods_of, quote, wanted_of
from orders.actions.quotes.fallback_delivery import Fallback, fallbacks_for
from orders.actions.quotes.quote_types import Quote, Share, WantedDelivery
from orders.models import DeliveryChoice
from shop.core.errors import Refused


class NotDeliveredSo(Refused):
    """This basket cannot travel that way."""

    code = "not_delivered_so"
    default_words = _("These goods cannot be delivered this way. Choose another one.")


@dataclass(frozen=True, slots=True)
class Leg:
    """How one cooperative's share travels; `fee` in minor units, None where the service's own is shared."""

    cooperative: Cooperative
    service: Service
    choice: WantedDelivery
    fee: int | None
    minimum_days: int | None
    maximum_days: int | None


@dataclass(frozen=True, slots=True)
class Option:
    """One delivery for the whole basket, named for the service that leads it; `fee` is Σ of its legs."""

    service: Service
    fee: int
    legs: list[Leg] = field(default_factory=list)

    @property
    def name(self) -> str:
        return " + ".join(dict.fromkeys(leg.service.name for leg in self.legs))

    @property
    def choices(self) -> dict[int, WantedDelivery]:
        return {leg.cooperative.pk: leg.choice for leg in self.legs}

    def key(self, basket_id: uuid.UUID) -> uuid.UUID:
        """What this basket's clients know it by: the same as long as the basket is there."""
        return option_key(basket_id, self.service.pk)

    @property
    def minimum_days(self) -> int | None:
        """Until the first goods come, at the earliest."""
        return min((leg.minimum_days for leg in self.legs if leg.minimum_days is not None), default=None)

    @property
    def maximum_days(self) -> int | None:
        """Until the last goods come, at the latest."""
        return max((leg.maximum_days for leg in self.legs if leg.maximum_days is not None), default=None)


def option_key(basket_id: uuid.UUID, service_id: int) -> uuid.UUID:
    """The key of a basket's option that a service leads."""
    return uuid.uuid5(basket_id, f"service:{service_id}")


def options_of(quote: Quote) -> list[Option]:
    """The deliveries that a quoted basket can have, each combination once. One query."""
    fallbacks = {
        key: each
        for key, each in fallbacks_for(quote.wanted).items()
        if each.serves(
            goods=sum(share.goods for share in quote.shares), grams=sum(share.grams for share in quote.shares)
        )
    }
    leading: dict[int, Service] = {}
    for share in quote.shares:
        for one in share.possible_offers:
            leading.setdefault(one.way.service_id, one.way.service)
    for key, fallback in fallbacks.items():
        leading.setdefault(key, fallback.service)
    options: dict[frozenset[tuple[int, WantedDelivery]], Option] = {}
    for service in leading.values():
        option = _option(service, quote.shares, fallbacks)
        if option is not None:
            options.setdefault(frozenset(option.choices.items()), option)
    return list(options.values())


def chosen_option(quote: Quote) -> Option | None:
    """The delivery that a quoted basket has; None while something of it has none that is possible."""
    legs = []
    for share in quote.shares:
        if share.fee is None or share.carried_by is None:
            return None
        legs.append(_chosen_leg(share, share.carried_by))
    if not legs:
        return None
    return Option(legs[0].service, sum(leg.fee or 0 for leg in legs), legs)


@transaction.atomic(durable=True)
def choose_option(*, basket_id: uuid.UUID, chosen: int | uuid.UUID | None, now: datetime.datetime) -> Quote:
    """Let the whole basket travel by an option: of this key, or led by this service; None takes the choice
    back. Answers what it costs so.

    Raises Missing, NotDeliveredSo.
    """
    basket = locked_basket(basket_id)
    wanted = wanted_of(basket)
    goods = goods_of(wanted)
    if chosen is None:
        DeliveryChoice.objects.filter(basket=basket).delete()
        wanted = replace(wanted, deliveries={})
    else:
        options = options_of(quote(wanted, now=now, goods=goods))
        named = (each for each in options if chosen in (each.service.pk, each.key(basket_id)))
        option = next(named, None)
        if option is None:
            raise NotDeliveredSo(field="delivery")
        store_deliveries(basket, option.choices)
        wanted = replace(wanted, deliveries={**wanted.deliveries, **option.choices})
    touch(basket, now)
    return quote(wanted, now=now, goods=goods)


def _option(service: Service, shares: Iterable[Share], fallbacks: Mapping[int, Fallback]) -> Option | None:
    legs = []
    for share in shares:
        leg = _leg(share, service, fallbacks.get(service.pk))
        if leg is None:
            return None
        legs.append(leg)
    once = fallbacks[service.pk].price if any(leg.fee is None for leg in legs) else 0
    return Option(service, once + sum(leg.fee or 0 for leg in legs), legs) if legs else None


def _leg(share: Share, service: Service, fallback: Fallback | None) -> Leg | None:
    own = [one for one in share.possible_offers if one.way.service_id == service.pk]
    for one in own or ([] if fallback else share.possible_offers):
        if one.first is not None:
            way = one.way
            return Leg(
                share.cooperative, way.service, one.first, one.fee or 0, way.minimum_days, way.maximum_days
            )
    if fallback is None:
        return None
    days = service.minimum_days, service.maximum_days
    return Leg(share.cooperative, service, WantedDelivery(service_id=service.pk), None, *days)


def _chosen_leg(share: Share, service: Service) -> Leg:
    if share.chosen is None:
        choice = WantedDelivery(service_id=service.pk)
        return Leg(share.cooperative, service, choice, share.fee, service.minimum_days, service.maximum_days)
    way, time = share.chosen.way, share.chosen_time
    choice = WantedDelivery(way.pk, time.day, time.starts) if time else WantedDelivery(way.pk)
    return Leg(share.cooperative, service, choice, share.fee, way.minimum_days, way.maximum_days)
