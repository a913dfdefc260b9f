"""A cooperative's cash on delivery: with the cooperative, with carriers, or remitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.models import Parcel
from orders.payments.banks import find_bank
from orders.states import CashHolder, CodState
from shop.core.models import market_channel, shop_settings
from shop.members.member_access import for_members, render_page

PER_PAGE = 20
_PARCELS_PER_GROUP = 5  # on the page of all groups
_UNREPORTED = "chua-bao"
_GROUPS: dict[str, tuple[Promise, Promise, Q]] = {
    "hop-tac-xa": (
        _("Held by us"),
        _("The market deducts this amount from what it pays you for this period."),
        Q(cod_holder=CashHolder.COOPERATIVE, cod_state=CodState.COLLECTED),
    ),
    _UNREPORTED: (
        pgettext_lazy("cash", "Delivered, cash not reported"),
        _("Open the parcel to report what the buyer paid. Nothing is deducted until you do."),
        Q(cod_state=CodState.EXPECTED) & ~Q(cod_holder=CashHolder.CARRIER),
    ),
    "nha-xe": (
        _("Held by carriers"),
        _("Carriers pay this amount to the market. There is nothing for you to do."),
        Q(cod_holder=CashHolder.CARRIER) & ~Q(cod_state=CodState.REMITTED),
    ),
    "da-nop": (
        _("Remitted, not yet received"),
        _("This amount is on its way to the market's account."),
        Q(cod_state=CodState.REMITTED),
    ),
}


@dataclass(frozen=True, slots=True)
class CashGroup:
    """Outstanding cash at one place, with its first parcels. `key` is its `?ai=`."""

    key: str
    name: Promise
    explanation: Promise
    amount: int
    parcels: list[Parcel]
    has_more: bool = False


@require_safe
@for_members(MemberRight.HANDLE_CASH)
def list_outstanding_cash(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show where the cooperative's cash is, with its parcels, oldest first. `?ai=` shows all of one place."""
    market, shop = market_channel(), shop_settings()
    currency = market.currency if market else "VND"
    outstanding: Any = (  # its type does not know the annotations
        Parcel.objects.for_cooperative(membership.cooperative)
        .with_unremitted_cash()
        .filter(part__order__currency=currency)
    )
    amounts = outstanding.aggregate(
        **{key: Sum("owed", filter=condition) for key, (_name, _text, condition) in _GROUPS.items()}
    )
    requested = request.GET.get("ai", "")
    page = None
    groups = []
    for key in [requested] if requested in _GROUPS else list(_GROUPS):
        name, explanation, condition = _GROUPS[key]
        rows = outstanding.filter(condition).select_related("part__order").order_by("since", "pk")
        if key == requested:
            page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
            parcels, has_more = list(page.object_list), False
        else:
            parcels = list(rows[: _PARCELS_PER_GROUP + 1])
            parcels, has_more = parcels[:_PARCELS_PER_GROUP], len(parcels) > _PARCELS_PER_GROUP
        if not parcels and key == _UNREPORTED and page is None:
            continue  # all cash is reported
        groups.append(
            CashGroup(
                key=key,
                name=name,
                explanation=explanation,
                amount=amounts[key] or 0,
                parcels=parcels,
                has_more=has_more,
            )
        )
    context = {
        "currency": currency,
        "may_pack": membership.may(MemberRight.PACK),
        "groups": groups,
        "page": page,
        "shop_account": shop,
        "bank": find_bank(shop.bank_bin),
    }
    return render_page(request, membership, "members/cash.html", context)
