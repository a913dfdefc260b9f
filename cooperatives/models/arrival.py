"""Compute the arrival of an order by one rule for every page, mail and order."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from shop.core.dates.calendar import VIETNAM, vietnam_date
from shop.core.dates.holidays import add_days_without_holidays, first_day_without_holiday, is_holiday

_DEFAULT_COACH_HOUR = datetime.time(12)
_DAYS_AHEAD = 60


@dataclass(frozen=True, slots=True)
class Arrival:
    """The first and last day on which an order placed now arrives, and when its coach leaves.

    A coach without a delivery time has only its departure.
    """

    first: datetime.date | None
    last: datetime.date | None
    leaves_at: datetime.datetime | None = None


def estimate_arrival(
    shipped: datetime.date,
    minimum_days: int | None,
    maximum_days: int | None,
    leaves_at: datetime.datetime | None = None,
) -> Arrival | None:
    """Return when items shipped on that day arrive, without counting holidays.

    Returns None if nothing is known.
    """
    if maximum_days is None:
        return Arrival(None, None, leaves_at) if leaves_at else None
    first_day = add_days_without_holidays(shipped, minimum_days or 0)
    return Arrival(first_day, add_days_without_holidays(shipped, maximum_days), leaves_at)


def shipping_day(now: datetime.datetime, cut_off_hours: int = 0) -> datetime.date:
    """Return the day on which a carrier takes an order placed now."""
    return first_day_without_holiday(vietnam_date(now + datetime.timedelta(hours=cut_off_hours)))


def next_coach_departure(
    now: datetime.datetime, cut_off_hours: int, weekday: int | None, hour: datetime.time | None
) -> datetime.datetime | None:
    """Return the departure of the next coach that can still be ordered for.

    `weekday` is 0 for Monday. None means that a coach leaves every day.
    """
    closes_before = now + datetime.timedelta(hours=cut_off_hours)
    for days_ahead in range(_DAYS_AHEAD):
        day = vietnam_date(now) + datetime.timedelta(days=days_ahead)
        leaves_at = datetime.datetime.combine(day, hour or _DEFAULT_COACH_HOUR, VIETNAM)
        if weekday in (None, day.weekday()) and leaves_at > closes_before and not is_holiday(day):
            return leaves_at
    return None
