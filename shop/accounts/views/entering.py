"""Coming in, however somebody showed who they are; and asking them to show it once more."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from shop.accounts.models import SignInWay, User
from shop.accounts.places import keep_sign_in
from shop.accounts.views.presence import SESSION_KEY
from shop.core.limits import address_of

# What the rest of the shop does when somebody comes in. The text is the number that they have just shown to
# be theirs, empty if none; the answer is where their work is, empty if they have none.
Arrive = Callable[[HttpRequest, User, str], str]
FRESH = datetime.timedelta(minutes=30)
Given = ParamSpec("Given")


def enter(
    request: HttpRequest,
    user: User,
    given: Mapping[str, Any],
    *,
    way: SignInWay,
    arrive: Arrive,
    shown_phone: str = "",
) -> HttpResponse:
    """Where somebody was sent from comes first, then their work, then the page they were on.

    `given` holds these addresses as `next` and `back`; the account is one that is open.
    """

    let_in(request, user, way=way)
    work = arrive(request, user, shown_phone)
    wanted, back = safe(request, given.get("next", "")), safe(request, given.get("back", ""))
    return redirect(wanted or work or back or resolve_url("accounts:home"))


def let_in(request: HttpRequest, user: User, *, way: SignInWay) -> None:
    """Sign somebody in, in a session with a new key."""
    login(request, user)
    now = timezone.now()
    request.session[SESSION_KEY] = now.isoformat()
    if not request.session.session_key:
        request.session.save()
    keep_sign_in(
        user_id=user.pk,
        session_key=str(request.session.session_key),
        way=way,
        address=address_of(request.META),
        agent=request.headers.get("User-Agent", ""),
        now=now,
    )


def is_fresh(request: HttpRequest) -> bool:
    """Whether they came in through our entrance within the last half hour."""
    try:
        at = datetime.datetime.fromisoformat(str(request.session.get(SESSION_KEY, "")))
    except ValueError:
        return False
    return timezone.now() - at < FRESH


def fresh_sign_in(
    page: Callable[Concatenate[HttpRequest, Given], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Given], HttpResponse]:
    """A page that changes how somebody comes in, or gives their data away: an old session is not enough.

    They sign in once more and come back to it.
    """

    @wraps(page)
    def door(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
        if is_fresh(request):
            return page(request, *args, **kwargs)
        is_page = request.method in ("GET", "HEAD")
        came_from = safe(request, request.headers.get("Referer", "")) or reverse("accounts:home")
        then = request.get_full_path() if is_page else came_from
        return redirect(f"{reverse('accounts:sign-in')}?{urlencode({'lai': '1', 'next': then})}")

    return login_required(door)


def ways_back(request: HttpRequest) -> dict[str, str]:
    """Where somebody was sent here from, and the page they came from of their own."""
    came_from = safe(request, request.headers.get("Referer", ""))
    inside = reverse("accounts:sign-in").removesuffix("dang-nhap/")
    return {
        "next": safe(request, request.GET.get("next", "")),
        "back": safe(request, request.GET.get("back", "")) or ("" if inside in came_from else came_from),
    }


def safe(request: HttpRequest, address: str) -> str:
    """The address, if it is one of ours."""
    ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if ours else ""
