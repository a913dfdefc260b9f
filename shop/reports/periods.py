"""Days, weeks and months in Vietnam's time, grouped in the database."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, Func, TextChoices
from django.db.models.expressions import Combinable
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _


class ReportInterval(TextChoices):
    DAY = "day", _("By day")
    WEEK = "week", _("By week")
    MONTH = "month", _("By month")


class PeriodStart(Func):
    """The first day of a day's period, as a database function.

    Django's TruncWeek does the same, but on SQLite with a Python function called for every row.
    """

    output_field = DateField()
    arity = 1
    _SQLITE = {
        ReportInterval.DAY: "",
        ReportInterval.WEEK: ", '-6 days', 'weekday 1'",  # back to Monday
        ReportInterval.MONTH: ", 'start of month'",
    }

    def __init__(self, day: str | Combinable, interval: ReportInterval) -> None:
        super().__init__(day)
        self.extra["interval"] = interval.value

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        shift = self._SQLITE[ReportInterval(self.extra["interval"])]
        return super().as_sql(compiler, connection, template=f"date(%(expressions)s{shift})", **extra)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        template = "(date_trunc('%(interval)s', %(expressions)s))::date"
        return super().as_sql(compiler, connection, template=template, **extra)


def start_of_period(day: datetime.date, interval: ReportInterval) -> datetime.date:
    """Return the first day of a day's period. Weeks begin on Monday."""
    if interval == ReportInterval.WEEK:
        return day - datetime.timedelta(days=day.weekday())
    return day.replace(day=1) if interval == ReportInterval.MONTH else day


def periods(first: datetime.date, last: datetime.date, interval: ReportInterval) -> Iterator[datetime.date]:
    """Yield the first days of all periods between `first` and `last`, both included."""
    start = start_of_period(first, interval)
    while start <= last:
        yield start
        if interval == ReportInterval.MONTH:
            start = (start + datetime.timedelta(days=31)).replace(day=1)
        else:
            start += datetime.timedelta(days=7 if interval == ReportInterval.WEEK else 1)


def same_days_of_earlier_months(
    first: datetime.date, last: datetime.date
) -> tuple[datetime.date, datetime.date]:
    """Return the same days of as many earlier months, for days that begin with a month.

    Whole months are compared with whole months. A day that the earlier month lacks becomes its last one.
    """
    month_count = (last.year - first.year) * 12 + last.month - first.month + 1
    is_month_end = (last + datetime.timedelta(days=1)).day == 1
    earlier_last_month = _add_months(last, -month_count)
    month_length = (_add_months(last, 1 - month_count) - datetime.timedelta(days=1)).day
    last_day = month_length if is_month_end else min(last.day, month_length)
    return _add_months(first, -month_count), earlier_last_month.replace(day=last_day)


def year_before(day: datetime.date) -> datetime.date:
    """Return the same day a year earlier. 29 February becomes the 28th."""
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _add_months(day: datetime.date, count: int) -> datetime.date:
    """Return the first day of the month that is `count` months later."""
    months = day.year * 12 + day.month - 1 + count
    return datetime.date(months // 12, months % 12 + 1, 1)


def period_label(start: datetime.date, interval: ReportInterval) -> str:
    """Format a period: `24/11/2026`, `23/11–29/11/2026` or `11/2026`."""
    if interval == ReportInterval.WEEK:
        return f"{start:%d/%m}–{start + datetime.timedelta(days=6):%d/%m/%Y}"
    return f"{start:%m/%Y}" if interval == ReportInterval.MONTH else f"{start:%d/%m/%Y}"
