"""The receiver's details that a guest keeps on this device.

They are in signed cookies that are set and deleted on request. Each language's checkout has its own path, and
gets a cookie of its own. No other page gets one, and the server stores none of it.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import get_language, override

_RECEIVER_RETENTION = datetime.timedelta(days=365)
_MAX_LENGTH = 3_500  # browsers drop a cookie above 4 KB
_FIELDS = ("name", "phone", "email", "province", "commune", "street", "landmark")


def kept_receiver(request: HttpRequest) -> dict[str, str]:
    """Return the details kept on this device, by the checkout's fields. They are empty if there are none."""
    try:
        kept = json.loads(
            str(request.get_signed_cookie(_cookie_name(get_language()), max_age=_RECEIVER_RETENTION))
        )
    except (KeyError, signing.BadSignature, ValueError):
        return {}
    return {name: str(kept[name]) for name in _FIELDS if name in kept}


def keep_receiver(response: HttpResponse, values: Mapping[str, object]) -> None:
    """Keep the checkout's details on this device for a year, unless they are too long for a cookie."""
    kept = json.dumps({name: str(values[name]) for name in _FIELDS if values.get(name)})
    if len(kept) > _MAX_LENGTH:
        return
    for language, path in _checkout_paths():
        response.set_signed_cookie(
            _cookie_name(language),
            kept,
            max_age=_RECEIVER_RETENTION,
            path=path,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def forget_kept_receiver(response: HttpResponse) -> None:
    """Delete the details from this device, in the checkouts of all languages."""
    for language, path in _checkout_paths():
        response.delete_cookie(_cookie_name(language), path=path, samesite="Lax")


def _cookie_name(language: str | None) -> str:
    """Return the cookie's name. One response sets those of all languages, so their names differ."""
    return f"receiver-{language or settings.LANGUAGE_CODE}"


def _checkout_paths() -> list[tuple[str, str]]:
    """Return each language with the path of its checkout."""
    paths = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            paths.append((language, reverse("orders:checkout")))
    return paths
