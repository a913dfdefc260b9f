"""How each share of a quote may travel: the ways on offer with their fees and times, and the one chosen."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from django.db.models import QuerySet

from cooperatives.models import DeliveryWay, PickupSlot, PickupTime
from orders.actions.quotes.fallback_delivery import Fallback
from orders.actions.quotes.quote_types import (
    Offer,
    Problem,
    QuotedTime,
    Share,
    Wanted,
    WantedDelivery,
)
from shop.core.database.compiled_query import prepared
from shop.core.dates.calendar import day_of


def quote_deliveries(
    wanted: Wanted,
    shares: Mapping[int, Share],
    ways: Mapping[int, list[DeliveryWay]],
    fallbacks: Mapping[int, Fallback],
    now: datetime.datetime,
    proposing: bool,
) -> None:
    """Each share's offers with their fees, what was chosen of them, and what is wrong with it."""
    with_times = [way.pk for offered in ways.values() for way in offered if way.market_days.all()]
    slots = {(slot.way_id, slot.day, slot.starts): slot for slot in _slots(with_times, day_of(now))}
    for cooperative_id, share in shares.items():
        share.offers = [
            Offer(
                way,
                way.fee(
                    channel_id=wanted.channel.pk,
                    province_code=wanted.province_code,
                    grams=share.grams,
                    goods=share.goods,
                ),
                [
                    QuotedTime(time, _places_left(time, slots.get((way.pk, time.day, time.starts))))
                    for time in way.pickup_times(now=now)
                ],
            )
            for way in ways.get(cooperative_id, [])
        ]
        chosen = wanted.deliveries.get(cooperative_id)
        possible = {offer.way.pk for offer in share.possible_offers}
        is_carried = chosen is not None and chosen.way_id is None and chosen.service_id in fallbacks
        if proposing and not is_carried and (chosen is None or chosen.way_id not in possible):
            chosen = share.first_choice
        _choose(share, chosen, fallbacks)
        if share.cooperative.is_paused_on(day_of(now)):
            share.problems.append(Problem.PAUSED)


@prepared
def _slots(ways: Collection[int], day: datetime.date) -> QuerySet[PickupSlot]:
    return PickupSlot.objects.filter(way__in=ways, day__gte=day)


def _places_left(time: PickupTime, slot: PickupSlot | None) -> int | None:
    capacity = slot.capacity if slot else time.capacity
    return None if capacity is None else capacity - (slot.taken if slot else 0)


def _choose(share: Share, chosen: WantedDelivery | None, fallbacks: Mapping[int, Fallback]) -> None:
    """Find what was chosen among the offers, or say why it cannot be."""
    if chosen is not None and chosen.way_id is None:
        fallback = fallbacks.get(chosen.service_id or 0)
        if fallback is None:
            share.problems.append(Problem.NOT_DELIVERED)
        else:
            share.service = fallback.service
        return
    if not share.possible_offers:
        share.problems.append(Problem.NOT_DELIVERED)
        return
    if chosen is None:
        share.problems.append(Problem.NO_DELIVERY_CHOSEN)
        return
    offer = next((one for one in share.possible_offers if one.way.pk == chosen.way_id), None)
    if offer is None:
        share.problems.append(Problem.NOT_DELIVERED)
        return
    share.chosen = offer
    if not offer.times:
        if offer.way.market_days.all():
            share.problems.append(Problem.SLOT_GONE)
        return
    time = next(
        (
            one
            for one in offer.times
            if (one.time.day, one.time.starts) == (chosen.pickup_day, chosen.pickup_starts)
        ),
        None,
    )
    if time is None or time.is_full:
        share.problems.append(Problem.SLOT_GONE)
        return
    share.chosen_time = time.time
