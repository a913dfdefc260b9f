"""Build absolute public URLs."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.conf import settings
from django.urls import translate_url

_MAX_PAGE_NUMBER_DIGITS = 9
_PAGE = "page"


def public_url(path: str) -> str:
    """Return the absolute URL of a path. An absolute URL (a file on a CDN) is returned unchanged.

    It uses PUBLIC_URL, never the request's host, which the client controls.
    """
    return path if path.startswith(("http://", "https://")) else f"{settings.PUBLIC_URL}{path}"


def page_url(path: str, language: str) -> str:
    """Return the absolute URL of a page in a language, for emails and SMS. Vietnamese has no prefix."""
    prefix = "" if language == settings.LANGUAGE_CODE else f"/{language}"
    return public_url(f"{prefix}{path}")


def canonical_url(path: str, query: Mapping[str, str], language: str) -> str:
    """Return the canonical URL of a page in a language.

    It keeps only the page number of a list. Filters, sort order and other parameters are dropped.
    """
    path = translate_url(path, language)
    number = query.get(_PAGE, "")
    if (
        set(query) == {_PAGE}
        and number.isdecimal()
        and len(number) <= _MAX_PAGE_NUMBER_DIGITS
        and int(number) > 1
    ):
        path = f"{path}?{urlencode({_PAGE: int(number)})}"
    return public_url(path)
