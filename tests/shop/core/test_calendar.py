import dataclasses
import datetime

import pytest
from django.utils import translation

from shop.core.dates.calendar import (
    LunarDate,
    falls_on_lunar_day,
    start_of_day,
    to_lunar,
    vietnam_date,
    weekday_name,
)

# The first day of Tết in Vietnam. China's was a day later in 2007 and will be in 2030.
TET = [
    "2000-02-05",
    "2001-01-24",
    "2002-02-12",
    "2003-02-01",
    "2004-01-22",
    "2005-02-09",
    "2006-01-29",
    "2007-02-17",
    "2008-02-07",
    "2009-01-26",
    "2010-02-14",
    "2011-02-03",
    "2012-01-23",
    "2013-02-10",
    "2014-01-31",
    "2015-02-19",
    "2016-02-08",
    "2017-01-28",
    "2018-02-16",
    "2019-02-05",
    "2020-01-25",
    "2021-02-12",
    "2022-02-01",
    "2023-01-22",
    "2024-02-10",
    "2025-01-29",
    "2026-02-17",
    "2027-02-06",
    "2028-01-26",
    "2029-02-13",
    "2030-02-02",
]
LEAP_MONTHS = {
    2001: 4,
    2004: 2,
    2006: 7,
    2009: 5,
    2012: 4,
    2014: 9,
    2017: 6,
    2020: 4,
    2023: 2,
    2025: 6,
    2028: 5,
    2033: 11,
}


def date(text):
    return datetime.date.fromisoformat(text)


def days(first, end):
    """Yield every day from `first` up to, but not including, `end`."""
    for ordinal in range(date(first).toordinal(), date(end).toordinal()):
        yield datetime.date.fromordinal(ordinal)


@pytest.mark.parametrize("tet", TET)
def test_tet_falls_on_its_known_day(tet) -> None:
    day = date(tet)

    assert to_lunar(day) == LunarDate(day.year, 1, 1)


def test_tet_1985_is_a_month_before_chinas() -> None:
    assert to_lunar(date("1985-01-21")) == LunarDate(1985, 1, 1)


def test_leap_months_are_those_of_vietnam() -> None:
    firsts = [to_lunar(day) for day in days("2000-02-05", "2034-02-18")]

    leap_months = {lunar.year: lunar.month for lunar in firsts if lunar.is_leap}

    assert leap_months == LEAP_MONTHS | {2031: 3}


def test_lunar_months_have_29_or_30_consecutive_days() -> None:
    lengths = set()
    before = to_lunar(date("1999-12-24"))
    for day in days("1999-12-25", "2040-01-05"):
        lunar = to_lunar(day)
        if lunar.day == 1:
            lengths.add(before.day)
            follows = (before.year, before.month + 1), (before.year + 1, 1), (before.year, before.month)
            assert (lunar.year, lunar.month) in follows[: 2 + lunar.is_leap]
        else:
            assert lunar == dataclasses.replace(before, day=before.day + 1)
        before = lunar

    assert lengths == {29, 30}


@pytest.mark.parametrize(
    ("solar", "lunar"),
    [
        ("2026-11-25", LunarDate(2026, 10, 17)),
        ("2025-07-25", LunarDate(2025, 6, 1, is_leap=True)),
        ("2026-02-16", LunarDate(2025, 12, 29)),
        ("2025-12-20", LunarDate(2025, 11, 1)),
    ],
)
def test_solar_day_is_converted_to_its_lunar_date(solar, lunar) -> None:
    assert to_lunar(date(solar)) == lunar


def test_days_begin_at_midnight_in_vietnam() -> None:
    evening = datetime.datetime(2026, 11, 24, 17, 0, tzinfo=datetime.UTC)

    assert vietnam_date(evening) == date("2026-11-25")
    assert vietnam_date(evening - datetime.timedelta(seconds=1)) == date("2026-11-24")
    assert start_of_day(date("2026-11-25")) == evening


def test_lunar_day_is_recognised() -> None:
    assert falls_on_lunar_day(date("2026-11-28"), 20)
    assert not falls_on_lunar_day(date("2026-11-29"), 20)


def test_weekdays_are_named_in_the_active_language() -> None:
    with translation.override("en"):
        assert str(weekday_name(0)) == "Monday"
        assert str(weekday_name(6)) == "Sunday"
