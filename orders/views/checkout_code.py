"""Phone verification at the checkout, required when a day's orders exceed a limit."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from orders.actions.order_records.order_limits import count_against_order_limits
from orders.views.current_basket import signed_in_user
from shop.accounts.models import CodePurpose
from shop.accounts.views.code_pages import enter_code, send_code_to_visitor, sent_code
from shop.core.errors import Refused
from shop.core.web.rate_limits import client_network
from shop.notifications.models import ContactMethod

_CODE_SUBJECT = "checkout"
_SESSION_KEY = "confirmed_phones"
_CONFIRMED_SECONDS = 24 * 60 * 60
_MAX_PHONES = 10
_CODE_LIFETIME_SECONDS = 5 * 60


class PhoneCodeNotSendable(Refused):
    """A code is required but cannot be sent."""

    code = "phone_code_not_sendable"
    default_message = _(
        "We are receiving many orders right now and cannot send a code to this number."
        " Sign in, or call us: we are happy to take your order by phone."
    )


@contextmanager
def apply_order_limits(request: HttpRequest, submitted: Mapping[str, object], phone: str) -> Iterator[None]:
    """Use up the code that the buyer entered, and apply the daily order limits to the order placed inside.

    Raises CodeExpired, PhoneCodeRequired, TooManyOrders, WrongCode.
    """
    code = str(submitted.get("phone-code", ""))
    if code and code_sent_to(request) == phone:
        used_code = enter_code(request, CodePurpose.CONFIRM_NUMBER, code)
        _remember_phone(request, used_code.recipient)
    with count_against_order_limits(
        phone=phone, network=client_network(request.META), is_confirmed=_is_phone_confirmed(request, phone)
    ):
        yield


def send_code_to(request: HttpRequest, submitted: Mapping[str, object], phone: str) -> Refused | None:
    """Send a code unless a fresh one was sent, and return the refusal if it cannot be sent."""
    pending_code = sent_code(request, CodePurpose.CONFIRM_NUMBER)
    is_fresh = pending_code is not None and time.time() - pending_code["at"] < _CODE_LIFETIME_SECONDS
    if is_fresh and code_sent_to(request) == phone and "send-phone-code" not in submitted:
        return None
    if not settings.PHONE_CODES:
        return PhoneCodeNotSendable()
    try:
        send_code_to_visitor(
            request,
            purpose=CodePurpose.CONFIRM_NUMBER,
            contact_method=ContactMethod.SMS,
            recipient=phone,
            submitted={},
            subject=_CODE_SUBJECT,
        )
    except Refused:
        return PhoneCodeNotSendable()
    return None


def code_sent_to(request: HttpRequest) -> str:
    """Return the phone that a checkout code was sent to, or an empty string."""
    pending_code = sent_code(request, CodePurpose.CONFIRM_NUMBER)
    return (
        str(pending_code["to"])
        if pending_code is not None and pending_code.get("about") == _CODE_SUBJECT
        else ""
    )


def _is_phone_confirmed(request: HttpRequest, phone: str) -> bool:
    user = signed_in_user(request)
    if user is not None and user.phone == phone and user.phone_confirmed_at is not None:
        return True
    return bool(time.time() < request.session.get(_SESSION_KEY, {}).get(phone, 0))


def _remember_phone(request: HttpRequest, phone: str) -> None:
    now = time.time()
    unexpired = {key: until for key, until in request.session.get(_SESSION_KEY, {}).items() if now < until}
    newest = sorted(unexpired.items(), key=lambda entry: entry[1])[1 - _MAX_PHONES :]
    request.session[_SESSION_KEY] = dict(newest) | {phone: now + _CONFIRMED_SECONDS}
