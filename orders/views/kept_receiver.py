"""The receiver's details that a guest keeps on this device: a signed cookie, set and deleted on request.

Only the checkout gets the cookie. The server stores none of it.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

_COOKIE = "receiver"
_KEPT_FOR = datetime.timedelta(days=365)
_MAX_LENGTH = 3_500  # browsers drop a cookie above 4 KB
_FIELDS = ("name", "phone", "email", "province", "commune", "street", "landmark")


def kept_receiver(request: HttpRequest) -> dict[str, str]:
    """Return the details kept on this device, by the checkout's fields; empty if there are none."""
    try:
        kept = json.loads(str(request.get_signed_cookie(_COOKIE, max_age=_KEPT_FOR)))
    except (KeyError, signing.BadSignature, ValueError):
        return {}
    return {name: str(kept[name]) for name in _FIELDS if name in kept}


def keep_receiver(response: HttpResponse, values: Mapping[str, object]) -> None:
    """Keep the checkout's details on this device for a year, unless they are too long for a cookie."""
    kept = json.dumps({name: str(values[name]) for name in _FIELDS if values.get(name)})
    if len(kept) > _MAX_LENGTH:
        return
    response.set_signed_cookie(
        _COOKIE,
        kept,
        max_age=_KEPT_FOR,
        path=reverse("orders:checkout"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_kept_receiver(response: HttpResponse) -> None:
    response.delete_cookie(_COOKIE, path=reverse("orders:checkout"), samesite="Lax")
