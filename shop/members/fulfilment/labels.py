"""Printable A6 labels: of one parcel, and of all that wait in the warehouse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.models import Parcel, ParcelLine
from orders.states import ParcelState
from shop.core.errors import Missing
from shop.members.fulfilment.parts import part_url
from shop.members.member_access import for_members


@dataclass(frozen=True, slots=True)
class Label:
    """The contents of a parcel's label. `code` is a QR code, as a data URI."""

    parcel: Parcel
    lines: Sequence[ParcelLine]
    grams: int
    code: str


@require_safe
@for_members(MemberRight.PACK)
def show_label(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Render a parcel's label. Only before delivery, because it shows the buyer's contact."""
    parcels = Parcel.objects.for_cooperative(membership.cooperative).with_label_rows()
    parcel = parcels.filter(pk=parcel_id).first()
    if parcel is None or not parcel.part.may_show_contact:
        raise Missing()
    if parcel.state in (ParcelState.VOIDED, ParcelState.DELIVERED):
        raise Missing()
    return _render_labels(
        request, membership, [parcel], back_url=part_url(parcel.part_id), back_text=_("Back to the order")
    )


@require_safe
@for_members(MemberRight.PACK)
def show_labels(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Render the labels of all parcels that are picked or packed and not handed over yet."""
    parcels = Parcel.objects.for_cooperative(membership.cooperative).awaiting_labels().with_label_rows()
    return _render_labels(
        request,
        membership,
        list(parcels.in_order()),
        back_url=reverse("members:parts"),
        back_text=_("Back to the orders"),
    )


def _render_labels(
    request: HttpRequest,
    membership: MembershipContext,
    parcels: Sequence[Parcel],
    *,
    back_url: str,
    back_text: str,
) -> HttpResponse:
    context = {
        "cooperative": membership.cooperative,
        "labels": [_build_label(parcel) for parcel in parcels],
        "back_url": back_url,
        "back_text": back_text,
    }
    return render(request, "members/labels.html", context)


def _build_label(parcel: Parcel) -> Label:
    lines = sorted(parcel.lines.all(), key=lambda line: line.pk)
    url = f"{settings.PUBLIC_URL}{reverse('members:parcel', args=[parcel.pk])}"
    return Label(
        parcel,
        lines,
        sum(line.grams or line.order_line.grams * line.quantity for line in lines),
        segno.make(url, micro=False).svg_data_uri(border=2, omitsize=True),
    )
