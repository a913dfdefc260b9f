"""Passkeys: coming in with one, keeping one, taking one away. Checked by allauth, and so by fido2."""

from __future__ import annotations

import struct

from allauth.mfa.webauthn.forms import AddWebAuthnForm, LoginWebAuthnForm
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from shop.accounts.agents import browser_of
from shop.accounts.models import SignInWay, User
from shop.accounts.passkeys import add_passkey, passkeys_of, remove_passkey
from shop.accounts.tries import PASSKEYS_IN_NETWORK
from shop.accounts.views.codes import confirm_shown
from shop.accounts.views.entering import Arrive, enter, fresh_sign_in
from shop.core.actors import Door
from shop.core.errors import Missing, Refused
from shop.core.limits import TooManyTries, network_of

_LONGEST_NAME = 60


@require_http_methods(["GET", "POST"])
@never_cache
def passkey_sign_in(request: HttpRequest, *, arrive: Arrive) -> HttpResponse:
    """What the browser is to sign (GET, as JSON), and its answer (POST), which leads in.

    What it signs is known to this session alone, and once: there is nothing to guess.
    """
    network = network_of(request.META)
    try:
        PASSKEYS_IN_NETWORK.check(network)
    except TooManyTries as refused:
        return _refused(request, str(refused.words), status=429)
    PASSKEYS_IN_NETWORK.spend(network)
    if request.method == "GET":
        return JsonResponse(auth.begin_authentication(user=None))
    form = LoginWebAuthnForm(data=request.POST)
    if not _holds(form):
        return _refused(request, _("No account here knows this passkey."))
    passkey = form.cleaned_data["credential"]
    user = User.objects.filter(pk=passkey.user_id, is_active=True).first()
    if user is None:
        return _refused(request, _("This account is closed."))
    passkey.record_usage()
    phone = confirm_shown(request, user)
    return enter(request, user, request.POST.dict(), way=SignInWay.PASSKEY, arrive=arrive, shown_phone=phone)


@require_http_methods(["GET", "HEAD", "POST"])
@fresh_sign_in
@never_cache
def passkeys(request: HttpRequest) -> HttpResponse:
    """Mine, and a new one."""
    user = _user(request)
    if request.method == "POST":
        data = request.POST.copy()
        data["passwordless"] = "on"  # it is to ask for a finger, a face or a PIN
        form = AddWebAuthnForm(user=user, data=data)
        if _holds(form):
            try:
                add_passkey(
                    user_id=user.pk,
                    name=request.POST.get("name", "").strip()[:_LONGEST_NAME]
                    or browser_of(request.headers.get("User-Agent", "")),
                    credential=form.cleaned_data["credential"],
                    actor=user.acting(Door.MARKET),
                    now=timezone.now(),
                )
            except Refused as refused:
                messages.error(request, str(refused.words))
            else:
                messages.success(request, _("The passkey is kept. From now on it lets you in."))
        else:
            messages.error(request, _("The passkey could not be kept. Try again."))
        return redirect("accounts:passkeys")
    context = {
        "passkeys": passkeys_of(user.pk),
        "here": browser_of(request.headers.get("User-Agent", "")),
    }
    return render(request, "accounts/passkeys.html", context)


@require_http_methods(["GET"])
@fresh_sign_in
@never_cache
def passkey_options(request: HttpRequest) -> HttpResponse:
    """What the browser is to make a new passkey of, as JSON."""
    return JsonResponse(auth.begin_registration(_user(request), passwordless=True))


@require_POST
@fresh_sign_in
def passkey_removal(request: HttpRequest, pk: int) -> HttpResponse:
    """One of mine opens nothing any more."""
    user = _user(request)
    try:
        remove_passkey(user_id=user.pk, passkey_id=pk, actor=user.acting(Door.MARKET), now=timezone.now())
    except Missing as error:
        raise Http404 from error
    messages.success(request, _("The passkey is removed. Delete it on its device, too."))
    return redirect("accounts:passkeys")


def _holds(form: forms.Form) -> bool:
    """Whether the browser's answer was checked and is good. Of what is made up, allauth lets through what its
    parts stumble over."""
    try:
        return form.is_valid()
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
        return False
    except (struct.error, InvalidSignature, UnsupportedAlgorithm):
        return False


def _user(request: HttpRequest) -> User:
    return User.objects.get(pk=request.user.pk or 0)


def _refused(request: HttpRequest, words: str, *, status: int = 302) -> HttpResponse:
    if request.method == "GET":
        return JsonResponse({"error": words}, status=status)
    messages.error(request, words)
    return redirect("accounts:sign-in")
