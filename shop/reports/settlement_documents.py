"""A settlement statement for printing, as PDF and as XLSX. The same for desk and members."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from orders.payments.banks import find_bank
from shop.core.models import shop_settings
from shop.core.texts.folding import slugify
from shop.reports import settlements as report
from shop.reports.pdf import PdfUnavailable, can_make_pdf, render_pdf
from shop.reports.report_files import as_xlsx
from shop.reports.settlements import TOTAL_COLUMNS, SettlementStatement

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STYLESHEET = "css/statement.css"
MAX_PRINTED_ORDERS = 300  # a longer statement is summed by day, and its workbook lists every order


def build_statement_context(statement: SettlementStatement) -> dict[str, object]:
    """Return the context for a statement's header."""
    settlement = statement.settlement
    return {
        "statement": statement,
        "settlement": settlement,
        "whose": settlement.cooperative,
        "bank": find_bank(statement.payout.bank_bin) if statement.payout else None,
        "has_pdf": can_make_pdf(),
    }


def printable_statement(
    request: HttpRequest, statement: SettlementStatement, *, return_url: str
) -> HttpResponse:
    """Render the statement for printing by the browser."""
    context = _build_printed_context(statement) | {"back": return_url, "is_page": True}
    return render(request, "reports/statement.html", context)


def pdf_statement(request: HttpRequest, statement: SettlementStatement, *, return_url: str) -> HttpResponse:
    """Return the statement as PDF, or the printable page with a notice if PDF is unavailable."""
    context = _build_printed_context(statement)
    try:
        content = render_pdf(
            render_to_string("reports/statement.html", context, request), stylesheet=STYLESHEET
        )
    except PdfUnavailable:
        return render(
            request, "reports/statement.html", context | {"back": return_url, "is_page": True, "no_pdf": True}
        )
    return _file_response(content, "application/pdf", statement, "pdf")


def workbook_statement(statement: SettlementStatement) -> HttpResponse:
    """Return the statement as XLSX."""
    return _file_response(as_xlsx(report.build_tables(statement)), XLSX, statement, "xlsx")


def _build_printed_context(statement: SettlementStatement) -> dict[str, object]:
    settlement = statement.settlement
    orders = report.load_rows_of_orders(settlement, report.find_settlement_orders(settlement))
    is_by_day = len(orders) > MAX_PRINTED_ORDERS
    rows = (report.sum_by_day(orders) if is_by_day else orders) + report.load_other_rows(settlement)
    return build_statement_context(statement) | {
        "heads": [name for _field, name in TOTAL_COLUMNS],
        "rows": [(row, report.signed_amounts(row.totals)) for row in rows],
        "sums": report.signed_amounts(statement.totals),
        "is_by_day": is_by_day,
        "operator": shop_settings(),
    }


def _file_response(
    content: bytes, content_type: str, statement: SettlementStatement, extension: str
) -> HttpResponse:
    settlement = statement.settlement
    name = f"quyet-toan-{slugify(settlement.cooperative.name)}-{settlement.number}.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=content_type, headers=headers)
