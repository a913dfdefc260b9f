"""On what terms a way brings goods: its table of prices, and when goods may be collected."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from cooperatives.models import (
    COLLECTED,
    Cooperative,
    DeliveryRate,
    DeliveryWay,
    MarketDay,
    MarketDayKind,
    PickupSlot,
)
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.dates.calendar import day_of
from shop.core.errors import Missing, Refused
from shop.core.models import Channel, record_change

HIGHEST_FEE = 99_999_999


class OddRate(Refused):
    """`details["row"]` counts from 0 which row it is."""

    code = "odd_rate"
    default_words = _("Each price of the table is from 0 to 99,999,999, once for each place and weight.")


class NoRates(Refused):
    code = "no_rates"
    default_words = _("A way that is carried needs a price at least for one place.")


class OddMarketDay(Refused):
    """`details["row"]` counts from 0 which row it is."""

    code = "odd_market_day"
    default_words = _("A market day needs a day that exists, once for each hour, and an end after it begins.")


@dataclass(frozen=True, slots=True)
class Rate:
    """A price in the channel's minor units to a province (a code; empty: everywhere else), up to a weight."""

    price: int
    province_code: str = ""
    up_to_grams: int | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """When goods may be collected, in Vietnam's hours; `capacity` is for how many orders, None: for all."""

    kind: MarketDayKind
    number: int
    starts: datetime.time
    ends: datetime.time
    capacity: int | None = None


_HIGHEST_NUMBER = {MarketDayKind.WEEKDAY: 6, MarketDayKind.SOLAR: 31, MarketDayKind.LUNAR: 30}


@transaction.atomic(durable=True)
def set_rates(
    *,
    cooperative: Cooperative,
    way_id: int,
    channel: Channel,
    rates: Sequence[Rate],
    free_above: int | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Put another table of prices in the place of a way's in one channel.

    Orders keep the fee they were placed with. Raises Missing, NoRates, OddRate.
    """
    way = _locked_way(cooperative, way_id)
    price_way(way, channel, rates, free_above=free_above, actor=actor, now=now)


@transaction.atomic(durable=True)
def set_market_days(
    *,
    cooperative: Cooperative,
    way_id: int,
    days: Sequence[Hours],
    cut_off_hours: int,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Say anew when goods may be collected, and how many hours before that orders close.

    Places that are taken stay taken, also where there are fewer from now on. Raises Missing, also for a way
    that is carried, and OddMarketDay.
    """
    way = _locked_way(cooperative, way_id)
    if way.kind not in COLLECTED:
        raise Missing()
    schedule_way(way, days, cut_off_hours=cut_off_hours, actor=actor, now=now)


def price_way(
    way: DeliveryWay,
    channel: Channel,
    rates: Sequence[Rate],
    *,
    free_above: int | None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Step of `set_rates`, for a locked way. Raises NoRates, OddRate."""
    if not rates and way.kind not in COLLECTED:
        raise NoRates(field="rates")
    _check_rates(rates)
    if free_above is not None and free_above < 0:
        raise OddRate(field="free_above")
    before = way.rates.filter(channel=channel)
    data = {
        "channel": channel.pk,
        "from": list(before.order_by("pk").values("price", "province_code", "up_to_grams")),
        "to": [asdict(rate) for rate in rates],
        "free_above": [way.free_above, free_above],
    }
    before.delete()
    DeliveryRate.objects.bulk_create(
        DeliveryRate(way=way, channel=channel, currency=channel.currency, **asdict(rate)) for rate in rates
    )
    way.free_above = free_above
    way.save(update_fields=["free_above"])
    _record("way.priced", way, data, actor=actor, now=now)


def schedule_way(
    way: DeliveryWay,
    days: Sequence[Hours],
    *,
    cut_off_hours: int,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Step of `set_market_days`, for a locked way that is collected. Raises OddMarketDay."""
    _check_days(days)
    if not 0 <= cut_off_hours <= 24 * 14:
        raise OddMarketDay(field="cut_off_hours")
    data = {
        "from": _told(way.market_days.order_by("pk")),
        "cut_off_hours": [way.cut_off_hours, cut_off_hours],
    }
    way.market_days.all().delete()
    made = MarketDay.objects.bulk_create(MarketDay(way=way, **asdict(day)) for day in days)
    way.cut_off_hours = cut_off_hours
    way.save(update_fields=["cut_off_hours"])
    _widen_slots(way, made, now=now)
    _record("way.scheduled", way, data | {"to": _told(made)}, actor=actor, now=now)


def _widen_slots(way: DeliveryWay, days: Sequence[MarketDay], *, now: datetime.datetime) -> None:
    """Times to come that somebody has chosen have as many places as is said now, or as are taken."""
    for slot in PickupSlot.objects.filter(way=way, day__gte=day_of(now)).order_by("day", "starts"):
        same = (each for each in days if each.starts == slot.starts and each.falls_on(slot.day))
        day = next(same, None)
        if day is not None and day.capacity != slot.capacity:
            most = None if day.capacity is None else Greatest(F("taken"), day.capacity)
            PickupSlot.objects.filter(pk=slot.pk).update(capacity=most)


def _locked_way(cooperative: Cooperative, way_id: int) -> DeliveryWay:
    way = locked_one(DeliveryWay.objects.filter(cooperative=cooperative, is_active=True, pk=way_id))
    if way is None:
        raise Missing()
    return way


def _check_rates(rates: Sequence[Rate]) -> None:
    places = [(rate.province_code, rate.up_to_grams) for rate in rates]
    for row, rate in enumerate(rates):
        is_heavy_enough = rate.up_to_grams is None or rate.up_to_grams > 0
        if not (0 <= rate.price <= HIGHEST_FEE and is_heavy_enough) or places[row] in places[:row]:
            raise OddRate(field="rates", row=row)


def _check_days(days: Sequence[Hours]) -> None:
    beginnings = [(day.kind, day.number, day.starts) for day in days]
    for row, day in enumerate(days):
        lowest = 0 if day.kind == MarketDayKind.WEEKDAY else 1
        is_a_day = lowest <= day.number <= _HIGHEST_NUMBER[day.kind]
        has_places = day.capacity is None or day.capacity > 0
        is_new = beginnings[row] not in beginnings[:row]
        if not (is_a_day and is_new and has_places and day.starts < day.ends):
            raise OddMarketDay(field="days", row=row)


def _told(days: Iterable[MarketDay]) -> list[str]:
    """Market days as the history keeps them: "lunar 5, 06:00-10:00, 20"."""
    return [f"{day}, {day.starts:%H:%M}-{day.ends:%H:%M}, {day.capacity or '*'}" for day in days]


def _record(
    what: str,
    way: DeliveryWay,
    data: dict[str, Any],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    record_change(
        what,
        way,
        actor=actor,
        now=now,
        root=Cooperative(pk=way.cooperative_id),
        cooperative_id=way.cooperative_id,
        data=data,
    )
