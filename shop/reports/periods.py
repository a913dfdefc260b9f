"""Days, weeks and months in Vietnam's time, grouped in the database."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateField, Func, TextChoices
from django.db.models.sql.compiler import SQLCompiler
from django.utils.translation import gettext_lazy as _


class PeriodStep(TextChoices):
    DAY = "day", _("By day")
    WEEK = "week", _("By week")
    MONTH = "month", _("By month")


class PeriodOf(Func):
    """The first day of a day's period, as a database function.

    Django's TruncWeek does the same, but on SQLite with a Python function called for every row.
    """

    output_field = DateField()
    arity = 1
    _SQLITE = {
        PeriodStep.DAY: "",
        PeriodStep.WEEK: ", '-6 days', 'weekday 1'",  # back to Monday
        PeriodStep.MONTH: ", 'start of month'",
    }

    def __init__(self, day: str, step: PeriodStep) -> None:
        super().__init__(day)
        self.extra["step"] = step.value

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        shift = self._SQLITE[PeriodStep(self.extra["step"])]
        return super().as_sql(compiler, connection, template=f"date(%(expressions)s{shift})", **extra)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any
    ) -> tuple[str, Any]:
        template = "(date_trunc('%(step)s', %(expressions)s))::date"
        return super().as_sql(compiler, connection, template=template, **extra)


def start_of_period(day: datetime.date, step: PeriodStep) -> datetime.date:
    """Return the first day of a day's period; weeks begin on Monday."""
    if step == PeriodStep.WEEK:
        return day - datetime.timedelta(days=day.weekday())
    return day.replace(day=1) if step == PeriodStep.MONTH else day


def periods(first: datetime.date, last: datetime.date, step: PeriodStep) -> Iterator[datetime.date]:
    """Yield the first days of all periods between `first` and `last`, both included."""
    start = start_of_period(first, step)
    while start <= last:
        yield start
        if step == PeriodStep.MONTH:
            start = (start + datetime.timedelta(days=31)).replace(day=1)
        else:
            start += datetime.timedelta(days=7 if step == PeriodStep.WEEK else 1)


def period_label(start: datetime.date, step: PeriodStep) -> str:
    """Format a period: `24/11/2026`, `23/11–29/11/2026` or `11/2026`."""
    if step == PeriodStep.WEEK:
        return f"{start:%d/%m}–{start + datetime.timedelta(days=6):%d/%m/%Y}"
    return f"{start:%m/%Y}" if step == PeriodStep.MONTH else f"{start:%d/%m/%Y}"
