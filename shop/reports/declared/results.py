"""Compute a declared report in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Aggregate
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from shop.reports.declared.declaration import Column, Comparison, Dimension, Report, ReportQuery, Sums, Unit
from shop.reports.report_files import Cell, ColumnKind, ReportColumn, ReportTable

_SECONDS_PER_MINUTE = 60
_MEASURE_PREFIX = "measure_"
_KEY_WIDTH = 10  # of a day as text, so that hours sort as numbers
_FILE_KINDS = {Unit.MONEY: ColumnKind.MONEY}


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One group's name and sums, and its leading figure in the other period, if it had any rows then."""

    key: object
    name: str
    sums: Sums
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """All rows of a report, with the totals of its period and of the one that it is compared with.

    Totals are computed by the database over all rows and not added up from the groups, so that both can be
    compared.
    """

    report: Report
    query: ReportQuery
    dimension: Dimension
    rows: list[ResultRow]
    total: Sums
    total_before: Sums | None

    @property
    def leading_total_before(self) -> int | None:
        """The leading column's total in the other period."""
        return self.report.leading_column.value(self.total_before) if self.total_before else None

    @property
    def has_comparison(self) -> bool:
        """Whether each row is compared with the other period. Days and months are not."""
        return self.total_before is not None and not self.dimension.is_time

    def share(self, row: ResultRow) -> int:
        """Return the row's leading figure as a percentage of the largest one, for its bar."""
        value = self.report.leading_column.value
        largest = max((value(other.sums) or 0 for other in self.rows), default=0)
        return max(0, round((value(row.sums) or 0) * 100 / largest)) if largest > 0 else 0


def read_result(report: Report, query: ReportQuery, dimension: Dimension) -> Result:
    """Return the report's rows and totals. It takes four queries and those for names, for any rows."""
    before = query.compared() if report.has_period else None
    sums_by_key = _read_sums_by_key(report, query, dimension)
    sums_before = _read_sums_by_key(report, before, dimension) if before and not dimension.is_time else {}
    names = dimension.load_names(sums_by_key.keys())
    value = report.leading_column.value
    rows = [
        ResultRow(key, names[key], sums, value(sums_before[key]) if key in sums_before else None)
        for key, sums in sums_by_key.items()
    ]
    return Result(
        report=report,
        query=query,
        dimension=dimension,
        rows=_sort_rows(rows, report, dimension),
        total=_read_total(report, query),
        total_before=_read_total(report, before) if before else None,
    )


def build_table(result: Result) -> ReportTable:
    """Return all rows of a report as a sheet, with the total and the comparison."""
    columns = [ReportColumn(str(result.dimension.label), _kind_of_keys(result.dimension))]
    columns += [ReportColumn(_file_label(column), _file_kind(column)) for column in result.report.columns]
    if result.has_comparison:
        columns.append(ReportColumn(_before_label(result), _file_kind(result.report.leading_column)))
    rows: list[list[Cell]] = []
    for row in result.rows:
        first: Any = row.key if result.dimension.is_time else row.name
        rows.append([first, *_cells(result, row.sums, row.before)])
    sums: list[Cell] = [
        pgettext("report", "Total"),
        *_cells(result, result.total, result.leading_total_before),
    ]
    return ReportTable(str(result.dimension.label), columns, rows, result.query.currency, sums=sums)


def _cells(result: Result, sums: Sums, before: int | None) -> list[Cell]:
    cells = [_file_value(column, column.value(sums)) for column in result.report.columns]
    if result.has_comparison:
        cells.append(_file_value(result.report.leading_column, before))
    return cells


def _file_value(column: Column, value: int | None) -> Cell:
    """Return a figure as files state it. Nothing measured is an empty cell."""
    if value is None:
        return ""
    return round(value / _SECONDS_PER_MINUTE) if column.unit == Unit.DURATION else value


def _file_label(column: Column) -> str:
    if column.unit == Unit.DURATION:
        return _("%(label)s (minutes)") % {"label": column.label}
    if column.unit == Unit.WEIGHT:
        return _("%(label)s (grams)") % {"label": column.label}
    return f"{column.label} (%)" if column.unit == Unit.PERCENT else str(column.label)


def _before_label(result: Result) -> str:
    label = result.report.leading_column.label
    if result.query.comparison == Comparison.YEAR_BEFORE:
        return _("%(label)s in the year before") % {"label": label}
    return _("%(label)s in the period before") % {"label": label}


def _file_kind(column: Column) -> ColumnKind:
    return _FILE_KINDS.get(column.unit, ColumnKind.COUNT)


def _kind_of_keys(dimension: Dimension) -> ColumnKind:
    return ColumnKind.DAY if dimension.is_time else ColumnKind.TEXT


def _read_sums_by_key(report: Report, query: ReportQuery, dimension: Dimension) -> dict[object, Sums]:
    grouped = report.filtered_rows(query).annotate(group_key=dimension.key(report)).values("group_key")
    return {row["group_key"]: own_names(row) for row in grouped.annotate(**aggregates_of(report))}


def _read_total(report: Report, query: ReportQuery) -> Sums:
    return own_names(report.filtered_rows(query).aggregate(**aggregates_of(report)))


def aggregates_of(report: Report) -> dict[str, Aggregate]:
    """Return the measures under names that no column has."""
    return {f"{_MEASURE_PREFIX}{name}": aggregate for name, aggregate in report.measures.items()}


def own_names(row: Mapping[str, Any]) -> Sums:
    return {name.removeprefix(_MEASURE_PREFIX): value for name, value in row.items()}


def _sort_rows(rows: list[ResultRow], report: Report, dimension: Dimension) -> list[ResultRow]:
    if dimension.is_time or dimension.is_in_key_order:
        return sorted(rows, key=lambda row: str(row.key).rjust(_KEY_WIDTH))
    value = report.leading_column.value
    return sorted(rows, key=lambda row: (-(value(row.sums) or 0), row.name, str(row.key)))
