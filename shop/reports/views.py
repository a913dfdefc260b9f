"""Report pages and their exports."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.reports import sales as report
from shop.reports.chart import NARROW, chart_of
from shop.reports.forms import SalesForm
from shop.reports.group_names import names_of
from shop.reports.periods import period_label, periods
from shop.reports.report_files import Cell, Column, ColumnKind, Table, as_csv, as_xlsx
from shop.reports.report_index import REPORTS
from shop.reports.sales import SalesFigures, SalesQuery
from shop.staff_pages import staff_only

MOST_ROWS = 200  # groups on the page; the rest are summed in one row, exports contain all
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the reports."""
    return render(request, "reports/index.html", {"reports": REPORTS})


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def sales(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the sales report, or export it with `?format=csv` or `?format=xlsx`."""
    today = vietnam_date(timezone.now())
    form = SalesForm(request.GET, today=today)
    if not form.is_valid():
        return render(request, "reports/sales.html", {"form": form}, status=422)
    asked = form.asked()
    requested = request.GET.get("format")
    if requested == "csv":
        return _file_response(as_csv(_cross_table(asked)), "text/csv; charset=utf-8", asked, "csv")
    if requested == "xlsx":
        periods_sheet = _period_table(asked, _period_rows(asked))
        sheets = [_cross_table(asked), _group_table(asked, _group_rows(asked)), periods_sheet]
        return _file_response(as_xlsx(sheets), XLSX, asked, "xlsx")
    return render(request, "reports/sales.html", {"form": form} | _page_context(asked, today))


def _page_context(asked: SalesQuery, today: datetime.date) -> dict[str, object]:
    by_period = _period_rows(asked)
    figures = report.total_of(by_period.values())
    before = report.totals(asked.before())
    groups = _group_rows(asked)
    shown, rest = groups[:MOST_ROWS], groups[MOST_ROWS:]
    return {
        "asked": asked,
        "figures": figures,
        "before": asked.before(),
        "tiles": _tiles(figures, before, asked),
        "chart": chart_of(list(by_period.items()), asked.step, asked.currency),
        "narrow_chart": chart_of(list(by_period.items()), asked.step, asked.currency, width=NARROW),
        "by_period": [(period_label(day, asked.step), row) for day, row in by_period.items()],
        "groups": shown,
        "rest": report.total_of(row for _key, _name, row in rest),
        "rest_count": len(rest),
        "is_of_lines": asked.group in report.OF_LINES or asked.category is not None,
        "presets": _presets(today),
    }


def _period_rows(asked: SalesQuery) -> dict[datetime.date, SalesFigures]:
    """Return figures of every period, including those without orders."""
    found = report.by_period(asked)
    return {day: found.get(day, SalesFigures()) for day in periods(asked.first, asked.last, asked.step)}


def _group_rows(asked: SalesQuery) -> list[tuple[object, str, SalesFigures]]:
    """Return keys, names and figures, largest first, delivery last."""
    found = report.by_group(asked)
    names = names_of(asked.group, found.keys())
    rows = [(key, names[key], figures) for key, figures in found.items()]
    return sorted(rows, key=lambda row: (row[0] == report.DELIVERY, -row[2].total, row[1]))


def _tiles(now: SalesFigures, before: SalesFigures, asked: SalesQuery) -> list[dict[str, object]]:
    """Return the figures above the chart, each with its change from the preceding period."""

    def tile(label: str, value: int, old: int, *, money: bool) -> dict[str, object]:
        change = round((value - old) * 100 / old) if old else None
        return {"label": label, "value": value, "is_money": money, "change": change}

    return [
        tile(pgettext("report", "Goods"), now.goods, before.goods, money=True),
        tile(pgettext("report", "Orders"), now.orders, before.orders, money=False),
        tile(_("Parts of orders"), now.parts, before.parts, money=False),
        tile(pgettext("report", "Delivery"), now.delivery, before.delivery, money=True),
        tile(_("Commission"), now.commission, before.commission, money=True),
        tile(_("Average order"), now.average, before.average, money=True),
    ]


def _presets(today: datetime.date) -> list[tuple[str, str, str]]:
    month = today.replace(day=1)
    last_month = (month - datetime.timedelta(days=1)).replace(day=1)
    spans = [
        (pgettext("report", "Today"), today, today),
        (_("Seven days"), today - datetime.timedelta(days=6), today),
        (_("This month"), month, today),
        (_("Last month"), last_month, month - datetime.timedelta(days=1)),
    ]
    return [(name, f"{first:%d/%m/%Y}", f"{last:%d/%m/%Y}") for name, first, last in spans]


def _figure_columns() -> list[Column]:
    return [
        Column(pgettext("report", "Orders"), ColumnKind.COUNT),
        Column(_("Parts of orders"), ColumnKind.COUNT),
        Column(pgettext("report", "Goods"), ColumnKind.MONEY),
        Column(pgettext("report", "Delivery"), ColumnKind.MONEY),
        Column(pgettext("report", "Total"), ColumnKind.MONEY),
        Column(_("Commission"), ColumnKind.MONEY),
    ]


def _figure_cells(row: SalesFigures) -> list[int]:
    return [row.orders, row.parts, row.goods, row.delivery, row.total, row.commission]


def _cross_table(asked: SalesQuery) -> Table:
    found = report.by_period_and_group(asked)
    names = names_of(asked.group, {key for _day, key in found})
    rows: list[tuple[datetime.date, str, SalesFigures]] = sorted(
        ((day, names[key], figures) for (day, key), figures in found.items() if day is not None),
        key=lambda row: row[:2],
    )
    return Table(
        _("Sales"),
        [
            Column(pgettext("report", "From"), ColumnKind.DAY),
            Column(str(asked.group.label)),
            *_figure_columns(),
        ],
        [[day, name, *_figure_cells(figures)] for day, name, figures in rows],
        asked.currency,
    )


def _group_table(asked: SalesQuery, groups: list[tuple[object, str, SalesFigures]]) -> Table:
    rows: list[list[Cell]] = [[name, *_figure_cells(figures)] for _key, name, figures in groups]
    return Table(
        str(asked.group.label), [Column(str(asked.group.label)), *_figure_columns()], rows, asked.currency
    )


def _period_table(asked: SalesQuery, rows: Mapping[datetime.date, SalesFigures]) -> Table:
    return Table(
        str(asked.step.label),
        [Column(pgettext("report", "From"), ColumnKind.DAY), *_figure_columns()],
        [[day, *_figure_cells(figures)] for day, figures in rows.items()],
        asked.currency,
        sums=[pgettext("report", "Total"), *_figure_cells(report.total_of(rows.values()))],
    )


def _file_response(content: bytes, content_type: str, asked: SalesQuery, ending: str) -> HttpResponse:
    name = f"ban-hang-{asked.first:%Y%m%d}-{asked.last:%Y%m%d}-{asked.group}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)
