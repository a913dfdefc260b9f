"""Sign in by phone code. People enter the number, then the code, and new users also a name.

Whether an account has the number is revealed only after its code was entered.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from shop.accounts.forms import CodeForm, NameForm, PhoneForm
from shop.accounts.models import CodePurpose, OneTimeCode, SignInMethod, User
from shop.accounts.sign_in.login_limits import REGISTRATIONS, count_code
from shop.accounts.sign_in.one_time_codes import CodeExpired, WrongCode, send_code, use_code
from shop.accounts.sign_in.phone_accounts import confirm_phone, create_phone_account, find_account_with_phone
from shop.accounts.views.known_devices import known_device
from shop.accounts.views.sign_in_steps import AfterSignIn, require_recent_sign_in, return_urls, start_sign_in
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Refused
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import client_network
from shop.notifications.models import ContactMethod

# Session keys.
SENT_CODE_KEY = "code"
CONFIRMED_PHONE_KEY = "confirmed_phone"
_CONFIRMED_NUMBER_VALID_SECONDS = 15 * 60


@require_safe_or_post
@never_cache
def request_code(request: HttpRequest) -> HttpResponse:
    """Send a code to a number. The response is the same for every number."""
    if not settings.PHONE_CODES:
        raise Http404
    form = PhoneForm(request.POST or None, initial=return_urls(request))
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/code_request.html", {"phone_form": form, "form": form})
    phone = form.cleaned_data["phone"]
    try:
        send_code_to_visitor(
            request,
            purpose=CodePurpose.SIGN_IN,
            contact_method=ContactMethod.SMS,
            recipient=phone,
            submitted=form.cleaned_data,
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return render(request, "accounts/code_request.html", {"phone_form": form, "form": form}, status=429)
    return redirect("accounts:enter-code")


@require_safe_or_post
@never_cache
@sensitive_post_parameters("code")
def enter_code_view(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Enter the code. A known number signs in, a new one continues to the name page."""
    pending_code = sent_code(request, CodePurpose.SIGN_IN)
    if pending_code is None:
        return redirect("accounts:request-code")
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _code_page(request, form, pending_code)
    try:
        entered = enter_code(request, CodePurpose.SIGN_IN, form.cleaned_data["code"])
    except (CodeExpired, WrongCode) as refused:
        form.add_error("code", str(refused.message))
        return _code_page(request, form, pending_code)
    user = find_account_with_phone(entered.recipient)
    if user is not None and user.phone_confirmed_at is not None:
        return _sign_in(
            request,
            user,
            pending_code,
            method=SignInMethod.CODE,
            after_sign_in=after_sign_in,
            phone=entered.recipient,
        )
    request.session[CONFIRMED_PHONE_KEY] = pending_code | {"to": entered.recipient, "at": time.time()}
    return redirect("accounts:create-account-by-code")


