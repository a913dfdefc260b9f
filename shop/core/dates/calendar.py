"""Days as Vietnam counts them: its days, its weekdays, and the lunar calendar of UTC+7."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from shop.core.dates.astronomy import new_moon_day, new_moon_near, sun_term

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
_WINTER_SOLSTICE = 9  # the term of 270°, counted in steps of 30° from the spring equinox


def day_of(instant: datetime.datetime) -> datetime.date:
    """The day it is in Vietnam at that instant."""
    return instant.astimezone(VIETNAM).date()


def start_of_day(day: datetime.date) -> datetime.datetime:
    """The instant, in UTC, at which the day begins in Vietnam."""
    return datetime.datetime.combine(day, datetime.time(), VIETNAM).astimezone(datetime.UTC)


def weekday_name(weekday: int) -> Promise:
    """The name of a weekday, 0 being Monday, in the language of who reads it."""
    return WEEKDAYS[weekday]


@dataclass(frozen=True, slots=True)
class LunarDay:
    """A day of the lunar calendar; `is_leap` tells the second of two months with one number."""

    year: int
    month: int
    day: int
    is_leap: bool = False


def lunar_of(day: datetime.date) -> LunarDay:
    """The lunar date of a solar day."""
    ordinal = day.toordinal()
    year = day.year + 1
    months = _months(year)
    while months[0].first > ordinal:
        year -= 1
        months = _months(year)
    month = max((each for each in months if each.first <= ordinal), key=lambda each: each.first)
    # The list of a year runs from the 11th month of the year before to the 10th of the year itself.
    lunar_year = year - 1 if month.number >= 11 else year
    return LunarDay(lunar_year, month.number, ordinal - month.first + 1, month.is_leap)


def solar_of(lunar: LunarDay) -> datetime.date:
    """The solar day of a lunar date. Raises ValueError where that month or day does not exist."""
    months = _months(lunar.year + 1 if lunar.month >= 11 else lunar.year)
    for month in months:
        if (month.number, month.is_leap) == (lunar.month, lunar.is_leap):
            if not 1 <= lunar.day <= month.length:
                break
            return datetime.date.fromordinal(month.first + lunar.day - 1)
    raise ValueError(f"the lunar calendar has no {lunar}")


def falls_on_lunar_day(day: datetime.date, number: int) -> bool:
    """Whether it is that day of a lunar month, leap months included; a month of 29 days has no 30th."""
    return lunar_of(day).day == number


def next_weekday(after: datetime.date, weekday: int) -> datetime.date:
    """The first such weekday (0 is Monday) later than `after`."""
    return _next(after, lambda day: day.weekday() == weekday)


def next_solar_day(after: datetime.date, number: int) -> datetime.date:
    """The first day with that number in its month later than `after`; months too short are passed over."""
    if not 1 <= number <= 31:
        raise ValueError(f"no month has a day {number}")
    return _next(after, lambda day: day.day == number)


def next_lunar_day(after: datetime.date, number: int) -> datetime.date:
    """The first day with that number in its lunar month later than `after`."""
    if not 1 <= number <= 30:
        raise ValueError(f"no lunar month has a day {number}")
    return _next(after, lambda day: falls_on_lunar_day(day, number))


def _next(after: datetime.date, fits: Callable[[datetime.date], bool]) -> datetime.date:
    day = after + datetime.timedelta(days=1)
    while not fits(day):
        day += datetime.timedelta(days=1)
    return day


@dataclass(frozen=True, slots=True)
class _Month:
    """A lunar month: its number, whether it is a leap one, the ordinal of its first day, its length."""

    number: int
    is_leap: bool
    first: int
    length: int


@lru_cache(maxsize=64)
def _months(year: int) -> tuple[_Month, ...]:
    """The months from the 11th of the lunar year before up to the 10th of `year`.

    The rule: the month of the winter solstice is the 11th; where thirteen months lie between two such,
    the first of them during which the sun enters no new twelfth of its path is the leap month.
    """
    start, end = _solstice_moon(year - 1), _solstice_moon(year)
    firsts = [new_moon_day(moon) for moon in range(start, end + 1)]
    has_leap = end - start == 13
    months: list[_Month] = []
    number = 11
    for first, following in pairwise(firsts):
        is_leap = has_leap and bool(months) and sun_term(first) == sun_term(following)
        if is_leap:
            has_leap = False
        elif months:
            number = number % 12 + 1
        months.append(_Month(number, is_leap, first, following - first))
    return tuple(months)


def _solstice_moon(year: int) -> int:
    """Which new moon begins the month that holds the winter solstice of the solar year."""
    moon = new_moon_near(datetime.date(year, 12, 31).toordinal())
    while new_moon_day(moon) > datetime.date(year, 12, 31).toordinal():
        moon -= 1
    # On its first day the sun must not have reached 270° yet (it may do so later that day).
    if sun_term(new_moon_day(moon)) >= _WINTER_SOLSTICE:
        moon -= 1
    return moon
