"""Printable QR codes of lots and of options: a sheet of small labels, a card, or a label from a roll."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import segno
from django.db.models import Sum, TextChoices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from catalog.models import Lot, Variant
from catalog.trace_codes import trace_code
from cooperatives.access import MemberRight, MembershipContext
from orders.trace_links import lot_trace_address, variant_trace_address
from shop.core.errors import Missing
from shop.core.web.query_names import QUERY_NAMES, QueryForm
from shop.members.catalogue.listings import find_listing, listing_url
from shop.members.catalogue.lots import find_lot_with_details, lot_url
from shop.members.forms.fields import GroupedWholeNumberField
from shop.members.member_access import for_members

LABELS_PER_SHEET = 24
MAX_COPIES = 480  # twenty sheets


class Paper(TextChoices):
    """What the codes are printed on. The values appear in URLs."""

    A4 = "a4", "A4"
    A6 = "a6", "A6"
    ROLL_80 = "80", "80 mm"
    ROLL_58 = "58", "58 mm"


class CopiesForm(QueryForm):
    """How many codes are printed. `proposed` is the number without one."""

    copies = GroupedWholeNumberField(
        label=gettext_lazy("Number of labels"), min_value=1, max_value=MAX_COPIES
    )

    def __init__(self, data: Mapping[str, str], *, proposed: int) -> None:
        self.proposed = min(max(proposed, 1), MAX_COPIES)
        name = QUERY_NAMES["copies"]
        super().__init__({name: data.get(name) or str(self.proposed)})

    @property
    def count(self) -> int:
        """The number to print: the entered one if it is valid, or else the proposed one."""
        return int(self.cleaned_data["copies"]) if self.is_valid() else self.proposed


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
    """Render labels with the lot's QR code, which leads to its public page: one for each unit left."""
    lot = find_lot_with_details(membership, lot_id)
    card = CodeCard(_draw_code(lot_trace_address(lot)), lot.variant, lot.code, lot)
    context: dict[str, object] = {"back_url": lot_url(lot.pk), "back_text": _("Back to the lot")}
    left = lot.balances.aggregate(left=Sum("on_hand", default=0))["left"]
    return _render_cards(request, membership, card, context, proposed=left)


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
    request: HttpRequest,
    membership: MembershipContext,
    card: CodeCard,
    context: dict[str, object],
    *,
    proposed: int | None = None,
) -> HttpResponse:
    """Render the codes on the paper `?giay=`, `?so=` times. Without a proposal a sheet is filled."""
    requested = request.GET.get("giay", "")
    paper = Paper(requested) if requested in Paper.values else Paper.A4
    if proposed is None:
        proposed = LABELS_PER_SHEET if paper == Paper.A4 else 1
    form = CopiesForm(request.GET, proposed=proposed)
    context |= {
        "card": card,
        "cooperative": membership.cooperative,
        "paper": paper,
        "papers": list(Paper),
        "form": form,
        "copies": range(form.count),
    }
    return render(request, "members/code_sheet.html", context)


def _draw_code(address: str) -> str:
    return segno.make(address, micro=False).svg_data_uri(border=2, omitsize=True)
