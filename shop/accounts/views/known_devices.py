"""Recognise by a cookie the devices that a user has signed in from; they have limits of their own.

The signed cookie holds a random id, and keyed hashes of phone numbers and e-mail addresses. The cookie grants
no access.
"""

from __future__ import annotations

import secrets

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "device"
_SALT = "shop.accounts.views.known_devices"
_AGE = 60 * 60 * 24 * 365
_MAX_NAMES = 10  # phone numbers and e-mail addresses: families share a phone


def known_device(request: HttpRequest, account_name: str) -> str:
    """Return the device's id if this phone number or e-mail has signed in from it, else ""."""
    device, name_hashes = _read(request)
    return device if _hash_name(account_name) in name_hashes else ""


def remember_device(request: HttpRequest, response: HttpResponse, *names: str) -> None:
    """Add these phone numbers and e-mail addresses to the device's cookie."""
    device, name_hashes = _read(request)
    new_hashes = [_hash_name(name) for name in names]
    kept_hashes = [*new_hashes, *(name_hash for name_hash in name_hashes if name_hash not in new_hashes)][
        :_MAX_NAMES
    ]
    response.set_signed_cookie(
        COOKIE,
        ".".join([device or secrets.token_urlsafe(12), *kept_hashes]),
        salt=_SALT,
        max_age=_AGE,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        device, *name_hashes = str(request.get_signed_cookie(COOKIE, "", salt=_SALT, max_age=_AGE)).split(".")
    except BadSignature:
        return "", []
    return device, name_hashes


def _hash_name(account_name: str) -> str:
    return salted_hmac(_SALT, account_name, algorithm="sha256").hexdigest()[:20]
