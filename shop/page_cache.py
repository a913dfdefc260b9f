"""Cache public pages for anonymous visitors, for some seconds and with ETags.

All visitors without a session get the same page. Browsers revalidate their copy by its ETag. A process reuses
a rendered page for at most PAGE_CACHE_SECONDS, and only while nothing in the shop has changed. One query
checks that. A change that only the passing of time causes may appear that many seconds late.

Three things are not cached: requests with cookies that are not listed here, responses that start a session or
set a cookie, and page fragments. CSRF tokens are removed from the cached page. Each visitor's copy gets a
token of its own.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from typing import NamedTuple

import brotli
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.utils.cache import get_conditional_response, patch_vary_headers

from shop.cache.catalogue_version import catalogue_version
from shop.core.database.bounded_cache import Cache
from shop.core.web.offline_copies import COPY, COPY_FOR_STRANGERS, OFFLINE_HEADER
from shop.page_context import TEXT_SIZE, text_size

MAX_CACHED_BYTES_PER_PROCESS = 8 * 1024 * 1024  # compressed
_SEARCH = "catalog:search"  # search queries are private, so they are not stored on the phone
_PUBLIC = frozenset(
    {
        "home",
        "page",
        "offline",
        "robots",
        "sitemaps",
        "sitemap",
        "catalog:products",
        "catalog:product",
        "catalog:category",
        "catalog:seasons",
        "catalog:ocop",
        "catalog:cooperatives",
        "catalog:cooperative",
        "catalog:regions",
        "catalog:region",
        _SEARCH,
        "catalog:bulletins",
        "catalog:bulletin",
        "catalog:bulletin-text",
        "catalog:bulletin-spoken-text",
    }
)
# Query parameters of public pages, among them the filters of lists (`catalog/views/product_filters.py`).
# Requests with others are not cached.
_PARAMETERS = frozenset(
    {
        "page",
        "p",
        "q",
        "variant",
        "quantity",
        "tinh",
        "xa",
        "noi",
        "thang",
        "xep",
        "nhom",
        "htx",
        "muc",
        "tu",
        "den",
        "ban",
        "sao",
        "cn",
        "mua",
        "ocop",
        "giao",
        "con",
    }
)
_ANONYMOUS_COOKIES = frozenset({settings.CSRF_COOKIE_NAME, settings.LANGUAGE_COOKIE_NAME, TEXT_SIZE})
_TOKEN = re.compile(rb'(?<=name="csrfmiddlewaretoken" value=")[A-Za-z0-9]{64}(?=")')
_OWN_TOKEN = b"{own token}"
_META_KEY = "shop.pending_page"  # the key in request.META that passes the cache key between hooks


class _Page(NamedTuple):
    """A page without CSRF tokens. `compressed` is its content in Brotli, `digest` a hash of that content."""

    headers: dict[str, str]
    compressed: bytes
    digest: str
    has_token: bool


class _CachedPage(NamedTuple):
    state: tuple[object, ...]
    until: float
    page: _Page


class _PendingKey(NamedTuple):
    """The cache key, and the shop's state before the page was rendered."""

    key: tuple[str, ...]
    state: tuple[object, ...] | None


_pages: Cache[tuple[str, ...], _CachedPage] = Cache(MAX_CACHED_BYTES_PER_PROCESS)


class PageCache:
    """Middleware that caches pages.

    Place it inside CsrfViewMiddleware, which sends the cookie of a form's token.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        pending = request.META.get(_META_KEY)
        if pending is None or not _is_anonymous_response(request, response):
            if response.status_code == 200 and _is_public(request) and _is_kept_offline(request):
                response.headers.setdefault(OFFLINE_HEADER, COPY_FOR_STRANGERS)
            return response
        assert isinstance(response, HttpResponse)
        page = _without_tokens(request, response)
        if pending.state is not None:
            weight = len(page.compressed) + sum(len(part) for part in pending.key)
            until = time.monotonic() + settings.PAGE_CACHE_SECONDS
            _pages.put(pending.key, _CachedPage(pending.state, until, page), weight=weight)
        return _build_response(request, page)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponseBase | None:
        key = _cache_key(request)
        if key is None:
            return None
        state = catalogue_version() if settings.PAGE_CACHE_SECONDS else None
        cached = _pages.get(key) if state else None
        if cached is not None and cached.until > time.monotonic() and cached.state == state:
            return _build_response(request, cached.page)
        request.META[_META_KEY] = _PendingKey(key, state)
        return None


def _cache_key(request: HttpRequest) -> tuple[str, ...] | None:
    """Return the cache key, or None if the page may be personal."""
    if not _is_public(request) or request.COOKIES.keys() - _ANONYMOUS_COOKIES or _has_broken_token(request):
        return None
    if request.GET.keys() - _PARAMETERS or request.META.get("QUERY_STRING", "") != request.GET.urlencode():
        return None  # queries such as "?&" and "?&&" would each fill a cache entry
    return request.scheme or "", request.get_host(), request.get_full_path(), text_size(request)


def _is_public(request: HttpRequest) -> bool:
    """Return whether a whole public page is requested."""
    match = request.resolver_match
    is_read = request.method in ("GET", "HEAD") and "HX-Request" not in request.headers
    return is_read and match is not None and match.view_name in _PUBLIC


def _has_broken_token(request: HttpRequest) -> bool:
    """Return whether Django replaced an invalid CSRF cookie before a form used its token.

    In that case nobody knows whether the page contains the new token, so the page is not cached.
    """
    return bool(request.META.get("CSRF_COOKIE_NEEDS_UPDATE"))


def _is_kept_offline(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.view_name != _SEARCH


def _is_anonymous_response(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether the response contains nothing personal and sets no cookie."""
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
    digest = hashlib.blake2b(content, digest_size=12).hexdigest()
    return _Page(headers, brotli.compress(content, quality=5), digest, bool(tokens))


def _build_response(request: HttpRequest, page: _Page) -> HttpResponseBase:
    """Return the page for this visitor, or 304 Not Modified."""
    can_read_brotli = "br" in request.headers.get("Accept-Encoding", "")
    digest = page.digest
    if page.has_token:
        token = get_token(request).encode()
        response = HttpResponse(brotli.decompress(page.compressed).replace(_OWN_TOKEN, token))
        # The visitor's copy contains their own CSRF token, so the ETag depends on it.
        digest = hashlib.blake2b(
            f"{digest} {request.META['CSRF_COOKIE']}".encode(), digest_size=12
        ).hexdigest()
    elif can_read_brotli:
        response = HttpResponse(page.compressed)
        response.headers["Content-Encoding"] = "br"
    else:
        response = HttpResponse(brotli.decompress(page.compressed))
    for name, value in page.headers.items():
        response.headers[name] = value
    response.headers["ETag"] = f'W/"{digest}"'
    if _is_kept_offline(request):
        response.headers[OFFLINE_HEADER] = COPY
    patch_vary_headers(response, ["Cookie", "Accept-Encoding"])
    return get_conditional_response(request, etag=response.headers["ETag"], response=response) or response
