"""Export listings, and import them from a file after a preview."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from catalog.actions.listing_imports.columns import COLUMNS
from catalog.actions.listing_imports.export_rows import build_exported_rows, build_guide_rows
from catalog.actions.listing_imports.import_files import (
    confirm_encoding,
    confirm_listing_import,
    discard_listing_import,
    import_listing_file,
)
from catalog.models import ListingImport
from catalog.states import ImportRowState, ImportState
from cooperatives.access import MemberRight, MembershipContext
from shop.core.errors import Missing
from shop.core.models import Channel, market_channel
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.forms.fields import parse_key
from shop.members.forms.imports import ENCODING_NAMES, EncodingForm, ImportFileForm
from shop.members.member_access import for_members, render_page
from shop.reports.report_files import ColumnKind, ReportColumn, ReportTable, as_csv, as_xlsx

IMPORT_LIMIT = RateLimit("listing_import", max_tries=30, seconds=60 * 60)
SHOWN_IMPORTS = 10
SHOWN_ROWS = 100
_CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_NUMBER_COLUMNS = ("price", "on_hand")


@require_safe_or_post
@takes_files(is_signed_in)
@for_members(MemberRight.LIST)
def import_listings(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show the files to download and the last imports, and accept an uploaded file."""
    channel = market_channel()
    submitted = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ImportFileForm(*submitted)
    if channel is not None and form.is_valid():
        file = form.cleaned_data["file"]
        with refusals_as_form_errors(form):
            IMPORT_LIMIT.count_try(str(membership.cooperative.pk))
            listing_import = import_listing_file(
                cooperative=membership.cooperative,
                channel=channel,
                file_name=file.name,
                content=file.read(),
                user=membership.user,
                now=timezone.now(),
            )
            return redirect("members:listing-import", listing_import.pk)
    imports = ListingImport.objects.for_cooperative(membership.cooperative).newest_first()
    context = {"form": form, "imports": imports.defer("content")[:SHOWN_IMPORTS]}
    return render_page(request, membership, "members/listing_imports.html", context)


@require_safe
@for_members(MemberRight.LIST)
def download_listings(request: HttpRequest, membership: MembershipContext, extension: str) -> HttpResponse:
    """Return all options as a file that can be edited and imported again."""
    rows = build_exported_rows(membership.cooperative, _find_channel())
    return _file_response("san-pham", rows, extension)


@require_safe
@for_members(MemberRight.LIST)
def download_template(request: HttpRequest, membership: MembershipContext, extension: str) -> HttpResponse:
    """Return a file with the headings and, in a workbook, a guide to the columns."""
    return _file_response("mau-san-pham", [], extension)


@require_safe
@for_members(MemberRight.LIST)
def show_listing_import(request: HttpRequest, membership: MembershipContext, import_id: int) -> HttpResponse:
    """Show an import, with its encoding, preview, progress or result."""
    listing_import = _find_import(membership, import_id)
    rows = listing_import.rows.order_by("row_number")
    counts = listing_import.row_counts()
    written_count = counts.get(ImportRowState.DONE, 0) + counts.get(ImportRowState.REFUSED, 0)
    new_count = rows.filter(state=ImportRowState.WAITING, is_new=True).count()
    context = {
        "listing_import": listing_import,
        "encoding_name": ENCODING_NAMES.get(listing_import.encoding, ""),
        "encoding_form": EncodingForm(listing_import=listing_import)
        if listing_import.state == ImportState.ENCODING
        else None,
        "counts": counts,
        "left_out_count": counts.get(ImportRowState.PROBLEM, 0) + counts.get(ImportRowState.REFUSED, 0),
        "written_count": written_count,
        "confirmed_count": written_count + counts.get(ImportRowState.WAITING, 0),
        "new_count": new_count,
        "changed_count": counts.get(ImportRowState.WAITING, 0) - new_count,
        "problems": rows.filter(state=ImportRowState.PROBLEM)[:SHOWN_ROWS],
        "questions": rows.filter(state=ImportRowState.QUESTION)[:SHOWN_ROWS],
        "refused_rows": rows.filter(state=ImportRowState.REFUSED)[:SHOWN_ROWS],
        "waiting_rows": rows.filter(state=ImportRowState.WAITING)[:SHOWN_ROWS],
    }
    return render_page(request, membership, "members/listing_import.html", context)


@require_POST
@for_members(MemberRight.LIST)
def confirm_encoding_view(
    request: HttpRequest, membership: MembershipContext, import_id: int
) -> HttpResponse:
    """Choose how the letters of the file are read."""
    listing_import = _find_import(membership, import_id)
    form = EncodingForm(request.POST, listing_import=listing_import)
    url = reverse("members:listing-import", args=[import_id])
    if not form.is_valid():
        messages.error(request, _("Choose the character encoding of the file."))
        return redirect(url)
    action = partial(
        confirm_encoding,
        cooperative=membership.cooperative,
        import_id=import_id,
        encoding=form.cleaned_data["encoding"],
    )
    return run_action(request, action, url=url)


@require_POST
@for_members(MemberRight.LIST)
def confirm_listing_import_view(
    request: HttpRequest, membership: MembershipContext, import_id: int
) -> HttpResponse:
    """Save the rows of the preview, including those whose unusual price the member has confirmed."""
    action = partial(
        confirm_listing_import,
        cooperative=membership.cooperative,
        import_id=import_id,
        answered_row_ids=[parse_key(key) for key in request.POST.getlist("answered")],
        includes_all_questions="all_answered" in request.POST,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("members:listing-import", args=[import_id]))


@require_POST
@for_members(MemberRight.LIST)
def discard_listing_import_view(
    request: HttpRequest, membership: MembershipContext, import_id: int
) -> HttpResponse:
    """Delete an import that was not confirmed."""
    return run_action(
        request,
        partial(discard_listing_import, cooperative=membership.cooperative, import_id=import_id),
        url=reverse("members:listing-imports"),
        message=_("The file was discarded. Nothing was saved."),
        refused_url=reverse("members:listing-import", args=[import_id]),
    )


def _find_import(membership: MembershipContext, import_id: int) -> ListingImport:
    listing_import = (
        ListingImport.objects.for_cooperative(membership.cooperative).filter(pk=import_id).first()
    )
    if listing_import is None:
        raise Missing()
    return listing_import


def _find_channel() -> Channel:
    channel = market_channel()
    if channel is None:
        raise Missing()
    return channel


def _file_response(name: str, rows: list[list[str | int]], extension: str) -> HttpResponse:
    columns = [
        ReportColumn(
            str(column.label), ColumnKind.COUNT if column.key in _NUMBER_COLUMNS else ColumnKind.TEXT
        )
        for column in COLUMNS
    ]
    goods = ReportTable(pgettext("sheet", "Products"), columns, rows)
    if extension == "csv":
        content = as_csv(goods)
    else:
        guide = ReportTable(
            pgettext("sheet", "Guide"),
            [ReportColumn(_("Column")), ReportColumn(_("What to enter"))],
            build_guide_rows(),
        )
        content = as_xlsx([goods, guide])
    response = HttpResponse(content, content_type=_CONTENT_TYPES[extension])
    response["Content-Disposition"] = f'attachment; filename="{name}.{extension}"'
    return response
