"""The members' door: signed in, for which cooperative, with which right; and the frame of its pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from cooperatives.access import Right, Standing, memberships_of
from cooperatives.models import Membership
from cooperatives.states import CooperativeState
from orders.models import OrderPart
from shop.accounts.models import User
from shop.core.errors import Forbidden, Missing
from shop.core.models import bound_key

CHOSEN_KEY = "members_cooperative"

# A suspended cooperative still finishes the orders it has; its goods are off the shelf.
_LET_IN = frozenset({CooperativeState.APPROVED, CooperativeState.SUSPENDED})

Arguments = ParamSpec("Arguments")
Page = Callable[Concatenate[HttpRequest, Standing, Arguments], HttpResponse]


def for_members(right: Right) -> Callable[[Page[Arguments]], Callable[..., HttpResponse]]:
    """A page for members who hold the right. A foreign row is answered as a missing one."""

    def guard(page: Page[Arguments]) -> Callable[..., HttpResponse]:
        @wraps(page)
        def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            try:
                standing = chosen_standing(request)
                if standing is None:
                    return redirect("members:apply")
                if standing.cooperative.state not in _LET_IN:
                    return redirect("members:application")
                standing.require(right)
                return page(request, standing, *args, **kwargs)
            except Missing as error:
                raise Http404 from error
            except Forbidden as error:
                context = {"standing": standing, "cooperative": standing and standing.cooperative}
                return render(request, "members/forbidden.html", context | {"words": error.words}, status=403)

        return guarded

    return guard


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, which leads back here; to today's work where this address only takes what is sent."""
    back = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("members:today")
    return redirect_to_login(back)


def chosen_standing(request: HttpRequest) -> Standing | None:
    """For the cooperative chosen last, or the first that may work here; None for who acts for none.

    An application that was rejected counts last, so that a newer one is seen.
    """
    user = request.user
    memberships = memberships_of(user)
    if not memberships or not isinstance(user, User):
        return None
    chosen = request.session.get(CHOSEN_KEY)

    def rank(membership: Membership) -> tuple[bool, bool, bool]:
        state = membership.cooperative.state
        return (
            membership.cooperative_id != chosen,
            state not in _LET_IN,
            state == CooperativeState.REJECTED,
        )

    first = min(memberships, key=rank)
    return Standing(user, first.cooperative, first.role)


def show(
    request: HttpRequest, standing: Standing, template: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A members' page in its frame."""
    frame: dict[str, Any] = {
        "standing": standing,
        "cooperative": standing.cooperative,
        "may_see_money": standing.may(Right.MONEY),
    }
    if "to_pack_count" not in context and standing.may(Right.PACK):
        frame["to_pack_count"] = OrderPart.objects.for_cooperative(standing.cooperative).to_pack().count()
    return render(request, template, frame | context, status=status)


def sent_key(request: HttpRequest, what: str, row: object) -> str | None:
    """The key by which sending a page twice does its work once; bound to the work and its row."""
    return bound_key(request.POST.get("key", ""), "members", what, row)