@require_safe_or_post
@never_cache
def create_account_by_code(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Create an account for a confirmed number without one.

    If another account lists the number unconfirmed, its owner can sign in instead and confirm it.
    """
    confirmation = recent_phone_confirmation(request)
    if confirmation is None:
        return redirect("accounts:request-code")
    form = NameForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _name_page(request, form, confirmation)
    network = client_network(request.META)
    try:
        REGISTRATIONS.count_try(network)
        user = create_phone_account(
            phone=confirmation["to"],
            name=form.cleaned_data["name"],
            language=request.LANGUAGE_CODE,
            actor=Actor.guest(),
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return _name_page(request, form, confirmation)
    return _sign_in(
        request,
        user,
        confirmation,
        method=SignInMethod.REGISTERED,
        after_sign_in=after_sign_in,
        phone=confirmation["to"],
    )


@require_safe_or_post
@require_recent_sign_in
@never_cache
@sensitive_post_parameters("code")
def confirm_phone_view(request: HttpRequest) -> HttpResponse:
    """Confirm one's own number by a code, which enables signing in by code."""
    user = User.objects.get(pk=request.user.pk or 0)
    if not settings.PHONE_CODES or not user.phone or user.phone_confirmed_at is not None:
        return redirect("accounts:details")
    pending_code = sent_code(request, CodePurpose.CONFIRM_NUMBER)
    if pending_code is None or pending_code["to"] != user.phone or "phone" in request.POST:
        return _send_confirmation(request, user)
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _confirmation_page(request, form, pending_code)
    try:
        entered = enter_code(request, CodePurpose.CONFIRM_NUMBER, form.cleaned_data["code"])
        confirm_phone(
            user_id=user.pk,
            phone=entered.recipient,
            actor=user.as_actor(EntryPoint.MARKET),
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error("code", str(refused.message))
        return _confirmation_page(request, form, pending_code)
    messages.success(request, _("Phone number confirmed. You can now sign in with a code."))
    return redirect("accounts:home")


def send_code_to_visitor(
    request: HttpRequest,
    *,
    purpose: CodePurpose,
    contact_method: ContactMethod,
    recipient: str,
    submitted: Mapping[str, str],
    user_id: int | None = None,
    subject: str = "",
) -> None:
    """Send a code and remember its purpose and subject in the session. Raises TooManyTries."""
    network, device = client_network(request.META), known_device(request, recipient)
    count_code(network, recipient, device)
    code_id = send_code(
        purpose=purpose,
        contact_method=contact_method,
        recipient=recipient,
        language=request.LANGUAGE_CODE,
        user_id=user_id,
        now=timezone.now(),
    )
    return_urls = {name: submitted.get(name, "") for name in ("next", "back")}
    request.session[SENT_CODE_KEY] = return_urls | {
        "id": str(code_id),
        "to": recipient,
        "purpose": purpose.value,
        "about": subject,
        "at": time.time(),
    }


def sent_code(request: HttpRequest, purpose: CodePurpose) -> dict[str, Any] | None:
    """Return the code last sent to this visitor if it has this purpose, else None."""
    pending_code: dict[str, Any] | None = request.session.get(SENT_CODE_KEY)
    return pending_code if pending_code is not None and pending_code.get("purpose") == purpose else None


def enter_code(request: HttpRequest, purpose: CodePurpose, entered_code: str) -> OneTimeCode:
    """Use up the code sent to the visitor if the entered one matches. Raises CodeExpired, WrongCode."""
    pending_code = sent_code(request, purpose) or {}
    try:
        code_id = uuid.UUID(str(pending_code.get("id", "")))
    except ValueError as error:
        raise CodeExpired(field="code") from error
    used_code = use_code(code_id=code_id, purpose=purpose, entered_code=entered_code, now=timezone.now())
    del request.session[SENT_CODE_KEY]
    return used_code


def recent_phone_confirmation(request: HttpRequest) -> dict[str, Any] | None:
    """Return the number this visitor has just confirmed, with the pages to return to, or else None."""
    confirmation: dict[str, Any] | None = request.session.get(CONFIRMED_PHONE_KEY)
    return (
        confirmation
        if confirmation is not None and time.time() - confirmation["at"] < _CONFIRMED_NUMBER_VALID_SECONDS
        else None
    )


def confirm_phone_of_session(request: HttpRequest, user: User) -> str:
    """Confirm a user's number if this visitor has just confirmed it, and return the number or ""."""
    confirmation = recent_phone_confirmation(request)
    if confirmation is None or confirmation["to"] != user.phone:
        return ""
    confirm_phone(
        user_id=user.pk, phone=confirmation["to"], actor=user.as_actor(EntryPoint.MARKET), now=timezone.now()
    )
    del request.session[CONFIRMED_PHONE_KEY]
    return str(confirmation["to"])


def _sign_in(
    request: HttpRequest,
    user: User,
    submitted: Mapping[str, str],
    *,
    method: SignInMethod,
    after_sign_in: AfterSignIn,
    phone: str,
) -> HttpResponse:
    if not user.is_active:
        messages.error(request, _("This account is closed."))
        return redirect("accounts:sign-in")
    request.session.pop(CONFIRMED_PHONE_KEY, None)
    return start_sign_in(
        request, user, submitted, method=method, after_sign_in=after_sign_in, confirmed_phone=phone
    )


def _code_page(request: HttpRequest, form: CodeForm, pending_code: dict[str, Any]) -> HttpResponse:
    context = {
        "form": form,
        "sent": pending_code,
        "resend_url": reverse("accounts:request-code"),
        "change_url": reverse("accounts:request-code"),
        "heading": _("Enter the 6-digit code"),
        "button": _("Sign in"),
    }
    return render(request, "accounts/code.html", context)


def _send_confirmation(request: HttpRequest, user: User) -> HttpResponse:
    """Send a confirmation code on POST only, so that reloading the page sends nothing."""
    if request.method != "POST":
        return redirect("accounts:details")
    try:
        send_code_to_visitor(
            request,
            purpose=CodePurpose.CONFIRM_NUMBER,
            contact_method=ContactMethod.SMS,
            recipient=user.phone or "",
            submitted={},
            user_id=user.pk,
        )
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("accounts:details")
    return redirect("accounts:confirm-phone")


def _confirmation_page(request: HttpRequest, form: CodeForm, pending_code: dict[str, Any]) -> HttpResponse:
    context = {
        "form": form,
        "sent": pending_code,
        "resend_url": reverse("accounts:confirm-phone"),
        "change_url": reverse("accounts:details"),
        "heading": _("Confirm your phone number"),
        "button": _("Confirm"),
    }
    return render(request, "accounts/code.html", context)


def _name_page(request: HttpRequest, form: NameForm, confirmation: dict[str, Any]) -> HttpResponse:
    return_to = urlencode({name: confirmation.get(name, "") for name in ("next", "back")})
    context = {
        "form": form,
        "phone": confirmation["to"],
        "sign_in_url": f"{reverse('accounts:sign-in')}?{return_to}",
        "account_holder": find_account_with_phone(confirmation["to"]),
    }
    return render(request, "accounts/code_name.html", context)
