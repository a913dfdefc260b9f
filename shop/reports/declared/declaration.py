"""The declaration of a report, from which its page, its files and its comparison follow.

A report declares the rows that it counts, the measures that the database sums over them, the columns that it
shows, and the dimensions by which its rows can be grouped. `results.py` computes it for any grouping.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import Any

from django.db.models import Aggregate, F, Q, QuerySet, TextChoices
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.access import MemberRight
from shop.accounts.staff.permissions import Permission
from shop.core.dates.calendar import start_of_day
from shop.reports.periods import same_days_of_earlier_months, year_before

Sums = Mapping[str, Any]


class Unit(StrEnum):
    """What a column's figures measure. Durations are seconds, in files minutes. Weights are grams."""

    COUNT = "count"
    MONEY = "money"
    WEIGHT = "weight"
    PERCENT = "percent"
    DURATION = "duration"


class ColumnPlace(Enum):
    """Where a column is shown."""

    EVERYWHERE = "everywhere"
    NOT_ON_PHONES = "not on phones"
    ONLY_IN_FILES = "only in files"


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of each row and of the total, computed by `value` from the row's sums.

    A value is None where there is nothing to measure, such as the average of no parcels. `has_tile` says
    whether the total stands above the table, compared with the other period.
    """

    label: Promise
    unit: Unit
    value: Callable[[Any], int | None]
    place: ColumnPlace = ColumnPlace.EVERYWHERE
    has_tile: bool = True

    @property
    def measure_name(self) -> str:
        """The measure whose rows can be listed, or an empty text if the figure is computed from several."""
        return self.value.name if isinstance(self.value, MeasureValue) else ""


class Family(Enum):
    """The chapters of the list of reports, each with its icon."""

    SALES = _("Sales"), "chart-column"
    DELIVERY = pgettext_lazy("report", "Deliveries"), "truck"
    MONEY = pgettext_lazy("report", "Money"), "wallet"
    BUYERS = pgettext_lazy("report", "Buyers"), "user"

    @property
    def label(self) -> Promise:
        """The chapter's heading."""
        return self.value[0]

    @property
    def icon(self) -> str:
        """The name of the chapter's icon."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Dimension:
    """A way to group a report's rows: the key of each row, and the names of keys.

    `name` stands in addresses. The names of keys are loaded in a fixed number of queries. If keys are days,
    or `is_in_key_order` is set as for hours, rows are in the order of keys, otherwise the largest is first.
    """

    name: str
    label: Promise
    key: Callable[[Report], Combinable]
    load_names: Callable[[Collection[object]], Mapping[object, str]]
    is_time: bool = False
    is_in_key_order: bool = False


class Comparison(TextChoices):
    """The period with which a report compares its own."""

    PERIOD_BEFORE = "ky-truoc", pgettext_lazy("report", "Period before")
    YEAR_BEFORE = "nam-truoc", pgettext_lazy("report", "Year before")


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What is asked of a report. Days are Vietnam's, both included."""

    first: datetime.date
    last: datetime.date
    currency: str = "VND"
    cooperative_id: int | None = None
    comparison: Comparison = Comparison.PERIOD_BEFORE

    def compared(self) -> ReportQuery:
        """Return the same query for the period with which this one is compared.

        The period before is chosen as in the sales report. A year before, 29 February becomes the 28th.
        """
        if self.comparison == Comparison.YEAR_BEFORE:
            first, last = year_before(self.first), year_before(self.last)
        elif self.first.day == 1:
            first, last = same_days_of_earlier_months(self.first, self.last)
        else:
            length = self.last - self.first + datetime.timedelta(days=1)
            first, last = self.first - length, self.last - length
        return replace(self, first=first, last=last)


