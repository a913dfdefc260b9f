"""Where the shop is found from outside."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from django.conf import settings
from django.urls import translate_url

_LONGEST_NUMBER = 9  # digits of a page's number
_PAGE = "page"


def public_address(path: str) -> str:
    """The whole address of a path of ours; what is whole already (a file on a CDN) stays as it is.

    Made from PUBLIC_URL and never from a request, whose host is whatever name somebody reached us by.
    """
    return path if path.startswith(("http://", "https://")) else f"{settings.PUBLIC_URL}{path}"


def page_address(path: str, language: str) -> str:
    """The whole address of a page in a language, for letters and texts; Vietnamese has no prefix."""
    prefix = "" if language == settings.LANGUAGE_CODE else f"/{language}"
    return public_address(f"{prefix}{path}")


def canonical_address(path: str, query: Mapping[str, str], language: str) -> str:
    """The one address that stands for a page in the language, whichever it was asked in.

    The second page of a list is a page of its own. Filters, orders and whatever else an address carries are
    only views of the first.
    """
    path = translate_url(path, language)
    number = query.get(_PAGE, "")
    if set(query) == {_PAGE} and number.isdecimal() and len(number) <= _LONGEST_NUMBER and int(number) > 1:
        path = f"{path}?{urlencode({_PAGE: int(number)})}"
    return public_address(path)
