"""Report pages and their exports."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_safe

from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.texts.folding import folded_words
from shop.reports import sales as report
from shop.reports.chart import NARROW_WIDTH, build_chart
from shop.reports.forms import SalesForm
from shop.reports.fulfilment_figures import read_owed_to_cooperatives, read_punctuality
from shop.reports.group_names import load_group_codes, load_group_names
from shop.reports.periods import ReportInterval, period_label, periods
from shop.reports.report_files import Cell, ColumnKind, ReportColumn, ReportTable, as_csv, as_xlsx
from shop.reports.sales import SalesQuery
from shop.reports.sales_figures import SalesFigures, sum_figures
from shop.staff_pages import staff_only

_EXPLANATIONS = {
    report.SalesBasis.NET: gettext_lazy(
        "Confirmed orders after discounts, less cancelled parts and refunds, paid or not. Paid means paid in "
        "full: cash on delivery counts once the cash is collected. Refunds count on the day of the order."
    ),
    report.SalesBasis.PAID: gettext_lazy(
        "Confirmed orders that are paid in full, after discounts, less cancelled parts and refunds."
    ),
    report.SalesBasis.UNPAID: gettext_lazy(
        "Confirmed orders that are not yet paid in full, such as cash on delivery before the cash is "
        "collected, after discounts, less cancelled parts and refunds."
    ),
    report.SalesBasis.PLACED: gettext_lazy(
        "All orders placed, including those that still wait for payment or confirmation; without cancelled "
        "parts."
    ),
    report.SalesBasis.EVERYTHING: gettext_lazy(
        "All orders placed, including unconfirmed, cancelled, declined and expired ones. This is not "
        "turnover."
    ),
}
_GROUP_HEADINGS = {
    report.SalesGroup.COOPERATIVE: gettext_lazy("By cooperative"),
    report.SalesGroup.CATEGORY: gettext_lazy("By category"),
    report.SalesGroup.PRODUCT: gettext_lazy("By product"),
    report.SalesGroup.PROVINCE: gettext_lazy("By province"),
    report.SalesGroup.CHANNEL: gettext_lazy("By channel"),
    report.SalesGroup.SOURCE: gettext_lazy("By source"),
}
MAX_GROUPS_ON_PAGE = 200  # the rest are summed in one row, exports contain all
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def show_sales_report(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the sales report, or export it with `?format=csv` or `?format=xlsx`."""
    today = vietnam_date(timezone.now())
    form = SalesForm(request.GET, today=today)
    if not form.is_valid():
        return render(request, "reports/sales.html", {"form": form}, status=422)
    query = form.sales_query()
    file_format = request.GET.get("format")
    if file_format == "csv":
        table = _build_cross_table(query, report.sum_all(query))
        return _file_response(as_csv(table), "text/csv; charset=utf-8", query, "csv")
    if file_format == "xlsx":
        by_period = _sum_by_period(query)
        total = sum_figures(by_period.values())
        sheets = [
            _build_cross_table(query, total),
            _build_group_table(query, _sum_by_group(query), total),
            _period_table(query, by_period, total),
        ]
        return _file_response(as_xlsx(sheets), XLSX, query, "xlsx")
    return render(request, "reports/sales.html", {"form": form} | _build_page_context(query, today))


def _build_page_context(query: SalesQuery, today: datetime.date) -> dict[str, object]:
    by_period = _sum_by_period(query)
    figures = sum_figures(by_period.values())
    figures_before = report.sum_all(query.preceding())
    groups = _sum_by_group(query)
    shown_groups, other_groups = groups[:MAX_GROUPS_ON_PAGE], groups[MAX_GROUPS_ON_PAGE:]
    return {
        "query": query,
        "explanation": _EXPLANATIONS[query.basis],
        "figures": figures,
        "preceding": query.preceding(),
        "tiles": _figure_tiles(figures, figures_before, query),
        "punctuality": read_punctuality(query),
        "owed": read_owed_to_cooperatives(query),
        "chart": build_chart(list(by_period.items()), query.interval, query.currency),
        "narrow_chart": build_chart(
            list(by_period.items()), query.interval, query.currency, width=NARROW_WIDTH
        ),
        "by_period": [(period_label(day, query.interval), row) for day, row in by_period.items()],
        "groups": shown_groups,
        "group_heading": _GROUP_HEADINGS[query.group],
        "other_groups_total": sum_figures(row for _key, _name, row in other_groups),
        "other_groups_count": len(other_groups),
        "is_of_lines": query.group in report.LINE_GROUPS or query.is_of_goods,
        "presets": _preset_periods(today),
    }


def _sum_by_period(query: SalesQuery) -> dict[datetime.date, SalesFigures]:
    """Return figures of every period, including those without orders."""
    figures_by_period = report.sum_by_period(query)
    return {
        day: figures_by_period.get(day, SalesFigures())
        for day in periods(query.first, query.last, query.interval)
    }


def _sum_by_group(query: SalesQuery) -> list[tuple[object, str, SalesFigures]]:
    """Return keys, names and figures, largest first, delivery last."""
    figures_by_group = report.sum_by_group(query)
    names = load_group_names(query.group, figures_by_group.keys())
    rows = [(key, names[key], figures) for key, figures in figures_by_group.items()]
    return sorted(rows, key=lambda row: (row[0] == report.DELIVERY_ROW_KEY, -row[2].total, row[1]))


