"""The page and the files of any declared report, for staff and for cooperatives."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from shop.core.texts.formatting import (
    EMPTY_CELL,
    NO_BREAK,
    format_amount,
    format_money,
    format_number,
    format_weight,
)
from shop.reports.declared.declaration import Column, ColumnPlace, Report, ReportQuery, Sums, Unit
from shop.reports.declared.forms import ReportForm
from shop.reports.declared.results import Result, ResultRow, build_table, read_result
from shop.reports.declared.single_rows import ALL_ROWS, Drill, SingleRow, key_as_text, read_single_rows
from shop.reports.report_files import as_csv, as_xlsx

PER_PAGE = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KEY, _MEASURE = "dong", "cot"  # in addresses: the group and the column whose rows are shown
_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60}


@dataclass(frozen=True, slots=True)
class FigureCell:
    """A formatted figure in a table, or a tile above it with its change in percent.

    `address` leads to the rows behind the figure. It is empty for figures that no single rows add up to.
    """

    text: str
    column: Column
    change: int | None = None
    address: str = ""

    @property
    def css(self) -> str:
        """The classes of the table cell: whether its text may wrap, and whether phones show it."""
        wraps = " wraps" if self.column.unit == Unit.DURATION else ""
        return f"number{wraps}{'' if self.column.place == ColumnPlace.EVERYWHERE else ' wide-only'}"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group in the table: its name, the address of its rows, the width of its bar, and its figures."""

    name: str
    address: str
    share: int
    cells: list[FigureCell]
    before: str


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A single row behind a figure, with the address of its order or part, if the reader may open it."""

    row: SingleRow
    address: str
    cells: list[FigureCell]


def build_response(
    form: ReportForm, request: HttpRequest, row_address: Callable[[SingleRow], str]
) -> HttpResponse | dict[str, object]:
    """Return the file that the request asks for, or the values of the page. The form must be valid.

    `row_address` returns the address that a single row is linked to, or an empty text.
    """
    if _KEY in request.GET:
        return _build_single_rows(form, request, row_address)
    result = read_result(form.report, form.report_query(), form.dimension)
    file_format = request.GET.get("format")
    if file_format == "csv":
        return _file_response(as_csv(build_table(result)), "text/csv; charset=utf-8", result, "csv")
    if file_format == "xlsx":
        return _file_response(as_xlsx([build_table(result)]), XLSX, result, "xlsx")
    return _build_page_values(result, request)


def _build_page_values(result: Result, request: HttpRequest) -> dict[str, object]:
    columns = _shown_columns(result.report)
    page = Paginator(result.rows, PER_PAGE).get_page(request.GET.get("page"))
    options = _options(request)
    return {
        "query": result.query,
        "compared": result.query.compared() if result.report.has_period else None,
        "dimension": result.dimension,
        "columns": columns,
        "tiles": [_tile(result, column) for column in columns if column.has_tile],
        "page": page,
        "rows": [_group_row(result, row, columns, options) for row in page.object_list],
        "totals": _cells(result.query, result.total, columns, options, ALL_ROWS),
        "has_comparison": result.has_comparison,
        "total_before": _format_before(result, result.leading_total_before),
    }


def _build_single_rows(
    form: ReportForm, request: HttpRequest, row_address: Callable[[SingleRow], str]
) -> dict[str, object]:
    report, query = form.report, form.report_query()
    drill = Drill(request.GET[_KEY], request.GET.get(_MEASURE, ""))
    single = read_single_rows(report, query, form.dimension, drill, request.GET.get("page"))
    columns = _shown_columns(report)
    return {
        "single": single,
        "query": query,
        "dimension": form.dimension,
        "columns": columns,
        "page": single.page,
        "rows": [
            ShownRow(row, row_address(row), _cells(query, row.sums, columns, "", "")) for row in single.rows
        ],
        "report_address": f"?{_options(request)}",
    }


def _shown_columns(report: Report) -> list[Column]:
    return [column for column in report.columns if column.place != ColumnPlace.ONLY_IN_FILES]


def _options(request: HttpRequest) -> str:
    """Return the report's options as in the address, without the page and the rows asked for."""
    options = request.GET.copy()
    for name in (_KEY, _MEASURE, "page", "format"):
        options.pop(name, None)
    return options.urlencode()


def _rows_address(options: str, key: str, measure_name: str = "") -> str:
    asked = {_KEY: key} | ({_MEASURE: measure_name} if measure_name else {})
    return f"?{options}{'&' if options else ''}{urlencode(asked)}"


def _group_row(result: Result, row: ResultRow, columns: Sequence[Column], options: str) -> GroupRow:
    key = key_as_text(row.key)
    return GroupRow(
        name=row.name,
        address=_rows_address(options, key),
        share=result.share(row),
        cells=_cells(result.query, row.sums, columns, options, key),
        before=_format_before(result, row.before),
    )


def _cells(
    query: ReportQuery, sums: Sums, columns: Sequence[Column], options: str, key: str
) -> list[FigureCell]:
    """Return the figures of a row, with the addresses of their rows if it has a key."""
    cells = []
    for column in columns:
        value = column.value(sums)
        has_rows = bool(key and value and column.measure_name)
        address = _rows_address(options, key, column.measure_name) if has_rows else ""
        cells.append(FigureCell(format_figure(value, column.unit, query.currency), column, address=address))
    return cells


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
    if unit == Unit.WEIGHT:
        return format_weight(value)
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
