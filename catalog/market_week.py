"""The current market week: order deadline, coach departure and market days."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext as _

from cooperatives.models import DeliveryKind, DeliveryMethod, PickupTime
from cooperatives.states import CooperativeState
from shop.core.dates.calendar import VIETNAM, vietnam_date
from shop.core.models import show_in_language


class DayKind(StrEnum):
    """What happens on a day. EVENT is anything but a market."""

    MARKET = "market"
    EVENT = "event"
    NOTHING = ""


class EventKind(StrEnum):
    """A kind of event to announce: orders for the coach close, the coach leaves, or the market is held."""

    ORDERS_CLOSE = "orders_close"
    COACH_LEAVES = "coach_leaves"
    MARKET = "market"


@dataclass(frozen=True, slots=True)
class WeekDay:
    """A day of the week. `text` describes its events."""

    date: datetime.date
    is_today: bool
    kind: DayKind
    text: str


@dataclass(frozen=True, slots=True)
class NextMarketDay:
    """The next market day at which products ordered now can be collected."""

    delivery_method: DeliveryMethod
    time: PickupTime
    closes_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class CoachDeparture:
    """The next coach that can carry products ordered now."""

    delivery_method: DeliveryMethod
    leaves_at: datetime.datetime
    closes_at: datetime.datetime


class WeekEvent(NamedTuple):
    """An event to announce, of the next coach or market."""

    moment: datetime.datetime
    kind: EventKind


@dataclass(frozen=True, slots=True)
class MarketWeek:
    days: list[WeekDay]
    market: NextMarketDay | None
    coach: CoachDeparture | None

    def events(self) -> list[WeekEvent]:
        """Return what to announce of the next coach and market, in chronological order."""
        events = [WeekEvent(self.market.time.starts_at, EventKind.MARKET)] if self.market else []
        if self.coach:
            events += [
                WeekEvent(self.coach.closes_at, EventKind.ORDERS_CLOSE),
                WeekEvent(self.coach.leaves_at, EventKind.COACH_LEAVES),
            ]
        return sorted(events)


def monday_of(day: datetime.date) -> datetime.date:
    """Return the Monday of the day's week."""
    return day - datetime.timedelta(days=day.weekday())


def coach_departures_in_week(
    methods: Sequence[DeliveryMethod], monday: datetime.date
) -> list[CoachDeparture]:
    """Return coach departures in the week, in chronological order, with their order deadlines."""
    candidates = [
        _departure(method, monday + datetime.timedelta(days=method.departs_weekday))
        for method in methods
        if method.kind == DeliveryKind.COACH and method.departs_weekday is not None
    ]
    return sorted(candidates, key=lambda coach: (coach.leaves_at, coach.delivery_method.pk))


def load_weekly_delivery_methods() -> list[DeliveryMethod]:
    """Return active market-day and coach delivery methods of approved cooperatives."""
    methods = DeliveryMethod.objects.active_with_terms().filter(
        kind__in=[DeliveryKind.MARKET_DAY, DeliveryKind.COACH], cooperative__state=CooperativeState.APPROVED
    )
    rows = list(methods)
    show_in_language(rows, "name")
    return rows


def this_week(methods: Sequence[DeliveryMethod], *, now: datetime.datetime) -> MarketWeek:
    """Return the seven days from today, and the next market and coach of these delivery methods."""
    today = vietnam_date(now)
    coach = next_coach(methods, now=now)
    market_dates = _market_dates(methods, now)
    days = [
        _week_day(today + datetime.timedelta(days=ahead), market_dates, coach, today) for ahead in range(7)
    ]
    return MarketWeek(days, next_market(methods, now=now), coach)


def next_market(methods: Sequence[DeliveryMethod], *, now: datetime.datetime) -> NextMarketDay | None:
    """Return the earliest market day. The first delivery method wins a tie."""
    candidates = [
        NextMarketDay(method, time, time.starts_at - datetime.timedelta(hours=method.cut_off_hours))
        for method in methods
        if method.kind == DeliveryKind.MARKET_DAY
        for time in method.pickup_times(now=now, count=1)
    ]
    return min(candidates, key=lambda market: market.time.starts_at, default=None)


def next_coach(methods: Sequence[DeliveryMethod], *, now: datetime.datetime) -> CoachDeparture | None:
    """Return the coach whose orders close earliest."""
    candidates = [
        coach
        for method in methods
        if method.kind == DeliveryKind.COACH
        for coach in [_next_departure(method, now)]
        if coach is not None
    ]
    return min(candidates, key=lambda coach: coach.closes_at, default=None)


def _next_departure(method: DeliveryMethod, now: datetime.datetime) -> CoachDeparture | None:
    leaves_at = method.next_departure(now=now) if method.departs_weekday is not None else None
    if leaves_at is None:
        return None
    return CoachDeparture(method, leaves_at, leaves_at - datetime.timedelta(hours=method.cut_off_hours))


def _market_dates(methods: Sequence[DeliveryMethod], now: datetime.datetime) -> set[datetime.date]:
    """Return the market days to come that still take orders."""
    return {
        time.day
        for method in methods
        if method.kind == DeliveryKind.MARKET_DAY
        for time in method.pickup_times(now=now, count=7)
    }


def _departure(method: DeliveryMethod, day: datetime.date) -> CoachDeparture:
    leaves_at = datetime.datetime.combine(day, method.departs_at or datetime.time(12), VIETNAM)
    return CoachDeparture(method, leaves_at, leaves_at - datetime.timedelta(hours=method.cut_off_hours))


def _week_day(
    date: datetime.date,
    market_dates: set[datetime.date],
    coach: CoachDeparture | None,
    today: datetime.date,
) -> WeekDay:
    is_market = date in market_dates
    is_closing_day = coach is not None and vietnam_date(coach.closes_at) == date
    is_departure_day = coach is not None and vietnam_date(coach.leaves_at) == date
    event_labels = [
        label
        for is_happening, label in [
            (is_closing_day, _("orders close")),
            (is_departure_day, _("coach leaves")),
            (is_market, _("market day")),
        ]
        if is_happening
    ]
    kind = DayKind.MARKET if is_market else DayKind.EVENT if event_labels else DayKind.NOTHING
    return WeekDay(date, date == today, kind, ", ".join(event_labels))
