"""Declared reports about a cooperative's own rows."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from shop.core.dates.calendar import vietnam_date
from shop.members.member_access import for_members, render_page
from shop.reports.declared.catalogue import ALL_REPORTS, REPORTS_BY_SLUG
from shop.reports.declared.forms import ReportForm
from shop.reports.declared.pages import build_response
from shop.reports.declared.single_rows import SingleRow


@require_safe
@for_members(MemberRight.SEE_ORDERS)
def list_reports(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the reports that the member's role may open."""
    reports = [
        report for report in ALL_REPORTS if report.member_right and membership.may(report.member_right)
    ]
    return render_page(request, membership, "members/reports.html", {"reports": reports})


@require_safe
@for_members(MemberRight.SEE_ORDERS)
def show_report(request: HttpRequest, membership: MembershipContext, slug: str) -> HttpResponse:
    """Show a report about the cooperative, or export it with `?format=csv` or `?format=xlsx`."""
    report = REPORTS_BY_SLUG.get(slug)
    if report is None or report.member_right is None:
        raise Http404
    membership.require(report.member_right)
    form = ReportForm(
        request.GET,
        report=report,
        today=vietnam_date(timezone.now()),
        cooperative_id=membership.cooperative.pk,
    )
    context: dict[str, object] = {"report": report, "form": form}
    if not form.is_valid():
        return render_page(request, membership, "members/report.html", context, status=422)
    response = build_response(form, request, _part_address)
    if isinstance(response, HttpResponse):
        return response
    return render_page(request, membership, "members/report.html", context | response)


def _part_address(row: SingleRow) -> str:
    return reverse("members:part", args=[row.part_id]) if row.part_id else ""
