"""Middleware for all responses: compression, security headers, HEAD, NUL characters, health probes."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

import brotli
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import is_valid_path, resolve
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

GetResponse = Callable[[HttpRequest], HttpResponseBase]

_COMPRESSED_TYPES = (
    "text/",
    "application/json",
    "application/manifest+json",
    "application/javascript",
    "application/xml",
    "image/svg+xml",
)
_MIN_COMPRESSED_BYTES = 500  # below that the headers outweigh the gain
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PERMISSIONS = (
    "camera=(self), geolocation=(self), microphone=(self), payment=(self), usb=(), browsing-topics=()"
)


def allow_health_probes(get_response: GetResponse) -> GetResponse:
    """Let /health/ answer under any host name, because probes use internal addresses.

    All other pages still require a host from ALLOWED_HOSTS. The health page does not use its host.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/health/":
            request.META["HTTP_HOST"] = urlsplit(settings.PUBLIC_URL).netloc
        return get_response(request)

    return middleware


def omit_head_bodies(get_response: GetResponse) -> GetResponse:
    """Omit the body from responses to HEAD. Servers drop it anyway and log a warning each time."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            response.content = b""  # headers, including Content-Length, stay those of the page
        return response

    return middleware


class RemoveNulCharacters:
    """Remove NUL characters from queries and forms, because PostgreSQL cannot store them.

    A path with NUL is answered with 404. Requests to CSRF-exempt views (webhooks, API) stay unchanged,
    because they have their own validation, and signatures over the exact bytes.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            request.GET = _remove_nul(request.GET)  # type: ignore[assignment]  # immutable, as it was
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., object], *_address: object) -> None:
        is_form = request.method == "POST" and request.content_type in _FORMS
        if is_form and not getattr(view, "csrf_exempt", False):
            request.POST = _remove_nul(request.POST)  # type: ignore[assignment]


def _remove_nul(values: QueryDict) -> QueryDict:
    if not any("\0" in text for name, items in values.lists() for text in (name, *items)):
        return values
    return QueryDict(values.urlencode().replace("%00", ""))


def explain_form_addresses(get_response: GetResponse) -> GetResponse:
    """Lead from an address that only takes forms, such as a reloaded one, to the page above it, with a note.

    An address without a page above it, except the home page, is answered with a page that explains it. Place
    this inside the middleware that messages and the page's template need.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        is_opened = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if response.status_code != 405 or not is_opened:
            return response
        page_above = _find_page_above(request.path_info)
        if page_above:
            text = _("Nothing was saved: that address only takes what a form sends. Send it again here.")
            _add_message_once(request, text)
            return redirect(page_above)
        page = render(request, "405.html", status=405)
        page.headers["Allow"] = response.headers["Allow"]
        return page

    return middleware


def _add_message_once(request: HttpRequest, text: str) -> None:
    """Add a message for the next page, unless it waits there already: the page above may lead further up."""
    waiting = messages.get_messages(request)
    is_waiting = any(message.message == text for message in waiting)
    waiting.used = False  # type: ignore[union-attr]
    if not is_waiting:
        messages.info(request, text)


def _find_page_above(path: str) -> str:
    """Return the nearest address above a path that leads to a view, or "" if that is the home page."""
    while path := path.rstrip("/").rpartition("/")[0]:
        if is_valid_path(f"{path}/") and resolve(f"{path}/").view_name != "home":
            return f"{path}/"
    return ""


def compress_pages(get_response: GetResponse) -> GetResponse:
    """Compress text responses with Brotli or gzip, so that no proxy is needed for it.

    BREACH guesses a secret from the length of a page that repeats a visitor's input. CSRF tokens are
    therefore masked anew in each page, and the compressed length varies by some tens of bytes.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponse) or not _is_worth_compressing(response):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        accepted = {
            part.split(";")[0].strip() for part in request.headers.get("Accept-Encoding", "").split(",")
        }
        if "br" in accepted:
            _replace_content(response, "br", _compress_with_brotli(response.content))
        elif "gzip" in accepted:
            _replace_content(response, "gzip", _compress_with_gzip(response.content))
        return response

    return middleware


def add_security_headers(get_response: GetResponse) -> GetResponse:
    """Set the headers that Django and django-csp do not set, and default caching rules for HTML.

    A page may show a basket, so only the visitor's browser may keep it and must revalidate. The same URL
    answers HTMX with a fragment, so responses vary by HX-Request.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
            patch_vary_headers(response, ["HX-Request"])
        return response

    return middleware


def _is_worth_compressing(response: HttpResponse) -> bool:
    return (
        not response.has_header("Content-Encoding")
        and response.headers.get("Content-Type", "").startswith(_COMPRESSED_TYPES)
        and len(response.content) >= _MIN_COMPRESSED_BYTES
    )


def _replace_content(response: HttpResponse, encoding: str, content: bytes) -> None:
    if len(content) >= len(response.content):
        return
    response.content = content
    response.headers["Content-Encoding"] = encoding
    response.headers["Content-Length"] = str(len(content))
    etag = response.headers.get("ETag")
    if etag and etag.startswith('"'):
        response.headers["ETag"] = f"W/{etag}"  # the same page, but no longer the same bytes


def _compress_with_brotli(content: bytes) -> bytes:
    """Compress with random flushes, which change the length but not the content."""
    compressor = brotli.Compressor(quality=5)
    parts = []
    for _piece in range(secrets.randbelow(4)):
        split_position = secrets.randbelow(len(content) + 1)
        first_bytes, content = content[:split_position], content[split_position:]
        parts += [compressor.process(first_bytes), compressor.flush()]
    return b"".join([*parts, compressor.process(content), compressor.finish()])


def _compress_with_gzip(content: bytes) -> bytes:
    """Compress with a file name of random length in the gzip header, which varies the length."""
    blur = b"x" * secrets.randbelow(64)
    packed = gzip.compress(content, compresslevel=6, mtime=0)
    flags = packed[3] | 0x08  # the FNAME flag says that a file name follows
    return packed[:3] + bytes([flags]) + packed[4:10] + blur + b"\0" + packed[10:]
