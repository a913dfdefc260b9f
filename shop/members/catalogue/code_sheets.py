"""Printable QR codes of lots and of options: a sheet of small labels, a card, or a label from a roll."""

from __future__ import annotations

from dataclasses import dataclass

import segno
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.models import Lot, Variant
from catalog.trace_codes import trace_code
from cooperatives.access import MemberRight, MembershipContext
from orders.trace_links import lot_trace_address, variant_trace_address
from shop.core.errors import Missing
from shop.members.catalogue.listings import find_listing, listing_url
from shop.members.catalogue.lots import find_lot_with_details, lot_url
from shop.members.member_access import for_members

LABELS_PER_SHEET = 24


class Paper(TextChoices):
    """What the codes are printed on. The values appear in URLs."""

    A4 = "a4", "A4"
    A6 = "a6", "A6"
    ROLL_80 = "80", "80 mm"
    ROLL_58 = "58", "58 mm"


@dataclass(frozen=True, slots=True)
class CodeCard:
    """What is printed: the QR code as a data URI, and the words beside it."""

    image: str
    variant: Variant
    code: str
    lot: Lot | None = None


@require_safe
@for_members(MemberRight.COUNT_STOCK)
def show_lot_labels(request: HttpRequest, membership: MembershipContext, lot_id: int) -> HttpResponse:
    """Render labels with the lot's QR code, which leads to its public page."""
    lot = find_lot_with_details(membership, lot_id)
    card = CodeCard(_draw_code(lot_trace_address(lot)), lot.variant, lot.code, lot)
    context: dict[str, object] = {"back_url": lot_url(lot.pk), "back_text": _("Back to the lot")}
    return _render_cards(request, membership, card, context)


@require_safe
@for_members(MemberRight.LIST)
def show_product_codes(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Render the QR code of an option, `?loai=` or the first: it leads to where the goods come from."""
    listing = find_listing(membership, listing_id)
    variants = list(listing.product.variants.in_order())
    requested = request.GET.get("loai", "")
    variant = next((row for row in variants if str(row.pk) == requested), next(iter(variants), None))
    if variant is None:
        raise Missing()
    variant.product = listing.product
    card = CodeCard(_draw_code(variant_trace_address(variant)), variant, trace_code(variant))
    context: dict[str, object] = {
        "back_url": listing_url(listing.pk),
        "back_text": _("Back to the product"),
        "variants": variants if len(variants) > 1 else [],
    }
    return _render_cards(request, membership, card, context)


def _render_cards(
    request: HttpRequest, membership: MembershipContext, card: CodeCard, context: dict[str, object]
) -> HttpResponse:
    requested = request.GET.get("giay", "")
    paper = Paper(requested) if requested in Paper.values else Paper.A4
    context |= {
        "card": card,
        "cooperative": membership.cooperative,
        "paper": paper,
        "papers": list(Paper),
        "copies": range(LABELS_PER_SHEET if paper == Paper.A4 else 1),
    }
    return render(request, "members/code_sheet.html", context)


def _draw_code(address: str) -> str:
    return segno.make(address, micro=False).svg_data_uri(border=2, omitsize=True)
