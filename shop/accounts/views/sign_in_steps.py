"""Sign users in by any method, and ask for a new sign-in where a page needs a recent one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django_htmx.http import HttpResponseClientRedirect

from shop.accounts.models import SignInMethod, User
from shop.accounts.sign_in.password_tries import user_key
from shop.accounts.sign_in.sessions import record_sign_in
from shop.accounts.views.identity_check import SECRET_FIELDS, can_confirm_identity, check_identity_or_ask
from shop.accounts.views.known_devices import remember_device
from shop.accounts.views.recent_sign_in import find_next_check, has_recent_sign_in, record_recent_sign_in
from shop.core.web.rate_limits import client_address

# A callback run after a sign-in. The text is the phone number just confirmed, or "". The callback returns the
# URL of the user's work, or "".
AfterSignIn = Callable[[HttpRequest, User, str], str]
# Session key of a user who passed the first step and must prove a second factor.
PENDING_KEY = "second_step"
_PENDING_SECONDS = 10 * 60
Params = ParamSpec("Params")


def start_sign_in(
    request: HttpRequest,
    user: User,
    submitted: Mapping[str, object],
    *,
    method: SignInMethod,
    after_sign_in: AfterSignIn,
    confirmed_phone: str = "",
) -> HttpResponse:
    """Sign in, or ask for the second factor first. Then redirect to `next`, the user's work, or `back`.

    `submitted` holds the URLs `next` and `back`. The account must be active. A passkey verifies the user
    itself and counts as second factor.
    """
    if user.has_second_factor and method is not SignInMethod.PASSKEY:
        return _ask_for_second_factor(request, user, submitted, method, confirmed_phone)
    has_second_factor = method is SignInMethod.PASSKEY
    return sign_in_and_redirect(
        request,
        user,
        submitted,
        method=method,
        after_sign_in=after_sign_in,
        confirmed_phone=confirmed_phone,
        has_second_factor=has_second_factor,
    )


def sign_in_and_redirect(
    request: HttpRequest,
    user: User,
    submitted: Mapping[str, Any],
    *,
    method: SignInMethod,
    after_sign_in: AfterSignIn,
    confirmed_phone: str,
    has_second_factor: bool,
) -> HttpResponse:
    """Sign in a user who proved everything their account requires, and redirect."""
    log_in(request, user, method=method, has_second_factor=has_second_factor)
    work = after_sign_in(request, user, confirmed_phone)
    requested, back_url = (
        own_url(request, submitted.get("next", "")),
        own_url(request, submitted.get("back", "")),
    )
    response = redirect(requested or work or back_url or resolve_url("accounts:home"))
    remember_device(request, response, user_key(user.pk), *filter(None, [confirmed_phone]))
    return response


def log_in(
    request: HttpRequest, user: User, *, method: SignInMethod, has_second_factor: bool = False
) -> None:
    """Sign a user in, with a new session key."""
    login(request, user)
    record_recent_sign_in(request, method=method, has_second_factor=has_second_factor)
    if not request.session.session_key:
        request.session.save()
    record_sign_in(
        user_id=user.pk,
        session_key=str(request.session.session_key),
        method=method,
        ip_address=client_address(request.META),
        user_agent=request.headers.get("User-Agent", ""),
        now=timezone.now(),
    )


def require_recent_sign_in(
    page: Callable[Concatenate[HttpRequest, Params], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Params], HttpResponse]:
    """Decorate pages about money, permissions or sign-in so that they require a recent sign-in.

    A page asks before it is shown. A form is kept while the user proves their identity, and then runs.
    """

    @wraps(page)
    @sensitive_post_parameters(*SECRET_FIELDS)
    def guarded(request: HttpRequest, /, *args: Params.args, **kwargs: Params.kwargs) -> HttpResponse:
        if has_recent_sign_in(request):
            request.identity_checked_until = find_next_check(request)  # type: ignore[attr-defined]
            return page(request, *args, **kwargs)
        user = request.user
        if not _is_kept_form(request) or not isinstance(user, User) or not can_confirm_identity(user):
            return ask_to_sign_in_again(request)
        asked = check_identity_or_ask(request, user, next_url=_previous_url(request), should_keep_form=True)
        return asked or page(request, *args, **kwargs)

    return login_required(guarded)


def ask_to_sign_in_again(request: HttpRequest, *, next_url: str = "") -> HttpResponse:
    """Redirect to the page that checks the identity, or to a new sign-in by a code sent to the phone.

    Afterwards the user returns to `next_url`, or to the page.
    """
    is_page = request.method in ("GET", "HEAD")
    is_partial = "HX-Request" in request.headers
    if not next_url and is_page and not is_partial:
        next_url = request.get_full_path()
    next_url = next_url or _previous_url(request)
    if not is_page:
        messages.warning(request, _("Nothing has been done yet. Verify your identity, then send it again."))
    parameters = {"next": next_url}
    if isinstance(request.user, User) and can_confirm_identity(request.user):
        url = f"{reverse('accounts:check-identity')}?{urlencode(parameters)}"
    else:
        url = f"{reverse('accounts:sign-in')}?{urlencode({'lai': '1'} | parameters)}"
    return HttpResponseClientRedirect(url) if is_partial else redirect(url)


def return_urls(request: HttpRequest) -> dict[str, str]:
    """Return `next` (the page that required signing in) and `back` (the page the user came from)."""
    came_from = own_url(request, request.headers.get("Referer", ""))
    inside = reverse("accounts:sign-in").removesuffix("dang-nhap/")
    return {
        "next": own_url(request, request.GET.get("next", "")),
        "back": own_url(request, request.GET.get("back", "")) or ("" if inside in came_from else came_from),
    }


def own_url(request: HttpRequest, address: str) -> str:
    """Return the URL if it is on this site, else ""."""
    is_own = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_own else ""


def find_pending_sign_in(request: HttpRequest) -> tuple[User, dict[str, Any]] | None:
    """Return the user who must prove a second factor in this session, with the saved URLs, or else None."""
    pending_data: dict[str, Any] | None = request.session.get(PENDING_KEY)
    if pending_data is None or time.time() - pending_data["at"] > _PENDING_SECONDS:
        return None
    user = User.objects.filter(
        pk=pending_data["user"], is_active=True, second_factor_since__isnull=False
    ).first()
    if user is None or not constant_time_compare(pending_data["hash"], user.get_session_auth_hash()):
        return None
    return user, pending_data


def _is_kept_form(request: HttpRequest) -> bool:
    """Return whether a page can hold the request's fields, which are those of a whole page without files."""
    return request.method == "POST" and "HX-Request" not in request.headers and not request.FILES


def _previous_url(request: HttpRequest) -> str:
    """Return the page of this site that the request came from, or else the account's page."""
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    parts = urlsplit(own_url(request, came_from))
    return urlunsplit(("", "", parts.path, parts.query, "")) or reverse("accounts:home")


def _ask_for_second_factor(
    request: HttpRequest,
    user: User,
    submitted: Mapping[str, object],
    method: SignInMethod,
    confirmed_phone: str,
) -> HttpResponse:
    """Remember the user in the session, under a new key. They are not signed in yet."""
    request.session.cycle_key()
    request.session[PENDING_KEY] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "method": method.value,
        "confirmed_phone": confirmed_phone,
        "next": submitted.get("next", ""),
        "back": submitted.get("back", ""),
        "at": time.time(),
    }
    return redirect("accounts:enter-second-step")
