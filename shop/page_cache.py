"""Public pages for visitors of whom nothing is known: told apart by a mark, and kept for a moment.

A visitor without a session gets the same page as every other one. Their browser may ask whether the page that
it has is still the same (ETag), and a process gives a page that it has worked out again, for at most
PAGE_CACHE_SECONDS and only while nothing in the shop has changed, which one query tells. What comes by the
clock alone may be late by those seconds. Nothing is kept of anybody who brings a cookie that is not named
here, of answers that begin a session or set a cookie, and of parts of pages. A form's token is cut out of
what is kept, and each visitor's own is put in its place.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import brotli
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.utils.cache import get_conditional_response, patch_vary_headers

from shop.api.answer_cache import state_of_shop
from shop.api.breadth import Cache
from shop.views import TEXT_SIZE, text_size

MOST_BYTES = 8 * 1024 * 1024  # of all pages that one process keeps, compressed
# Tells the worker on a phone that this page has nothing of anybody's own in it ("keep"), or that the one it
# gets without cookies has not ("ask").
OFFLINE = "X-Offline"
_SEARCH = "catalog:search"  # what somebody looked for is their own affair: not kept on the phone
_PUBLIC = frozenset(
    {
        *("home", "page", "offline", "robots", "sitemaps", "sitemap"),
        *("catalog:products", "catalog:product", "catalog:category", "catalog:seasons", "catalog:ocop"),
        *("catalog:cooperatives", "catalog:cooperative", "catalog:regions", "catalog:region", _SEARCH),
        *("catalog:bulletins", "catalog:bulletin", "catalog:bulletin-text", "catalog:bulletin-spoken"),
    }
)
# What public pages read of their query. Pages asked for with anything else are not kept.
_PARAMETERS = frozenset(
    {
        *("page", "p", "q", "variant", "quantity", "tinh", "xa", "noi", "thang", "xep", "nhom", "htx"),
        *("muc", "tu", "den", "ban", "sao", "cn", "mua", "ocop", "giao", "con"),
    }
)
_TELLS_NOTHING = frozenset({settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, TEXT_SIZE})
_TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[A-Za-z0-9]{64}(?=")')
_OWN_TOKEN = b"{own token}"
_NOTED = "shop.kept_page"  # where a request carries what it was asked for from one hook to the next


class _Page(NamedTuple):
    """A page without the tokens of its forms. `packed` by Brotli; `mark` is a digest of the text."""

    headers: dict[str, str]
    packed: bytes
    mark: str
    has_token: bool


class _Kept(NamedTuple):
    state: tuple[object, ...]
    until: float
    page: _Page


class _Asked(NamedTuple):
    """What a page is known by, and what the shop was like before it was worked out."""

    key: tuple[str, ...]
    state: tuple[object, ...] | None


_pages: Cache[tuple[str, ...], _Kept] = Cache(MOST_BYTES)


class KeptPages:
    """Stands within CsrfViewMiddleware, which sends the cookie that a form's token belongs to."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        asked = request.META.get(_NOTED)
        if asked is None or not _is_for_anybody(request, response):
            if response.status_code == 200 and _is_public(request) and _is_to_be_read_again(request):
                response.headers.setdefault(OFFLINE, "ask")
            return response
        assert isinstance(response, HttpResponse)
        page = _without_tokens(request, response)
        if asked.state is not None:
            weight = len(page.packed) + sum(len(part) for part in asked.key)
            until = time.monotonic() + settings.PAGE_CACHE_SECONDS
            _pages.put(asked.key, _Kept(asked.state, until, page), weight=weight)
        return _answer(request, page)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponseBase | None:
        key = _asked_by(request)
        if key is None:
            return None
        state = state_of_shop() if settings.PAGE_CACHE_SECONDS else None
        kept = _pages.get(key) if state else None
        if kept is not None and kept.until > time.monotonic() and kept.state == state:
            return _answer(request, kept.page)
        request.META[_NOTED] = _Asked(key, state)
        return None


def _asked_by(request: HttpRequest) -> tuple[str, ...] | None:
    """What the page is known by; None where it may be somebody's own."""
    if not _is_public(request) or request.COOKIES.keys() - _TELLS_NOTHING or _has_broken_token(request):
        return None
    if request.GET.keys() - _PARAMETERS:
        return None
    return request.scheme or "", request.get_host(), request.get_full_path(), text_size(request)


def _is_public(request: HttpRequest) -> bool:
    """Whether a whole page is asked for that is there for anybody."""
    match = request.resolver_match
    is_read = request.method in ("GET", "HEAD") and "HX-Request" not in request.headers
    return is_read and match is not None and match.view_name in _PUBLIC


def _has_broken_token(request: HttpRequest) -> bool:
    """Whether the visitor's CSRF cookie was no token: Django has replaced it, before any form asked for one.

    Then nothing tells whether the page used the new token, so the page is not kept.
    """
    return bool(request.META.get("CSRF_COOKIE_NEEDS_UPDATE"))


def _is_to_be_read_again(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.view_name != _SEARCH


def _is_for_anybody(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether the answer says nothing of its visitor, and asks to remember nothing."""
    return (
        isinstance(response, HttpResponse)
        and response.status_code == 200
        and not response.cookies
        and not request.session.modified
        and not request.session.keys()
        and not response.has_header("Content-Encoding")
    )


def _without_tokens(request: HttpRequest, response: HttpResponse) -> _Page:
    content, tokens = _TOKEN.subn(_OWN_TOKEN, response.content)
    assert bool(tokens) == bool(request.META.get("CSRF_COOKIE_NEEDS_UPDATE"))
    headers = dict(response.headers)
    headers.pop("Content-Length", None)
    mark = hashlib.blake2b(content, digest_size=12).hexdigest()
    return _Page(headers, brotli.compress(content, quality=5), mark, bool(tokens))


def _answer(request: HttpRequest, page: _Page) -> HttpResponseBase:
    """The page as this visitor gets it, or word that they have it already."""
    accepts_brotli = "br" in request.headers.get("Accept-Encoding", "")
    mark = page.mark
    if page.has_token:
        token = get_token(request).encode()
        response = HttpResponse(brotli.decompress(page.packed).replace(_OWN_TOKEN, token))
        # Their copy has a token of theirs in it, which holds as long as their cookie does.
        mark = hashlib.blake2b(f"{mark} {request.META['CSRF_COOKIE']}".encode(), digest_size=12).hexdigest()
    elif accepts_brotli:
        response = HttpResponse(page.packed)
        response.headers["Content-Encoding"] = "br"
    else:
        response = HttpResponse(brotli.decompress(page.packed))
    for name, value in page.headers.items():
        response.headers[name] = value
    response.headers["ETag"] = f'W/"{mark}"'
    if _is_to_be_read_again(request):
        response.headers[OFFLINE] = "keep"
    patch_vary_headers(response, ["Cookie", "Accept-Encoding"])
    return get_conditional_response(request, etag=response.headers["ETag"], response=response) or response
