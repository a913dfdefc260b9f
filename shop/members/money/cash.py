"""A cooperative's cash on delivery: held by itself, held by carriers, or remitted."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.models import Parcel
from orders.states import CashHolder, CodState
from shop.core.models import market_channel
from shop.members.member_access import for_members, render_page
from shop.reports.cash import cash_of_cooperative

PER_PAGE = 20
_TABS = {
    "": (_("Held by us"), CashHolder.COOPERATIVE, False),
    "nha-xe": (_("Held by carriers"), CashHolder.CARRIER, False),
    "da-nop": (_("Remitted, not yet received"), "", True),
}


@require_safe
@for_members(MemberRight.CASH)
def list_outstanding_cash(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List parcels with outstanding cash, oldest first, filtered by `?ai=`."""
    market = market_channel()
    currency = market.currency if market else "VND"
    amounts = cash_of_cooperative(membership.cooperative.pk, currency)
    requested_tab = request.GET.get("ai", "")
    tab = requested_tab if requested_tab in _TABS else ""
    _name, holder, is_remitted = _TABS[tab]
    rows: Any = Parcel.objects.for_cooperative(membership.cooperative).with_unremitted_cash()
    rows = rows.filter(part__order__currency=currency)
    if is_remitted:
        rows = rows.filter(cod_state=CodState.REMITTED)
    else:
        rows = rows.filter(cod_holder=holder).exclude(cod_state=CodState.REMITTED)
    ordered = rows.select_related("part__order").order_by("since", "pk")
    context = {
        "currency": currency,
        "may_pack": membership.may(MemberRight.PACK),
        "tab": tab,
        "tabs": [
            (key, name, _sum_of_tab(amounts, tab_holder, is_tab_remitted))
            for key, (name, tab_holder, is_tab_remitted) in _TABS.items()
        ],
        "page": Paginator(ordered, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render_page(request, membership, "members/cash.html", context)


def _sum_of_tab(amounts: dict[tuple[str, bool], int], holder: str, is_remitted: bool) -> int:
    return sum(
        amount
        for (row_holder, is_row_remitted), amount in amounts.items()
        if is_row_remitted == is_remitted and (is_remitted or row_holder == holder)
    )
