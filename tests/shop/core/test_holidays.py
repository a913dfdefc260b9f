"""Public holidays, and counting days around them."""

from __future__ import annotations

import datetime

import pytest

from shop.core.dates.holidays import add_days_without_holidays, first_day_without_holiday, is_holiday, is_tet


@pytest.mark.parametrize(
    ("first", "last"),
    [("2026-02-16", "2026-02-21"), ("2027-02-05", "2027-02-10"), ("2028-01-25", "2028-01-30")],
)
def test_tet_runs_from_new_years_eve_to_the_fifth(first: str, last: str) -> None:
    first_day, last_day = datetime.date.fromisoformat(first), datetime.date.fromisoformat(last)
    day_before, day_after = first_day - datetime.timedelta(days=1), last_day + datetime.timedelta(days=1)
    days = [first_day + datetime.timedelta(days=count) for count in range((last_day - first_day).days + 1)]

    assert [is_tet(day) for day in days] == [True] * 6
    assert not is_tet(day_before)
    assert not is_tet(day_after)


@pytest.mark.parametrize("day", ["2026-01-01", "2026-04-26", "2026-04-30", "2026-05-01", "2026-09-02"])
def test_public_holidays_of_2026(day: str) -> None:
    assert is_holiday(datetime.date.fromisoformat(day))


def test_ordinary_sunday_is_no_holiday() -> None:
    assert not is_holiday(datetime.date(2026, 11, 29))


def test_holidays_are_not_counted() -> None:
    before_tet = datetime.date(2027, 2, 4)

    assert first_day_without_holiday(before_tet) == before_tet
    assert first_day_without_holiday(datetime.date(2027, 2, 5)) == datetime.date(2027, 2, 11)
    assert add_days_without_holidays(before_tet, 0) == before_tet
    assert add_days_without_holidays(before_tet, 2) == datetime.date(2027, 2, 12)
