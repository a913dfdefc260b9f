"""Vietnam's calendar: its time zone, weekdays, and the lunar calendar of UTC+7."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from shop.core.dates.astronomy import new_moon_day, new_moon_near, sun_segment

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")

WEEKDAYS: tuple[Promise, ...] = (
    pgettext_lazy("day of the week", "Monday"),
    pgettext_lazy("day of the week", "Tuesday"),
    pgettext_lazy("day of the week", "Wednesday"),
    pgettext_lazy("day of the week", "Thursday"),
    pgettext_lazy("day of the week", "Friday"),
    pgettext_lazy("day of the week", "Saturday"),
    pgettext_lazy("day of the week", "Sunday"),
)
_WINTER_SOLSTICE_SEGMENT = 9  # 270°, in steps of 30° from the spring equinox


def vietnam_date(instant: datetime.datetime) -> datetime.date:
    """Return the date in Vietnam at that instant."""
    return instant.astimezone(VIETNAM).date()


def start_of_day(day: datetime.date) -> datetime.datetime:
    """Return the instant, in UTC, at which the day begins in Vietnam."""
    return datetime.datetime.combine(day, datetime.time(), VIETNAM).astimezone(datetime.UTC)


def weekday_name(weekday: int) -> Promise:
    """Return the translated name of a weekday. 0 is Monday."""
    return WEEKDAYS[weekday]


@dataclass(frozen=True, slots=True)
class LunarDate:
    """A date of the lunar calendar. `is_leap` marks the second of two months with one number."""

    year: int
    month: int
    day: int
    is_leap: bool = False


def to_lunar(day: datetime.date) -> LunarDate:
    """Convert a solar date to a lunar date."""
    ordinal = day.toordinal()
    year = day.year + 1
    months = _lunar_months(year)
    while months[0].first > ordinal:
        year -= 1
        months = _lunar_months(year)
    month = max((month for month in months if month.first <= ordinal), key=lambda month: month.first)
    # The months of a year run from the 11th month of the year before to the 10th month of the year itself.
    lunar_year = year - 1 if month.number >= 11 else year
    return LunarDate(lunar_year, month.number, ordinal - month.first + 1, month.is_leap)


def falls_on_lunar_day(day: datetime.date, number: int) -> bool:
    """Return whether the date has that day number in its lunar month. A month of 29 days has no 30th."""
    return to_lunar(day).day == number


@dataclass(frozen=True, slots=True)
class _LunarMonth:
    """A lunar month: number, first day's ordinal, length in days, and whether it is a leap month."""

    number: int
    is_leap: bool
    first: int
    length: int


@lru_cache(maxsize=64)
def _lunar_months(year: int) -> tuple[_LunarMonth, ...]:
    """Return the months from the 11th of the lunar year before up to the 10th of `year`.

    The month of the winter solstice is the 11th. If thirteen months lie between two such months, the first of
    them in which the sun enters no new 30° segment is the leap month.
    """
    start, last_new_moon = _solstice_moon(year - 1), _solstice_moon(year)
    firsts = [new_moon_day(moon) for moon in range(start, last_new_moon + 1)]
    has_leap = last_new_moon - start == 13
    months: list[_LunarMonth] = []
    number = 11
    for first, following in pairwise(firsts):
        is_leap = has_leap and bool(months) and sun_segment(first) == sun_segment(following)
        if is_leap:
            has_leap = False
        elif months:
            number = number % 12 + 1
        months.append(_LunarMonth(number, is_leap, first, following - first))
    return tuple(months)


def _solstice_moon(year: int) -> int:
    """Return the number of the new moon that begins the month of the year's winter solstice."""
    moon = new_moon_near(datetime.date(year, 12, 31).toordinal())
    while new_moon_day(moon) > datetime.date(year, 12, 31).toordinal():
        moon -= 1
    # At the start of its first day the sun must be below 270°. It may reach 270° later that day.
    if sun_segment(new_moon_day(moon)) >= _WINTER_SOLSTICE_SEGMENT:
        moon -= 1
    return moon
