"""The current market week: order deadline, coach departure and market days."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from cooperatives.models import DeliveryWay, PickupTime, WayKind
from cooperatives.states import CooperativeState
from shop.core.dates.calendar import VIETNAM, day_of, next_weekday
from shop.core.models import show_in_language


@dataclass(frozen=True, slots=True)
class WeekDay:
    """`kind` is "market", "on" (something else happens) or ""; `words` describe it."""

    date: datetime.date
    is_today: bool
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Market:
    """The next market day at which products ordered now can be collected."""

    way: DeliveryWay
    time: PickupTime
    closes_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Coach:
    """The next coach that can carry products ordered now."""

    way: DeliveryWay
    leaves_at: datetime.datetime
    closes_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Week:
    days: list[WeekDay]
    market: Market | None
    coach: Coach | None


def week_of(day: datetime.date) -> datetime.date:
    """The Monday of the day's week."""
    return day - datetime.timedelta(days=day.weekday())


def coaches_in_week(methods: Sequence[DeliveryWay], monday: datetime.date) -> list[Coach]:
    """Coach departures in the week, in chronological order, with their order deadlines."""
    found = [
        _departure(method, monday + datetime.timedelta(days=method.departs_weekday))
        for method in methods
        if method.kind == WayKind.COACH and method.departs_weekday is not None
    ]
    return sorted(found, key=lambda coach: (coach.leaves_at, coach.way.pk))


def market_ways() -> list[DeliveryWay]:
    """Active market-day and coach delivery methods of approved cooperatives."""
    methods = DeliveryWay.objects.offered().filter(
        kind__in=[WayKind.MARKET_DAY, WayKind.COACH], cooperative__state=CooperativeState.APPROVED
    )
    rows = list(methods)
    show_in_language(rows, "name")
    return rows


def this_week(methods: Sequence[DeliveryWay], *, now: datetime.datetime) -> Week:
    """The seven days from Monday, and the next market and coach of these delivery methods."""
    monday = week_of(day_of(now))
    coach = next_coach(methods, now=now)
    days = [
        _week_day(monday + datetime.timedelta(days=ahead), methods, coach, day_of(now)) for ahead in range(7)
    ]
    return Week(days, next_market(methods, now=now), coach)


def next_market(methods: Sequence[DeliveryWay], *, now: datetime.datetime) -> Market | None:
    """The earliest market day; the first delivery method wins a tie."""
    found = [
        Market(method, time, time.starts_at - datetime.timedelta(hours=method.cut_off_hours))
        for method in methods
        if method.kind == WayKind.MARKET_DAY
        for time in method.pickup_times(now=now, count=1)
    ]
    return min(found, key=lambda market: market.time.starts_at, default=None)


def next_coach(methods: Sequence[DeliveryWay], *, now: datetime.datetime) -> Coach | None:
    """The coach whose orders close earliest."""
    found = [
        coach
        for method in methods
        if method.kind == WayKind.COACH
        for coach in [_next_departure(method, now)]
        if coach is not None
    ]
    return min(found, key=lambda coach: coach.closes_at, default=None)


def _next_departure(method: DeliveryWay, now: datetime.datetime) -> Coach | None:
    if method.departs_weekday is None:
        return None
    day = day_of(now) - datetime.timedelta(days=1)
    for _week in range(2):
        day = next_weekday(day, method.departs_weekday)
        coach = _departure(method, day)
        if coach.closes_at > now:
            return coach
    return None


def _departure(method: DeliveryWay, day: datetime.date) -> Coach:
    leaves_at = datetime.datetime.combine(day, method.departs_at or datetime.time(12), VIETNAM)
    return Coach(method, leaves_at, leaves_at - datetime.timedelta(hours=method.cut_off_hours))


def _week_day(
    date: datetime.date, methods: Sequence[DeliveryWay], coach: Coach | None, today: datetime.date
) -> WeekDay:
    """A day of the week; the coach's weekdays are marked whether past or still to come."""
    is_market = any(
        market_day.falls_on(date)
        for method in methods
        if method.kind == WayKind.MARKET_DAY
        for market_day in method.market_days.all()
    )
    closes = coach is not None and day_of(coach.closes_at).weekday() == date.weekday()
    leaves = coach is not None and day_of(coach.leaves_at).weekday() == date.weekday()
    words = [
        word
        for happens, word in [
            (closes, _("orders close")),
            (leaves, _("coach leaves")),
            (is_market, _("market day")),
        ]
        if happens
    ]
    return WeekDay(date, date == today, "market" if is_market else "on" if words else "", ", ".join(words))
