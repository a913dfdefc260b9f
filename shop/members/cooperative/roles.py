"""What each role may see and do, read from the table of rights that guards every page."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from cooperatives.access import ROLE_RIGHTS, MemberRight, MembershipContext
from cooperatives.models import Role
from shop.members.member_access import for_members, render_page

RIGHT_TEXTS: Mapping[MemberRight, Promise] = {
    MemberRight.SEE_ORDERS: _("See today's work and get alerts on the phone"),
    MemberRight.LIST: _("Add products; change prices, photos and texts"),
    MemberRight.COUNT_STOCK: _("Count stock, take in goods, keep lots"),
    MemberRight.PACK: _("Accept, weigh, pack and hand over orders; see complaints"),
    MemberRight.SELL: _("Sell at the counter; open and close shifts"),
    MemberRight.HANDLE_CASH: _("Take cash and see what is still to be handed in"),
    MemberRight.SEE_SETTLEMENTS: _("See earnings, payouts and settlements"),
    MemberRight.MANAGE: _("Members, bank account, answers to complaints, delivery, discounts, recalls"),
}


@require_safe
@for_members(MemberRight.SEE_ORDERS)
def show_roles(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show each role with what it may do and what it may not."""
    roles = [
        (
            role,
            [text for right, text in RIGHT_TEXTS.items() if right in ROLE_RIGHTS[role]],
            [text for right, text in RIGHT_TEXTS.items() if right not in ROLE_RIGHTS[role]],
        )
        for role in Role
    ]
    return render_page(request, membership, "members/roles.html", {"roles": roles})
