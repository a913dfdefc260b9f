"""Access control and page frame of the members' app: sign-in, current cooperative, required right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from cooperatives.access import MemberRight, MembershipContext, find_memberships
from cooperatives.models import Membership
from cooperatives.states import CooperativeState
from orders.models import OrderPart
from shop.accounts.models import User
from shop.core.errors import Forbidden, Missing
from shop.core.models import bind_idempotency_key
from shop.members.shared_phones.phone_sessions import (
    find_shared_phone,
    is_on_ended_phone,
    session_pin,
    switch_to_pin_session,
)

CHOSEN_KEY = "members_cooperative"

# A suspended cooperative still fulfils its existing orders. Its products are not on sale.
_ADMITTED_STATES = frozenset({CooperativeState.APPROVED, CooperativeState.SUSPENDED})

Arguments = ParamSpec("Arguments")
Page = Callable[Concatenate[HttpRequest, MembershipContext, Arguments], HttpResponse]


def for_members(right: MemberRight) -> Callable[[Page[Arguments]], Callable[..., HttpResponse]]:
    """Decorate a view for members who hold the right. Missing (also for foreign rows) becomes a 404."""

    def guard(page: Page[Arguments]) -> Callable[..., HttpResponse]:
        @wraps(page)
        def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_sign_in(request)
            if (response := switch_to_pin_session(request)) is not None:
                return response
            try:
                membership = find_chosen_membership(request)
                if membership is None:
                    return redirect("members:apply")
                if must_choose_cooperative(request):
                    return redirect_to_choice(request)
                if membership.cooperative.state not in _ADMITTED_STATES:
                    return redirect("members:application")
                membership.require(right)
                return page(request, membership, *args, **kwargs)
            except Missing as error:
                raise Http404 from error
            except Forbidden as error:
                context = {"membership": membership, "cooperative": membership and membership.cooperative}
                return render(
                    request, "members/forbidden.html", context | {"message": error.message}, status=403
                )

        return guarded

    return guard


def redirect_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to sign-in and then back to this page, or to the start page if the request is a POST.

    On a shared phone the members sign in by PIN. On one that is no longer shared a page clears it first.
    """
    return_url = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("members:today")
    if find_shared_phone(request) is not None or is_on_ended_phone(request):
        return redirect(f"{reverse('members:switch-member')}?{urlencode({'next': return_url})}")
    return redirect_to_login(return_url)


def find_session_memberships(request: HttpRequest) -> list[Membership]:
    """Return the memberships that the user may use now. A PIN opens the shared phone's cooperative only."""
    memberships, pin = find_memberships(request.user), session_pin(request)
    if pin is None:
        return memberships
    return [row for row in memberships if row.cooperative_id == pin.phone.cooperative_id]


def find_chosen_membership(request: HttpRequest) -> MembershipContext | None:
    """Return the user's membership in the chosen cooperative, or in the first admitted one.

    Rejected applications come last, so that a newer application is shown. Returns None if there is none.
    """
    user = request.user
    memberships = find_session_memberships(request)
    if not memberships or not isinstance(user, User):
        return None
    chosen_id = request.session.get(CHOSEN_KEY)

    def rank(membership: Membership) -> tuple[bool, bool, bool]:
        state = membership.cooperative.state
        return (
            membership.cooperative_id != chosen_id,
            state not in _ADMITTED_STATES,
            state == CooperativeState.REJECTED,
        )

    first = min(memberships, key=rank)
    return MembershipContext(user, first.cooperative, first.role)


def must_choose_cooperative(request: HttpRequest) -> bool:
    """Return whether the user works for several cooperatives and has not chosen one."""
    return request.session.get(CHOSEN_KEY) not in (ids := find_admitted_ids(request)) and len(ids) > 1


def find_admitted_ids(request: HttpRequest) -> list[int]:
    """Return the ids of the cooperatives that the user may work for."""
    rows = find_session_memberships(request)
    return [row.cooperative_id for row in rows if row.cooperative.state in _ADMITTED_STATES]


def redirect_to_choice(request: HttpRequest) -> HttpResponse:
    """Redirect to the choice of a cooperative and then back to this page, unless it is a POST."""
    url = reverse("members:choose-cooperative")
    if request.method in ("GET", "HEAD"):
        url = f"{url}?{urlencode({'next': request.get_full_path()})}"
    return redirect(url)


def render_page(
    request: HttpRequest,
    membership: MembershipContext,
    template: str,
    context: Mapping[str, object],
    *,
    status: int = 200,
) -> HttpResponse:
    """Render a page in the members' frame."""
    frame: dict[str, object] = {
        "membership": membership,
        "cooperative": membership.cooperative,
        "phone_pin": session_pin(request),
    }
    if "to_pack_count" not in context and membership.may(MemberRight.PACK):
        frame["to_pack_count"] = OrderPart.objects.for_cooperative(membership.cooperative).to_pack().count()
    return render(request, template, {**frame, **context}, status=status)


def submitted_key(request: HttpRequest, action: str, row: object) -> str | None:
    """Return the form's idempotency key, bound to the action and its row."""
    return bind_form_key(request.POST.get("idempotency_key", ""), action, row)


def bind_form_key(key: str, action: str, row: object) -> str | None:
    """Bind the idempotency key of a form to its action and row, or None if it is not a UUID."""
    return bind_idempotency_key(key, "members", action, row)
