"""The page and the files of any declared report, for staff and for cooperatives."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from shop.core.texts.formatting import (
    EMPTY_CELL,
    NO_BREAK,
    format_amount,
    format_money,
    format_number,
)
from shop.reports.declared.declaration import Column, ColumnPlace, Sums, Unit
from shop.reports.declared.forms import ReportForm
from shop.reports.declared.results import Result, ResultRow, build_table, read_result
from shop.reports.report_files import as_csv, as_xlsx

PER_PAGE = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60}


@dataclass(frozen=True, slots=True)
class FigureCell:
    """A formatted figure in a table, or a tile above it with its change in percent."""

    text: str
    column: Column
    change: int | None = None

    @property
    def css(self) -> str:
        """The classes of the table cell: whether its text may wrap, and whether phones show it."""
        wraps = " wraps" if self.column.unit == Unit.DURATION else ""
        return f"number{wraps}{'' if self.column.place == ColumnPlace.EVERYWHERE else ' wide-only'}"


def build_response(form: ReportForm, request: HttpRequest) -> HttpResponse | dict[str, object]:
    """Return the file that the request asks for, or the values of the page. The form must be valid."""
    result = read_result(form.report, form.report_query(), form.dimension)
    file_format = request.GET.get("format")
    if file_format == "csv":
        return _file_response(as_csv(build_table(result)), "text/csv; charset=utf-8", result, "csv")
    if file_format == "xlsx":
        return _file_response(as_xlsx([build_table(result)]), XLSX, result, "xlsx")
    return _build_page_values(result, request)


def _build_page_values(result: Result, request: HttpRequest) -> dict[str, object]:
    columns = [row for row in result.report.columns if row.place != ColumnPlace.ONLY_IN_FILES]
    page = Paginator(result.rows, PER_PAGE).get_page(request.GET.get("page"))
    return {
        "query": result.query,
        "preceding": result.query.preceding() if result.report.has_period else None,
        "dimension": result.dimension,
        "columns": columns,
        "tiles": [_tile(result, column) for column in columns if column.has_tile],
        "page": page,
        "rows": [_page_row(result, row, columns) for row in page.object_list],
        "totals": _row_cells(result, result.total, columns),
        "has_comparison": result.has_comparison,
        "total_before": _format_before(result, _leading_total_before(result)),
    }


def _page_row(
    result: Result, row: ResultRow, columns: Sequence[Column]
) -> tuple[ResultRow, int, list[FigureCell], str]:
    return row, result.share(row), _row_cells(result, row.sums, columns), _format_before(result, row.before)


def _row_cells(result: Result, sums: Sums, columns: Sequence[Column]) -> list[FigureCell]:
    currency = result.query.currency
    return [
        FigureCell(format_figure(column.value(sums), column.unit, currency), column) for column in columns
    ]


def _tile(result: Result, column: Column) -> FigureCell:
    value = column.value(result.total)
    before = column.value(result.total_before) if result.total_before else None
    change = None
    if value is not None and before and column.unit != Unit.PERCENT:
        change = round((value - before) * 100 / abs(before))
    currency = result.query.currency
    is_money = value is not None and column.unit == Unit.MONEY
    text = format_money(value, currency) if is_money else format_figure(value, column.unit, currency)
    return FigureCell(text, column, change)


def _leading_total_before(result: Result) -> int | None:
    return result.report.leading_column.value(result.total_before) if result.total_before else None


def _format_before(result: Result, value: int | None) -> str:
    return format_figure(value, result.report.leading_column.unit, result.query.currency)


def format_figure(value: int | None, unit: Unit, currency: str) -> str:
    """Format a figure as tables show it: money without its currency, durations in two units of time."""
    if value is None:
        return EMPTY_CELL
    if unit == Unit.MONEY:
        return format_amount(value, currency)
    if unit == Unit.DURATION:
        return format_duration(value)
    return f"{value}%" if unit == Unit.PERCENT else format_number(value)


def format_duration(seconds: int) -> str:
    """Format a duration in its two largest units without zeros: `2 ngày 5 giờ`, `2 giờ` or `40 phút`.

    A line breaks between the units only.
    """
    days, rest = divmod(seconds, _SECONDS["day"])
    hours, rest = divmod(rest, _SECONDS["hour"])
    minutes = 0 if days else rest // _SECONDS["minute"]
    texts = []
    if days:
        texts.append(_("%(days)s d") % {"days": days})
    if hours:
        texts.append(_("%(hours)s h") % {"hours": hours})
    if minutes or not texts:
        texts.append(_("%(minutes)s min") % {"minutes": minutes})
    return " ".join(text.replace(" ", NO_BREAK) for text in texts)


def _file_response(content: bytes, content_type: str, result: Result, extension: str) -> HttpResponse:
    query = result.query
    days = _file_days(query.first, query.last) if result.report.has_period else f"{query.last:%Y%m%d}"
    name = f"{result.report.slug}-{days}-{result.dimension.name}.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def _file_days(first: datetime.date, last: datetime.date) -> str:
    return f"{first:%Y%m%d}-{last:%Y%m%d}"
