"""Ask for the second factor: at sign-in, and again before pages of money or permissions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from shop.accounts.models import SignInMethod, User
from shop.accounts.views.code_pages import confirm_phone_of_session
from shop.accounts.views.identity_check import (
    ask_unless_identity_confirmed,
    can_confirm_identity,
    check_identity_or_ask,
    verify_own_passkey,
)
from shop.accounts.views.passkey_challenges import passkey_challenge
from shop.accounts.views.sign_in_steps import (
    PENDING_KEY,
    AfterSignIn,
    ask_to_sign_in_again,
    find_pending_sign_in,
    own_url,
    sign_in_and_redirect,
)
from shop.core.errors import Refused
from shop.core.web.http_methods import require_safe_or_post


@require_safe_or_post
@never_cache
@sensitive_post_parameters("code", "recovery")
def enter_second_step(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Complete a sign-in with an app code or a recovery code."""
    pending = find_pending_sign_in(request)
    if pending is None:
        return redirect("accounts:sign-in")
    user, pending_data = pending
    refused = ask_unless_identity_confirmed(
        request,
        user,
        path=str(pending_data["next"]),
        passkey_url=reverse("accounts:enter-second-step-by-passkey"),
        context={"is_sign_in": True},
    )
    return refused or _sign_in_after_second_factor(request, user, pending_data, after_sign_in)


@require_http_methods(["GET", "POST"])
@never_cache
def enter_second_step_by_passkey(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Complete a sign-in with a passkey of the account."""
    pending = find_pending_sign_in(request)
    if pending is None:
        return redirect("accounts:sign-in")
    user, pending_data = pending
    if request.method == "GET":
        return passkey_challenge(request, user)
    try:
        verify_own_passkey(request, user)
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("accounts:enter-second-step")
    return _sign_in_after_second_factor(request, user, pending_data, after_sign_in)


@require_safe_or_post
@login_required
@never_cache
@sensitive_post_parameters("code", "recovery", "password")
def check_identity(request: HttpRequest) -> HttpResponse:
    """Confirm the signed-in user's identity, then return to the previous page."""
    user = User.objects.get(pk=request.user.pk or 0)
    if not can_confirm_identity(user):
        return ask_to_sign_in_again(request)
    submitted = request.POST if request.method == "POST" else request.GET
    next_url = own_url(request, submitted.get("next", ""))
    page = check_identity_or_ask(request, user, next_url=next_url)
    return page or redirect(next_url or reverse("accounts:home"))


@require_safe
@login_required
@never_cache
def check_identity_by_passkey(request: HttpRequest) -> HttpResponse:
    """Return options for a passkey of the account, as JSON. The page's form sends the browser's response."""
    return passkey_challenge(request, User.objects.get(pk=request.user.pk or 0))


def _sign_in_after_second_factor(
    request: HttpRequest, user: User, pending_data: dict[str, Any], after_sign_in: AfterSignIn
) -> HttpResponse:
    del request.session[PENDING_KEY]
    phone = confirm_phone_of_session(request, user) or pending_data["confirmed_phone"]
    return sign_in_and_redirect(
        request,
        user,
        pending_data,
        method=SignInMethod(pending_data["method"]),
        after_sign_in=after_sign_in,
        confirmed_phone=phone,
        has_second_factor=True,
    )