@dataclass(frozen=True, slots=True)
class RowSource:
    """What names the single rows behind a figure, by lookups from a row.

    `order` leads to the order with which the row is named and linked for staff, and is "self" if the row is
    one. `part` leads to the id of the cooperative's part, which members open. `texts` lead to further words
    that name the row, such as the product.
    """

    label: Promise
    order: str = ""
    part: str = ""
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    `question` is its title and `definition` says in words what counts. `rows` returns all rows that can
    count, and `on_day` adds to them what depends on the report's last day, such as their age. The lookups say
    where these rows keep their moment or day in Vietnam, cooperative and currency; a report without `moment`
    and `day` shows the present state and has no period. Staff need `permission`, and
    members of a cooperative `member_right`, with which they see its rows. Without it the report is only for
    staff. A report about orders or payments of several cooperatives has no `cooperative`.
    """

    slug: str
    family: Family
    question: Promise
    definition: Promise
    permission: Permission
    rows: Callable[[], QuerySet[Any]]
    measures: Mapping[str, Aggregate]
    columns: tuple[Column, ...]
    dimensions: tuple[Dimension, ...]
    row_source: RowSource
    cooperative: str = ""
    moment: str = ""
    day: str = ""
    currency: str = ""
    member_right: MemberRight | None = None
    lookups: Mapping[str, str] = field(default_factory=dict)
    on_day: Callable[[Any, datetime.date], QuerySet[Any]] | None = None

    @property
    def has_period(self) -> bool:
        """Whether the report is about a period and not about the present."""
        return bool(self.moment or self.day)

    @property
    def leading_column(self) -> Column:
        """The column by which rows are sorted and compared."""
        return self.columns[0]

    def find_dimension(self, name: str) -> Dimension:
        """Return the dimension of that name, or the first one if there is none."""
        return next((row for row in self.dimensions if row.name == name), self.dimensions[0])

    def filtered_rows(self, query: ReportQuery) -> QuerySet[Any]:
        """Return the rows that count in the query."""
        condition = self._period_condition(query)
        if self.currency:
            condition &= Q(**{self.currency: query.currency})
        if query.cooperative_id is not None:
            condition &= Q(**{self.cooperative: query.cooperative_id})
        rows = self.rows()
        if self.on_day is not None:
            rows = self.on_day(rows, query.last)
        return rows.filter(condition).order_by()

    def _period_condition(self, query: ReportQuery) -> Q:
        if self.day:
            return Q(**{f"{self.day}__gte": query.first, f"{self.day}__lte": query.last})
        if not self.moment:
            return Q()
        first, following = start_of_day(query.first), start_of_day(query.last + datetime.timedelta(days=1))
        return Q(**{f"{self.moment}__gte": first, f"{self.moment}__lt": following})

    def lookup(self, name: str) -> F:
        """Return the column that a dimension groups by, as this report's rows reach it."""
        return F(self.cooperative if name == "cooperative" else self.lookups[name])


@dataclass(frozen=True, slots=True)
class MeasureValue:
    """The value of a column that shows a measure itself."""

    name: str

    def __call__(self, sums: Sums) -> int:
        return sums[self.name] or 0


def measure(name: str) -> MeasureValue:
    """Return the value of a column that shows a measure itself."""
    return MeasureValue(name)


def average(total: str, count: str) -> Callable[[Sums], int | None]:
    """Return the value of a column that shows one measure divided by another, rounded."""

    def compute_average(sums: Sums) -> int | None:
        return round((sums[total] or 0) / sums[count]) if sums[count] else None

    return compute_average


def percentage(part: str, whole: str) -> Callable[[Sums], int | None]:
    """Return the value of a column that shows one measure as a whole percentage of another."""

    def compute_percentage(sums: Sums) -> int | None:
        return round((sums[part] or 0) * 100 / sums[whole]) if sums[whole] else None

    return compute_percentage


def average_duration(total: str, count: str) -> Callable[[Sums], int | None]:
    """Return the value of a column with a duration's average in whole seconds."""

    def compute_average(sums: Sums) -> int | None:
        return round(sums[total].total_seconds() / sums[count]) if sums[count] and sums[total] else None

    return compute_average
