"""Manage one's second factor: overview, authenticator app, recovery codes, turning it off."""

from __future__ import annotations

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from shop.accounts.models import AuthenticatorApp, RecoveryCode, User
from shop.accounts.second_factor.factors import (
    LOW_RECOVERY_CODE_COUNT,
    RECOVERY_CODE_COUNT,
    add_authenticator_app,
    authenticator_uri,
    draw_authenticator_secret,
    renew_recovery_codes,
    require_passkey,
    turn_off_second_factor,
)
from shop.accounts.second_factor.forms import NewAuthenticatorForm
from shop.accounts.sign_in.passkeys import user_passkeys
from shop.accounts.views.recent_sign_in import record_recent_sign_in
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import EntryPoint
from shop.core.database.encryption import (
    NEW_FACTOR_PURPOSE,
    UndecryptableSecret,
    decrypt_secret,
    encrypt_secret,
)
from shop.core.errors import Refused
from shop.core.models import shop_settings
from shop.core.web.http_methods import require_safe_or_post

_FIRST_CODE_WITHIN_SECONDS = 60 * 60


@require_safe
@login_required
@never_cache
def show_second_factor(request: HttpRequest) -> HttpResponse:
    """Show the user's second factors and how many recovery codes are left."""
    user = _find_user(request)
    unused_codes = RecoveryCode.objects.unused().filter(user=user).count()
    context = {
        "person": user,
        "app": AuthenticatorApp.objects.filter(user=user).first(),
        "passkeys": user_passkeys(user.pk),
        "codes_left": unused_codes,
        "codes_in_all": RECOVERY_CODE_COUNT,
        "are_codes_few": user.has_second_factor and unused_codes <= LOW_RECOVERY_CODE_COUNT,
    }
    return render(request, "accounts/second_factor.html", context)


@require_safe_or_post
@require_recent_sign_in
@never_cache
@sensitive_post_parameters("code", "sealed")
def set_up_authenticator_app(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app. Its secret is shown as QR code and text, and saved after a valid code."""
    user = _find_user(request)
    form = NewAuthenticatorForm(request.POST if request.method == "POST" else None)
    shown_secret = _decrypt_shown_secret(user, request.POST.get("sealed", ""))
    secret = shown_secret or draw_authenticator_secret()
    if form.is_bound and not shown_secret:
        form.add_error(None, _("The page was open for too long. Scan the new code with the app."))
    if form.is_valid():
        try:
            codes = add_authenticator_app(
                user_id=user.pk,
                secret=secret,
                entered_code=form.cleaned_data["code"],
                actor=user.as_actor(EntryPoint.MARKET),
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused.message))
        else:
            record_recent_sign_in(request, method="second_factor", has_second_factor=True)
            if codes:
                return _recovery_codes_page(request, codes)
            messages.success(request, _("The authenticator app is set up."))
            return redirect("accounts:second-factor")
    authenticator_url = authenticator_uri(
        secret, account=user.email or user.phone or user.name, shop=shop_settings().name
    )
    context = {
        "form": form,
        "sealed": encrypt_secret(f"{user.pk}:{secret}", purpose=NEW_FACTOR_PURPOSE),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "authenticator_url": authenticator_url,
        "picture": segno.make(authenticator_url, error="m", micro=False).svg_data_uri(
            border=4, omitsize=True, light="white"
        ),
    }
    return render(request, "accounts/authenticator_app.html", context)


@require_POST
@require_recent_sign_in
def require_passkey_view(request: HttpRequest) -> HttpResponse:
    """Require a passkey after the password or phone code."""
    user = _find_user(request)
    try:
        codes = require_passkey(user_id=user.pk, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("accounts:second-factor")
    return _recovery_codes_page(request, codes) if codes else redirect("accounts:second-factor")


@require_POST
@require_recent_sign_in
def renew_recovery_codes_view(request: HttpRequest) -> HttpResponse:
    """Show ten new recovery codes once. The former ones become invalid."""
    user = _find_user(request)
    try:
        codes = renew_recovery_codes(
            user_id=user.pk, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("accounts:second-factor")
    return _recovery_codes_page(request, codes)


@require_POST
@require_recent_sign_in
def turn_off_second_factor_view(request: HttpRequest) -> HttpResponse:
    """Turn off the second factor."""
    user = _find_user(request)
    try:
        turn_off_second_factor(user_id=user.pk, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Two-step sign-in is off."))
    return redirect("accounts:second-factor")


def _recovery_codes_page(request: HttpRequest, codes: list[str]) -> HttpResponse:
    response = render(request, "accounts/recovery_codes.html", {"codes": codes, "day": timezone.now()})
    response.headers["Cache-Control"] = "no-store"
    return response


def _decrypt_shown_secret(user: User, sealed: str) -> str:
    """Decrypt the secret that this user's page showed, or "" if invalid, expired or another user's."""
    try:
        owner, _colon, secret = decrypt_secret(
            sealed, purpose=NEW_FACTOR_PURPOSE, max_age=_FIRST_CODE_WITHIN_SECONDS
        ).partition(":")
    except UndecryptableSecret:
        return ""
    return secret if owner == str(user.pk) else ""


def _find_user(request: HttpRequest) -> User:
    return User.objects.get(pk=request.user.pk or 0)
