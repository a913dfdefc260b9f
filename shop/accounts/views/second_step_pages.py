"""Ask for the second factor: at sign-in, and again before pages of money or permissions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from shop.accounts.models import SignInMethod, User
from shop.accounts.second_factor.factors import has_app, verify_second_factor
from shop.accounts.second_factor.forms import AppCodeForm, RecoveryCodeForm
from shop.accounts.second_factor.passkey_ceremonies import InvalidPasskey
from shop.accounts.sign_in.login_limits import SECOND_FACTORS
from shop.accounts.sign_in.passkeys import user_passkeys
from shop.accounts.views.code_pages import confirm_phone_of_session
from shop.accounts.views.passkey_pages import passkey_challenge, passkey_owner
from shop.accounts.views.recent_sign_in import record_recent_sign_in
from shop.accounts.views.sign_in_steps import (
    PENDING_KEY,
    AfterSignIn,
    ask_to_sign_in_again,
    own_url,
    pending_sign_in,
    sign_in_and_redirect,
)
from shop.core.actors import EntryPoint
from shop.core.errors import Refused
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import TooManyTries


@require_safe_or_post
@never_cache
@sensitive_post_parameters("code", "recovery")
def enter_second_step(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Complete a sign-in with an app code or a recovery code."""
    pending = pending_sign_in(request)
    if pending is None:
        return redirect("accounts:sign-in")
    user, pending_data = pending
    refused = _code_page_unless_proven(request, user, reverse("accounts:enter-second-step-by-passkey"))
    return refused or _sign_in_after_second_factor(request, user, pending_data, after_sign_in)


@require_http_methods(["GET", "POST"])
@never_cache
def enter_second_step_by_passkey(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Complete a sign-in with a passkey of the account."""
    pending = pending_sign_in(request)
    if pending is None:
        return redirect("accounts:sign-in")
    user, pending_data = pending
    if request.method == "GET":
        return passkey_challenge(request, user)
    if not _is_own_passkey(request, user):
        return redirect("accounts:enter-second-step")
    return _sign_in_after_second_factor(request, user, pending_data, after_sign_in)


@require_safe_or_post
@login_required
@never_cache
@sensitive_post_parameters("code", "recovery")
def check_identity(request: HttpRequest) -> HttpResponse:
    """Confirm the signed-in user's identity by the second factor, then return to the previous page."""
    user = User.objects.get(pk=request.user.pk or 0)
    if not user.has_second_factor:
        return ask_to_sign_in_again(request)
    refused = _code_page_unless_proven(request, user, reverse("accounts:check-identity-by-passkey"))
    return refused or _finish_identity_check(request)


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def check_identity_by_passkey(request: HttpRequest) -> HttpResponse:
    """Confirm the identity by a passkey of the account."""
    user = User.objects.get(pk=request.user.pk or 0)
    if request.method == "GET":
        return passkey_challenge(request, user)
    if not _is_own_passkey(request, user):
        return redirect("accounts:check-identity")
    return _finish_identity_check(request)


def _code_page_unless_proven(request: HttpRequest, user: User, passkey_address: str) -> HttpResponse | None:
    """Return the page that asks for a code; None after a valid code was sent."""
    is_recovery = "recovery" in request.POST
    app_form = AppCodeForm(request.POST if request.method == "POST" and not is_recovery else None)
    recovery_form = RecoveryCodeForm(request.POST if is_recovery else None)
    form: AppCodeForm | RecoveryCodeForm = recovery_form if is_recovery else app_form
    status = 200
    if form.is_valid():
        try:
            verify_second_factor(
                user_id=user.pk,
                entered_code=form.cleaned_data[form.field],
                actor=user.acting(EntryPoint.MARKET),
                now=timezone.now(),
            )
        except TooManyTries as refused:
            form.add_error(None, str(refused.message))
            status = 429
        except Refused as refused:
            form.add_error(form.field, str(refused.message))
        else:
            return None
    context: dict[str, object] = {
        "form": form,
        "app_form": app_form if has_app(user) else None,
        "recovery_form": recovery_form,
        "is_recovery": is_recovery,
        "has_passkeys": user_passkeys(user.pk).exists(),
        "passkey_address": passkey_address,
        "next": own_url(request, request.POST.get("next", "") or request.GET.get("next", "")),
        "is_sign_in": not request.user.is_authenticated or PENDING_KEY in request.session,
    }
    return render(request, "accounts/second_step.html", context, status=status)


def _is_own_passkey(request: HttpRequest, user: User) -> bool:
    """Return whether one of this user's passkeys signed the response; otherwise add an error message."""
    try:
        SECOND_FACTORS.count_try(str(user.pk))
        if passkey_owner(request).pk == user.pk:
            SECOND_FACTORS.reset(str(user.pk))
            return True
        raise InvalidPasskey()
    except InvalidPasskey:
        messages.error(request, _("This passkey does not belong to this account."))
    except TooManyTries as refused:
        messages.error(request, str(refused.message))
    return False


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


def _finish_identity_check(request: HttpRequest) -> HttpResponse:
    record_recent_sign_in(request, method="second_factor", has_second_factor=True)
    return redirect(own_url(request, request.POST.get("next", "")) or reverse("accounts:home"))
