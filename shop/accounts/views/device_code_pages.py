"""Verify a device by a one-time code, after too many failed passwords from unknown devices.

The responses are the same whether the account exists or not. The code alone does not sign in. The password is
still required, and its tries then count for this device only.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from shop.accounts.forms import CodeForm
from shop.accounts.models import CodePurpose, User
from shop.accounts.registration.accounts import find_user
from shop.accounts.sign_in.login_limits import count_code
from shop.accounts.sign_in.one_time_codes import CodeExpired, WrongCode, send_code, use_code
from shop.accounts.sign_in.password_tries import find_account_key
from shop.accounts.views.known_devices import remember_device
from shop.accounts.views.sign_in_steps import own_url
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import client_network
from shop.notifications.models import ContactMethod

_SENT_CODE_SESSION_KEY = "device_code"  # the code's id and the account it is for
_CODE_LIFETIME_SECONDS = 10 * 60


def send_device_code(request: HttpRequest, submitted: Mapping[str, str]) -> HttpResponse:
    """Send a code to the account's owner and redirect to the code page. Raises TooManyTries."""
    account, network = find_account_key(submitted["name"]), client_network(request.META)
    count_code(network, account, "")
    user = find_user(submitted["name"])
    request.session[_SENT_CODE_SESSION_KEY] = {
        "id": str(_send_to_owner(request, user) or uuid.uuid4()),
        "account": account,
        "next": submitted.get("next", ""),
        "at": time.time(),
    }
    return redirect("accounts:enter-device-code")


@require_safe_or_post
@never_cache
@sensitive_post_parameters("code")
def enter_device_code(request: HttpRequest) -> HttpResponse:
    """Enter the code, then continue to the password."""
    pending_code: dict[str, Any] | None = request.session.get(_SENT_CODE_SESSION_KEY)
    if pending_code is None or time.time() - pending_code["at"] > _CODE_LIFETIME_SECONDS:
        return redirect("accounts:sign-in")
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/device_code.html", {"form": form})
    try:
        use_code(
            code_id=uuid.UUID(pending_code["id"]),
            purpose=CodePurpose.NEW_DEVICE,
            entered_code=form.cleaned_data["code"],
            now=timezone.now(),
        )
    except (CodeExpired, WrongCode):
        form.add_error("code", _("The code is not correct or has expired."))
        return render(request, "accounts/device_code.html", {"form": form})
    del request.session[_SENT_CODE_SESSION_KEY]
    messages.success(request, _("Device confirmed. Enter your password."))
    response = redirect(
        f"{reverse('accounts:sign-in')}?{urlencode({'next': own_url(request, pending_code['next'])})}"
    )
    remember_device(request, response, pending_code["account"])
    return response


def _send_to_owner(request: HttpRequest, user: User | None) -> uuid.UUID | None:
    """Send a code and return its id, or None without a recipient."""
    if user is None or not user.is_active:
        return None
    if user.email:
        contact_method, recipient = ContactMethod.EMAIL, user.email
    elif settings.PHONE_CODES and user.phone and user.phone_confirmed_at is not None:
        contact_method, recipient = ContactMethod.SMS, user.phone
    else:
        return None
    return send_code(
        purpose=CodePurpose.NEW_DEVICE,
        contact_method=contact_method,
        recipient=recipient,
        language=request.LANGUAGE_CODE,
        user_id=user.pk,
        now=timezone.now(),
    )
