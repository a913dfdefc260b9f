"""Vietnam's public holidays, on which carriers do not deliver and no coaches run.

The holidays are those of the Labour Code of 2019, article 112. A decree places the five days of Tết each
year; here they run from the lunar year's last day to the fifth of the first month. The second day off beside
2 September differs from year to year and is left out, and so are days that make up for weekends.
"""

from __future__ import annotations

import datetime
from functools import lru_cache

from shop.core.dates.calendar import to_lunar

_SOLAR_HOLIDAYS = frozenset({(1, 1), (4, 30), (5, 1), (9, 2)})
_HUNG_KINGS_LUNAR_MONTH_AND_DAY = (3, 10)
_LAST_DAY_OF_TET = 5


@lru_cache(maxsize=1024)
def is_tet(day: datetime.date) -> bool:
    """Return whether the day is one of Tết, from the lunar New Year's Eve on."""
    lunar, following = to_lunar(day), to_lunar(day + datetime.timedelta(days=1))
    is_eve = (following.month, following.day) == (1, 1)
    return is_eve or (lunar.month == 1 and lunar.day <= _LAST_DAY_OF_TET)


@lru_cache(maxsize=1024)
def is_holiday(day: datetime.date) -> bool:
    """Return whether the day is a public holiday."""
    if (day.month, day.day) in _SOLAR_HOLIDAYS or is_tet(day):
        return True
    lunar = to_lunar(day)
    return (lunar.month, lunar.day) == _HUNG_KINGS_LUNAR_MONTH_AND_DAY and not lunar.is_leap


def first_day_without_holiday(day: datetime.date) -> datetime.date:
    """Return the day, or the first after it that is not a holiday."""
    while is_holiday(day):
        day += datetime.timedelta(days=1)
    return day


def add_days_without_holidays(day: datetime.date, count: int) -> datetime.date:
    """Return the day that is `count` days later. Holidays are not counted. Saturdays and Sundays are."""
    for _day in range(count):
        day = first_day_without_holiday(day + datetime.timedelta(days=1))
    return day
