"""Register by email. The account is created after the code sent to the address was entered.

The pages are the same whether the address has an account or not. The owner of an existing account is notified
by email.
"""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from shop.accounts.forms import CodeForm, RegisterForm
from shop.accounts.models import CodePurpose, SignInMethod, User
from shop.accounts.registration.accounts import create_confirmed_account
from shop.accounts.registration.email_registration import notify_of_registration
from shop.accounts.sign_in.login_limits import REGISTRATIONS, count_code
from shop.accounts.sign_in.one_time_codes import CodeExpired, WrongCode, send_code, use_code
from shop.accounts.views.sign_in_steps import AfterSignIn, return_urls, start_sign_in
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import TooManyTries, client_network
from shop.notifications.models import ContactMethod

_PENDING_SESSION_KEY = "registration"  # the posted values, until the code is entered
_CODE_LIFETIME_SECONDS = 30 * 60


@require_safe_or_post
@never_cache
@sensitive_post_parameters("password")
def register(request: HttpRequest) -> HttpResponse:
    """Enter name, address and password, then continue to the code."""
    form = RegisterForm(request.POST or None, initial=return_urls(request))
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/register.html", {"form": form})
    try:
        begin_registration(request, form.cleaned_data)
    except TooManyTries as refused:
        form.add_error(None, str(refused.message))
        return render(request, "accounts/register.html", {"form": form}, status=429)
    return redirect("accounts:enter-registration-code")


@require_safe_or_post
@never_cache
@sensitive_post_parameters("code")
def enter_registration_code(request: HttpRequest, *, after_sign_in: AfterSignIn) -> HttpResponse:
    """Enter the code, create the account and sign in."""
    pending = pending_registration(request)
    if pending is None:
        return redirect("accounts:register")
    if "resend" in request.POST:
        return resend_code(request, pending)
    form = CodeForm(request.POST or None)
    user = create_account_by_code(request, form, pending)
    if user is None:
        context = {"form": form, "to": pending["email"], "change_url": reverse("accounts:register")}
        return render(request, "accounts/register_code.html", context)
    return start_sign_in(request, user, pending, method=SignInMethod.REGISTERED, after_sign_in=after_sign_in)


def begin_registration(request: HttpRequest, submitted: Mapping[str, Any]) -> None:
    """Send the code, or notify the address's owner, in the same time. Raises TooManyTries."""
    email = submitted["email"].strip().lower()
    REGISTRATIONS.count_try(client_network(request.META))
    code_id = _send_registration_code(request, email, now=timezone.now())
    password = make_password(submitted["password"])
    request.session[_PENDING_SESSION_KEY] = {
        "id": str(code_id),
        "email": email,
        "name": submitted["name"],
        "password": password,
        "next": submitted.get("next", ""),
        "back": submitted.get("back", ""),
        "at": time.time(),
    }


def resend_code(request: HttpRequest, pending: Mapping[str, Any]) -> HttpResponse:
    """Send a new code for the pending registration, and reload the page. Only the new code counts."""
    try:
        code_id = _send_registration_code(request, pending["email"], now=timezone.now())
    except TooManyTries as refused:
        messages.error(request, str(refused.message))
    else:
        request.session[_PENDING_SESSION_KEY] = {**pending, "id": str(code_id), "at": time.time()}
        messages.success(request, _("We have sent a new code to %(to)s.") % {"to": pending["email"]})
    return redirect(request.path)


def _send_registration_code(request: HttpRequest, email: str, *, now: datetime.datetime) -> uuid.UUID:
    """Send a code, or notify the address's owner, and return the code's id. Raises TooManyTries."""
    count_code(client_network(request.META), email, "")
    existing_user = User.objects.filter(email=email).first()
    if existing_user is not None:
        notify_of_registration(user_id=existing_user.pk, now=now)
        return uuid.uuid4()
    return send_code(
        purpose=CodePurpose.REGISTER,
        contact_method=ContactMethod.EMAIL,
        recipient=email,
        language=request.LANGUAGE_CODE,
        user_id=None,
        now=now,
    )


def pending_registration(request: HttpRequest) -> dict[str, Any] | None:
    """Return this visitor's registration form while its code is valid, or else None."""
    pending: dict[str, Any] | None = request.session.get(_PENDING_SESSION_KEY)
    return pending if pending is not None and time.time() - pending["at"] < _CODE_LIFETIME_SECONDS else None


def create_account_by_code(
    request: HttpRequest, form: CodeForm, pending: Mapping[str, object]
) -> User | None:
    """Create the account if the form holds a valid code.

    Otherwise add an error to the form and return None.
    """
    if request.method != "POST" or not form.is_valid():
        return None
    try:
        user = _create_account(request, pending, form.cleaned_data["code"])
    except Refused as refused:
        is_wrong_code = isinstance(refused, CodeExpired | WrongCode)
        message = _("The code is not correct or has expired.") if is_wrong_code else str(refused.message)
        form.add_error("code", message)
        return None
    del request.session[_PENDING_SESSION_KEY]
    return user


def _create_account(request: HttpRequest, pending: Mapping[str, Any], code: str) -> User:
    """Use up the code and create the account. Raises CodeExpired, WrongCode, EmailTaken."""
    now = timezone.now()
    use_code(code_id=uuid.UUID(pending["id"]), purpose=CodePurpose.REGISTER, entered_code=code, now=now)
    return create_confirmed_account(
        email=pending["email"],
        password_hash=pending["password"],
        name=pending["name"],
        language=request.LANGUAGE_CODE,
        actor=Actor.guest(),
        now=now,
    )
