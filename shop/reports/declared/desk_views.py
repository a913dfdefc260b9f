"""The list of reports and the pages of declared reports, for staff."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cooperatives.access import has_staff_permission, require_staff_permission
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.reports.declared.catalogue import REPORTS_BY_SLUG
from shop.reports.declared.forms import ReportForm
from shop.reports.declared.pages import build_response
from shop.reports.declared.single_rows import SingleRow
from shop.reports.report_index import find_permitted_families
from shop.staff_pages import staff_only


@require_safe
@staff_only()
def list_reports(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List the reports that the person may open, or answer 404 if there are none."""
    families = find_permitted_families(request.user)
    if not families:
        raise Http404
    return render(request, "reports/index.html", {"families": families})


@require_safe
@staff_only()
def show_report(request: HttpRequest, actor: Actor, slug: str) -> HttpResponse:
    """Show a declared report, or export it with `?format=csv` or `?format=xlsx`."""
    report = REPORTS_BY_SLUG.get(slug)
    if report is None:
        raise Http404
    require_staff_permission(request.user, report.permission)
    form = ReportForm(request.GET, report=report, today=vietnam_date(timezone.now()))
    context: dict[str, object] = {"report": report, "form": form}
    if not form.is_valid():
        return render(request, "reports/report.html", context, status=422)
    opens_orders = has_staff_permission(request.user, Permission.MANAGE_ORDERS)
    response = build_response(form, request, _order_address if opens_orders else _no_address)
    if isinstance(response, HttpResponse):
        return response
    return render(request, "reports/report.html", context | response)


def _order_address(row: SingleRow) -> str:
    return reverse("desk:order", args=[row.order_id]) if row.order_id else ""


def _no_address(row: SingleRow) -> str:
    return ""
