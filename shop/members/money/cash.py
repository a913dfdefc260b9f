"""A cooperative's cash on delivery: held by itself, held by carriers, or remitted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.models import Parcel
from orders.payments.banks import find_bank
from orders.states import CashHolder, CodState
from shop.core.models import market_channel, shop_settings
from shop.members.member_access import for_members, render_page
from shop.reports.cash import cash_of_cooperative

PER_PAGE = 20
_FIRST_PARCELS = 5  # parcels of each group on the page of all groups
_GROUPS: dict[str, tuple[Promise, Promise, str, bool]] = {
    "hop-tac-xa": (
        _("Held by us"),
        _("The market deducts this sum from what it pays you for this period."),
        CashHolder.COOPERATIVE,
        False,
    ),
    "nha-xe": (
        _("Held by carriers"),
        _("Carriers pay this sum to the market. There is nothing for you to do."),
        CashHolder.CARRIER,
        False,
    ),
    "da-nop": (
        _("Remitted, not yet received"),
        _("This sum is on its way to the market's account."),
        "",
        True,
    ),
}


@dataclass(frozen=True, slots=True)
class CashGroup:
    """Outstanding cash at one place, with its first parcels; `key` is its `?ai=`."""

    key: str
    name: Promise
    explanation: Promise
    amount: int
    parcels: list[Parcel]
    has_more: bool = False


@require_safe
@for_members(MemberRight.HANDLE_CASH)
def list_outstanding_cash(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show where the cooperative's cash is, with its parcels, oldest first; `?ai=` shows all of one place."""
    market, shop = market_channel(), shop_settings()
    currency = market.currency if market else "VND"
    amounts = cash_of_cooperative(membership.cooperative.pk, currency)
    requested = request.GET.get("ai", "")
    page = None
    groups = []
    for key in [requested] if requested in _GROUPS else list(_GROUPS):
        name, explanation, holder, is_remitted = _GROUPS[key]
        amount = _sum_of_group(amounts, holder, is_remitted)
        rows = _parcels_of_group(membership, currency, holder, is_remitted)
        if key == requested:
            page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
            parcels, has_more = list(page.object_list), False
        else:
            parcels = list(rows[: _FIRST_PARCELS + 1])
            parcels, has_more = parcels[:_FIRST_PARCELS], len(parcels) > _FIRST_PARCELS
        groups.append(CashGroup(key, name, explanation, amount, parcels, has_more))
    context = {
        "currency": currency,
        "may_pack": membership.may(MemberRight.PACK),
        "groups": groups,
        "page": page,
        "shop_account": shop,
        "bank": find_bank(shop.bank_bin),
    }
    return render_page(request, membership, "members/cash.html", context)


def _parcels_of_group(membership: MembershipContext, currency: str, holder: str, is_remitted: bool) -> Any:
    rows: Any = Parcel.objects.for_cooperative(membership.cooperative).with_unremitted_cash()
    rows = rows.filter(part__order__currency=currency)
    if is_remitted:
        rows = rows.filter(cod_state=CodState.REMITTED)
    else:
        rows = rows.filter(cod_holder=holder).exclude(cod_state=CodState.REMITTED)
    return rows.select_related("part__order").order_by("since", "pk")


def _sum_of_group(amounts: dict[tuple[str, bool], int], holder: str, is_remitted: bool) -> int:
    return sum(
        amount
        for (row_holder, is_row_remitted), amount in amounts.items()
        if is_row_remitted == is_remitted and (is_remitted or row_holder == holder)
    )
