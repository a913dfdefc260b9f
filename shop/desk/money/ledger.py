"""The ledger at the desk: account balances and postings."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orders.models import Dispute, LedgerEntry
from orders.payments.order_codes import normalise_order_code
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.desk.money.money_forms import LedgerSearch
from shop.reports import ledger as report
from shop.reports.ledger import LedgerQuery
from shop.reports.report_files import as_csv, as_xlsx
from shop.reports.settlement_documents import XLSX
from shop.staff_pages import staff_only

PER_PAGE = 20
MAX_EXPORTED = 50_000


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def show_ledger(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show filtered balances and postings, or return them as a file with `?format=csv` or `xlsx`."""
    form = LedgerSearch(request.GET)
    query = _ledger_query(form)
    if request.GET.get("format") in ("csv", "xlsx"):
        return _file_response(query, request.GET["format"])
    balances = report.balances(query)
    context = {
        "form": form,
        "balances": balances,
        "page": Paginator(report.postings(query), PER_PAGE).get_page(request.GET.get("page")),
        "is_filtered": query != LedgerQuery(),
        "charged_back": Dispute.objects.all().charged_back_amounts() if query == LedgerQuery() else {},
    }
    return render(request, "desk/ledger.html", context)


def _ledger_query(form: LedgerSearch) -> LedgerQuery:
    cooperative = form.chosen("cooperative")
    return LedgerQuery(
        account=form.chosen("account") or "",
        cooperative_id=cooperative.pk if cooperative else None,
        order_code=normalise_order_code(form.chosen("q") or ""),
        from_day=form.chosen("from_day"),
        until_day=form.chosen("until_day"),
    )


def _file_response(query: LedgerQuery, file_format: str) -> HttpResponse:
    """Export a sheet per currency. A CSV file holds them one after the other."""
    rows = report.filtered_entries(query)[:MAX_EXPORTED]
    by_currency: dict[str, list[LedgerEntry]] = {}
    for row in rows:
        by_currency.setdefault(row.currency, []).append(row)
    tables = [report.ledger_table(entries, currency) for currency, entries in sorted(by_currency.items())]
    tables = tables or [report.ledger_table([], "VND")]
    content = as_xlsx(tables) if file_format == "xlsx" else as_csv(*tables)
    content_type = XLSX if file_format == "xlsx" else "text/csv; charset=utf-8"
    headers = {"Content-Disposition": f'attachment; filename="so-cai.{file_format}"'}
    return HttpResponse(content, content_type=content_type, headers=headers)
