"""Printable labels, on A6 or rolls of 80 and 58 mm: of one parcel, and of all that wait in the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from django.conf import settings
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.models import Lot
from cooperatives.access import MemberRight, MembershipContext
from orders.models import Parcel, ParcelLine
from orders.states import ParcelState
from orders.trace_links import lot_trace_address
from shop.core.errors import Missing
from shop.members.fulfilment.parts import part_url
from shop.members.member_access import for_members
from shop.reports.pdf import PdfUnavailable, can_make_pdf, render_pdf

STYLESHEET = "css/label_pdf.css"


class Paper(TextChoices):
    """The paper of a label. The values appear in URLs."""

    A6 = "a6", "A6"
    ROLL_80 = "80", "80 mm"
    ROLL_58 = "58", "58 mm"


@dataclass(frozen=True, slots=True)
class Label:
    """The contents of a parcel's label. `code` is a QR code as inline SVG, and so is that of each lot."""

    parcel: Parcel
    lines: Sequence[ParcelLine]
    grams: int
    code: SafeString
    lots: Sequence[tuple[Lot, SafeString]]


@require_safe
@for_members(MemberRight.PACK)
def show_label(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Render a parcel's label. Only before delivery, because it shows the buyer's contact."""
    return render(request, "members/labels.html", _build_label_context(request, membership, parcel_id))


@require_safe
@for_members(MemberRight.PACK)
def download_label(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Return a parcel's label as PDF."""
    context = _build_label_context(request, membership, parcel_id)
    return _pdf_response(request, context, f"tem-kien-{parcel_id}.pdf")


@require_safe
@for_members(MemberRight.PACK)
def show_labels(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Render the labels of all parcels that are picked or packed and not handed over yet."""
    return render(request, "members/labels.html", _build_waiting_labels_context(request, membership))


@require_safe
@for_members(MemberRight.PACK)
def download_labels(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Return the labels of all waiting parcels as one PDF, a page for each."""
    return _pdf_response(request, _build_waiting_labels_context(request, membership), "tem-kien.pdf")


def _build_label_context(
    request: HttpRequest, membership: MembershipContext, parcel_id: int
) -> dict[str, object]:
    """Return the context of one parcel's label. Raises Missing."""
    parcels = Parcel.objects.for_cooperative(membership.cooperative).with_label_rows()
    parcel = parcels.filter(pk=parcel_id).first()
    if parcel is None or not parcel.part.may_show_contact:
        raise Missing()
    if parcel.state in (ParcelState.VOIDED, ParcelState.DELIVERED):
        raise Missing()
    return _build_context(request, membership, [parcel]) | {
        "back_url": part_url(parcel.part_id),
        "back_text": _("Back to the order"),
        "pdf_url": reverse("members:parcel-label-pdf", args=[parcel_id]),
    }


def _build_waiting_labels_context(request: HttpRequest, membership: MembershipContext) -> dict[str, object]:
    parcels = Parcel.objects.for_cooperative(membership.cooperative).awaiting_labels().with_label_rows()
    return _build_context(request, membership, list(parcels.in_order())) | {
        "back_url": reverse("members:parts"),
        "back_text": _("Back to the orders"),
        "pdf_url": reverse("members:parcel-labels-pdf"),
    }


def _build_context(
    request: HttpRequest, membership: MembershipContext, parcels: Sequence[Parcel]
) -> dict[str, object]:
    requested = request.GET.get("giay", "")
    return {
        "cooperative": membership.cooperative,
        "labels": [_build_label(parcel) for parcel in parcels],
        "paper": Paper(requested) if requested in Paper.values else Paper.A6,
        "papers": list(Paper),
        "has_pdf": can_make_pdf(),
    }


def _pdf_response(request: HttpRequest, context: dict[str, object], name: str) -> HttpResponse:
    """Return the labels as PDF, or the page to print if PDF is unavailable or no parcel waits."""
    if not context["labels"]:
        return render(request, "members/labels.html", context)
    html = render_to_string("members/labels.html", context | {"is_pdf": True}, request)
    try:
        content = render_pdf(html, stylesheet=STYLESHEET)
    except PdfUnavailable:
        return render(request, "members/labels.html", context)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)


def _build_label(parcel: Parcel) -> Label:
    lines = sorted(parcel.lines.all(), key=lambda line: line.pk)
    lots = {line.lot.pk: line.lot for line in lines if line.lot is not None}
    return Label(
        parcel=parcel,
        lines=lines,
        grams=parcel.items_grams,
        code=_draw_code(
            f"{settings.PUBLIC_URL}{reverse('members:parcel', args=[parcel.pk])}",
            css="qr",
            title=_("QR code of the parcel"),
        ),
        lots=[
            (
                lot,
                _draw_code(
                    lot_trace_address(lot), css="lot-qr", title=f"{_('QR code of the lot')} {lot.code}"
                ),
            )
            for lot in lots.values()
        ],
    )


def _draw_code(address: str, *, css: str, title: str) -> SafeString:
    code = segno.make(address, micro=False)
    return SafeString(code.svg_inline(border=2, omitsize=True, svgclass=css, lineclass="", title=title))
