"""Sign in with a passkey, add passkeys and remove them."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from shop.accounts.models import SignInMethod, User
from shop.accounts.second_factor.passkey_ceremonies import (
    InvalidPasskey,
    registration_options,
    verify_registration,
)
from shop.accounts.sign_in.browser_names import browser_name
from shop.accounts.sign_in.login_limits import PASSKEYS_IN_NETWORK
from shop.accounts.sign_in.passkeys import add_passkey, remove_passkey, user_passkeys
from shop.accounts.views.code_pages import confirm_phone_of_session
from shop.accounts.views.passkey_challenges import (
    authenticate_passkey_owner,
    passkey_challenge,
    passkey_site,
    store_challenge,
    take_challenge,
)
from shop.accounts.views.sign_in_steps import AfterSignIn, require_recent_sign_in, start_sign_in
from shop.core.actors import EntryPoint
from shop.core.errors import Missing, Refused
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import TooManyTries, client_network

_MAX_NAME_LENGTH = 60


@require_http_methods(["GET", "POST"])
@never_cache
def sign_in_by_passkey(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Return authentication options as JSON (GET), or sign in by the browser's response (POST).

    The challenge belongs to this session and is valid once, so there is nothing to guess.
    """
    network = client_network(request.META)
    try:
        PASSKEYS_IN_NETWORK.count_try(network)
    except TooManyTries as refused:
        return _refuse(request, str(refused.message), status=429)
    if request.method == "GET":
        return passkey_challenge(request)
    try:
        user = authenticate_passkey_owner(request)
    except InvalidPasskey as refused:
        return _refuse(request, str(refused.message))
    if not user.is_active:
        return _refuse(request, _("This account is closed."))
    phone = confirm_phone_of_session(request, user)
    return start_sign_in(
        request,
        user,
        request.POST.dict(),
        method=SignInMethod.PASSKEY,
        after_sign_in=after_sign_in,
        confirmed_phone=phone,
    )


@require_safe_or_post
@require_recent_sign_in
@never_cache
def list_passkeys(request: HttpRequest) -> HttpResponse:
    """List the user's passkeys, and add one."""
    user = _find_user(request)
    current_browser = browser_name(request.headers.get("User-Agent", ""))
    if request.method != "POST":
        return render(
            request,
            "accounts/passkeys.html",
            {"passkeys": user_passkeys(user.pk), "browser": current_browser},
        )
    try:
        credential = verify_registration(
            request.POST.get("credential", ""), challenge=take_challenge(request), site=passkey_site(request)
        )
        add_passkey(
            user_id=user.pk,
            name=request.POST.get("name", "").strip()[:_MAX_NAME_LENGTH] or current_browser,
            credential=credential,
            actor=user.as_actor(EntryPoint.MARKET),
            now=timezone.now(),
        )
    except InvalidPasskey:
        messages.error(request, _("The passkey could not be saved. Try again."))
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Passkey saved. You can now sign in with it."))
    return redirect("accounts:passkeys")


@require_http_methods(["GET"])
@require_recent_sign_in
@never_cache
def serve_passkey_options(request: HttpRequest) -> HttpResponse:
    """Return registration options for a new passkey, as JSON."""
    options, challenge = registration_options(_find_user(request), site=passkey_site(request))
    return store_challenge(request, options, challenge)


@require_POST
@require_recent_sign_in
def remove_passkey_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove one of the user's passkeys."""
    user = _find_user(request)
    try:
        remove_passkey(
            user_id=user.pk, passkey_id=pk, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now()
        )
    except Missing as error:
        raise Http404 from error
    messages.success(request, _("Passkey removed. Delete it on its device, too."))
    return redirect("accounts:passkeys")


def _find_user(request: HttpRequest) -> User:
    return User.objects.get(pk=request.user.pk or 0)


def _refuse(request: HttpRequest, message: str, *, status: int = 302) -> HttpResponse:
    if request.method == "GET":
        return JsonResponse({"error": message}, status=status)
    messages.error(request, message)
    return redirect("accounts:sign-in")
