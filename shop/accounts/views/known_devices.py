"""Devices that somebody has signed in from before: known by a cookie, so that floods do not touch them.

The cookie holds a random id and keyed hashes of numbers and accounts, signed: it opens nothing.
"""

from __future__ import annotations

import secrets

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "device"
_SALT = "shop.accounts.views.known_devices"
_AGE = 60 * 60 * 24 * 365
_MOST = 10  # numbers and accounts: a phone is shared by a family


def known_device(request: HttpRequest, to: str) -> str:
    """The id of the visitor's device, if this number or account has signed in from it; else empty."""
    device, marks = _read(request)
    return device if _mark(to) in marks else ""


def remember_device(request: HttpRequest, response: HttpResponse, *names: str) -> None:
    """From now on the device is known to these numbers and accounts."""
    device, marks = _read(request)
    new = [_mark(each) for each in names]
    kept = [*new, *(each for each in marks if each not in new)][:_MOST]
    response.set_signed_cookie(
        COOKIE,
        ".".join([device or secrets.token_urlsafe(12), *kept]),
        salt=_SALT,
        max_age=_AGE,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        device, *marks = str(request.get_signed_cookie(COOKIE, "", salt=_SALT, max_age=_AGE)).split(".")
    except BadSignature:
        return "", []
    return device, marks


def _mark(to: str) -> str:
    return salted_hmac(_SALT, to, algorithm="sha256").hexdigest()[:20]
