"""Recognise by a cookie the devices that a user has signed in from. These devices have limits of their own.

The signed cookie holds a random id, and keyed hashes of the accounts and phone numbers that signed in. It
grants no access.
"""

from __future__ import annotations

import secrets

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "device"
_SALT = "shop.accounts.views.known_devices"
_AGE = 60 * 60 * 24 * 365
_MAX_ACCOUNTS_PER_DEVICE = 10  # families share a phone


def known_device(request: HttpRequest, account: str) -> str:
    """Return the device's id if this account or phone number has signed in from it, else ""."""
    device, account_hashes = _read(request)
    return device if _hash_account(account) in account_hashes else ""


def remember_device(request: HttpRequest, response: HttpResponse, *accounts: str) -> None:
    """Add these accounts and phone numbers to the device's cookie."""
    device, account_hashes = _read(request)
    new_hashes = [_hash_account(account) for account in accounts]
    kept_hashes = list(dict.fromkeys([*new_hashes, *account_hashes]))[:_MAX_ACCOUNTS_PER_DEVICE]
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
        cookie = str(request.get_signed_cookie(COOKIE, "", salt=_SALT, max_age=_AGE))
    except BadSignature:
        return "", []
    device, *account_hashes = cookie.split(".")
    return device, account_hashes


def _hash_account(account: str) -> str:
    return salted_hmac(_SALT, account, algorithm="sha256").hexdigest()[:20]