def _figure_tiles(
    current: SalesFigures, previous: SalesFigures, query: SalesQuery
) -> list[dict[str, object]]:
    """Return the figures above the chart, each with its change from the preceding period."""

    def tile(label: str, value: int, previous_value: int, *, is_money: bool) -> dict[str, object]:
        change = round((value - previous_value) * 100 / previous_value) if previous_value else None
        return {"label": label, "value": value, "is_money": is_money, "change": change}

    return [
        tile(_query_total_label(query), current.total, previous.total, is_money=True),
        tile(pgettext("report", "Paid"), current.paid, previous.paid, is_money=True),
        tile(pgettext("report", "Unpaid"), current.unpaid, previous.unpaid, is_money=True),
        tile(pgettext("report", "Orders"), current.orders, previous.orders, is_money=False),
        tile(_("Commission"), current.commission, previous.commission, is_money=True),
        tile(_("Average order value"), current.average, previous.average, is_money=True),
    ]


def _query_total_label(query: SalesQuery) -> str:
    return _("Net sales") if query.basis == report.SalesBasis.NET else pgettext("report", "Total")


def _preset_periods(today: datetime.date) -> list[tuple[str, str, str]]:
    month = today.replace(day=1)
    last_month = (month - datetime.timedelta(days=1)).replace(day=1)
    spans = [
        (pgettext("report", "Today"), today, today),
        (_("Last 7 days"), today - datetime.timedelta(days=6), today),
        (_("This month"), month, today),
        (_("Last month"), last_month, month - datetime.timedelta(days=1)),
    ]
    return [(name, f"{first:%d/%m/%Y}", f"{last:%d/%m/%Y}") for name, first, last in spans]


def _period_column(query: SalesQuery) -> ReportColumn:
    """Return the column of a row's day, or of the first day of its week or month."""
    is_by_day = query.interval == ReportInterval.DAY
    return ReportColumn(
        pgettext("report", "Day") if is_by_day else pgettext("report", "From"), ColumnKind.DAY
    )


def _figure_columns() -> list[ReportColumn]:
    return [
        ReportColumn(pgettext("report", "Orders"), ColumnKind.COUNT),
        ReportColumn(_("Cooperatives' parts"), ColumnKind.COUNT),
        ReportColumn(pgettext("report", "Products"), ColumnKind.MONEY),
        ReportColumn(pgettext("report", "Delivery"), ColumnKind.MONEY),
        ReportColumn(pgettext("report", "Refunds"), ColumnKind.MONEY),
        ReportColumn(pgettext("report", "Total"), ColumnKind.MONEY),
        ReportColumn(pgettext("report", "Paid"), ColumnKind.MONEY),
        ReportColumn(pgettext("report", "Unpaid"), ColumnKind.MONEY),
        ReportColumn(_("Commission"), ColumnKind.MONEY),
    ]


def _figure_cells(row: SalesFigures) -> list[int]:
    return [
        row.orders,
        row.parts,
        row.goods,
        row.delivery,
        -row.refunded,
        row.total,
        row.paid,
        row.unpaid,
        row.commission,
    ]


def _build_cross_table(query: SalesQuery, total: SalesFigures) -> ReportTable:
    figures_by_key = report.sum_by_period_and_group(query)
    group_cells = _build_group_cells(query, {key for _day, key in figures_by_key})
    rows: list[tuple[datetime.date, list[Cell], SalesFigures]] = sorted(
        (
            (day, group_cells[key], figures)
            for (day, key), figures in figures_by_key.items()
            if day is not None
        ),
        key=lambda row: row[:2],
    )
    columns = _group_columns(query)
    return ReportTable(
        _("Sales"),
        [_period_column(query), *columns, *_figure_columns()],
        [[day, *cells, *_figure_cells(figures)] for day, cells, figures in rows],
        query.currency,
        sums=_total_cells(len(columns), total),
    )


def _build_group_table(
    query: SalesQuery, groups: list[tuple[object, str, SalesFigures]], total: SalesFigures
) -> ReportTable:
    group_cells = _build_group_cells(query, {key for key, _name, _figures in groups})
    rows: list[list[Cell]] = [[*group_cells[key], *_figure_cells(figures)] for key, _name, figures in groups]
    columns = _group_columns(query)
    sums = _total_cells(len(columns) - 1, total)
    return ReportTable(
        str(query.group.label), [*columns, *_figure_columns()], rows, query.currency, sums=sums
    )


def _total_cells(blank_count: int, total: SalesFigures) -> list[Cell]:
    """Return the total row, with blank cells between its label and its figures."""
    return [pgettext("report", "Total"), *[""] * blank_count, *_figure_cells(total)]


def _group_columns(query: SalesQuery) -> list[ReportColumn]:
    """Return the columns that name a row's group: its name, and a cooperative's code."""
    columns = [ReportColumn(str(query.group.label))]
    if query.group == report.SalesGroup.COOPERATIVE:
        columns.append(ReportColumn(_("Cooperative code")))
    return columns


def _build_group_cells(query: SalesQuery, keys: Collection[object]) -> dict[object, list[Cell]]:
    names, codes = load_group_names(query.group, keys), load_group_codes(query.group, keys)
    if codes is None:
        return {key: [names[key]] for key in keys}
    return {key: [names[key], codes.get(key, "")] for key in keys}


def _period_table(
    query: SalesQuery, rows: Mapping[datetime.date, SalesFigures], total: SalesFigures
) -> ReportTable:
    return ReportTable(
        str(query.interval.label),
        [_period_column(query), *_figure_columns()],
        [[day, *_figure_cells(figures)] for day, figures in rows.items()],
        query.currency,
        sums=_total_cells(0, total),
    )


def _file_response(content: bytes, content_type: str, query: SalesQuery, extension: str) -> HttpResponse:
    group = "-".join(folded_words(str(query.group.label)))
    name = f"ban-hang-{query.first:%Y%m%d}-{query.last:%Y%m%d}-{group}.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)
