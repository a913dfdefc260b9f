"""The single rows behind a figure of a declared report, in pages.

They are counted and summed by the same declaration as the figure, so they always add up to it.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import Aggregate, Count, F, QuerySet
from django.http import Http404

from shop.core.dates.calendar import vietnam_date
from shop.reports.declared.declaration import Column, Dimension, Report, ReportQuery, RowSource, Sums
from shop.reports.declared.results import aggregates_of, own_names

ROWS_PER_PAGE = 50
ALL_ROWS = "*"
_NO_KEY = "-"  # as an address states the key None
_SELF = "self"
_WORD = "word_"  # so that no annotation has the name of a field


@dataclass(frozen=True, slots=True)
class Drill:
    """What is asked for: rows of the group with this key as text, and those that this column counts."""

    key_text: str
    measure_name: str = ""


@dataclass(frozen=True, slots=True)
class SingleRow:
    """One row with the code and id of its order, the id of its part, its words, its day and its sums."""

    sums: Sums
    texts: Sequence[str]
    order_code: str = ""
    order_id: uuid.UUID | None = None
    part_id: int | None = None
    day: datetime.date | None = None

    @property
    def name(self) -> str:
        """The order's code or, without an order, the first of its words."""
        return self.order_code or next(iter(self.texts), "")

    @property
    def description(self) -> str:
        """The words that are not its name."""
        return " · ".join(self.texts if self.order_code else self.texts[1:])


@dataclass(frozen=True, slots=True)
class SingleRows:
    """A page of rows. `group_name` is empty for the rows of all groups, and `column` for those of any."""

    group_name: str
    column: Column | None
    page: Page[Any]
    rows: list[SingleRow]


def key_as_text(key: object) -> str:
    """Return the key of a group as it stands in an address."""
    return _NO_KEY if key is None else str(key)


def read_single_rows(
    report: Report, query: ReportQuery, dimension: Dimension, drill: Drill, page_number: str | None
) -> SingleRows:
    """Return a page of the rows behind a figure, newest first, in four queries and those for names.

    Raises Http404 if there is no such group or column.
    """
    counted = report.filtered_rows(query)
    group_name = ""
    if drill.key_text != ALL_ROWS:
        counted, key = _rows_of_key(counted, report, dimension, drill.key_text)
        group_name = dimension.load_names([key])[key]
    column = _find_column(report, drill.measure_name)
    if column is not None:
        counted = _rows_of_measure(counted, report.measures[drill.measure_name])
    order = [f"-{report.day or report.moment}"] if report.has_period else []
    page = Paginator(counted.order_by(*order, "-pk").values_list("pk", flat=True), ROWS_PER_PAGE).get_page(
        page_number
    )
    return SingleRows(group_name, column, page, _read_rows(report, query, list(page.object_list)))


def _rows_of_key(
    rows: QuerySet[Any], report: Report, dimension: Dimension, text: str
) -> tuple[QuerySet[Any], object]:
    rows = rows.annotate(group_key=dimension.key(report))
    try:
        rows = rows.filter(group_key__isnull=True) if text == _NO_KEY else rows.filter(group_key=text)
        found = list(rows.values_list("group_key", flat=True)[:1])
    except (ValueError, ValidationError, OverflowError) as error:
        raise Http404 from error
    if not found:
        raise Http404
    return rows, found[0]


def _find_column(report: Report, measure_name: str) -> Column | None:
    if not measure_name:
        return None
    found = next((column for column in report.columns if column.measure_name == measure_name), None)
    if found is None:
        raise Http404
    return found


def _rows_of_measure(rows: QuerySet[Any], aggregate: Aggregate) -> QuerySet[Any]:
    """Return the rows that change the aggregate."""
    if aggregate.filter is not None:
        rows = rows.filter(aggregate.filter)
    summed: QuerySet[Any] = rows.alias(summed=aggregate.get_source_expressions()[0])
    return summed.filter(summed__isnull=False) if isinstance(aggregate, Count) else summed.exclude(summed=0)


def _read_rows(report: Report, query: ReportQuery, keys: Sequence[object]) -> list[SingleRow]:
    words = {f"{_WORD}{name}": F(lookup) for name, lookup in _lookups(report).items()}
    grouped = report.filtered_rows(query).filter(pk__in=keys).annotate(**words).values("pk", *words)
    rows = {row["pk"]: row for row in grouped.annotate(**aggregates_of(report))}
    return [_build_row(report.row_source, rows[key]) for key in keys if key in rows]


def _lookups(report: Report) -> dict[str, str]:
    """Return the lookups of a row's order, part and day, by name, and of its words, by their position."""
    source = report.row_source
    lookups = {str(position): text for position, text in enumerate(source.texts)}
    if source.order:
        prefix = "" if source.order == _SELF else f"{source.order}__"
        lookups |= {"order_code": f"{prefix}code", "order_id": f"{prefix}pk"}
    if source.part:
        lookups["part_id"] = source.part
    if report.has_period:
        lookups["day"] = report.day or report.moment
    return lookups


def _build_row(source: RowSource, row: Mapping[str, Any]) -> SingleRow:
    named = {name.removeprefix(_WORD): value for name, value in row.items() if name.startswith(_WORD)}
    words = [named.pop(str(position)) for position in range(len(source.texts))]
    day = named.pop("day", None)
    return SingleRow(
        sums=own_names(row),
        texts=[str(word) for word in words if word],
        day=vietnam_date(day) if isinstance(day, datetime.datetime) else day,
        **{name: value for name, value in named.items() if value is not None},
    )
