"""What every answer of the shop gets on its way out."""

from __future__ import annotations

import gzip
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import brotli
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

Answer = Callable[[HttpRequest], HttpResponseBase]

_COMPRESSED_TYPES = (
    "text/",
    "application/json",
    "application/manifest+json",
    "application/javascript",
    "application/xml",
    "image/svg+xml",
)
_WORTH_COMPRESSING = 500  # bytes; below that the headers outweigh the gain
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PERMISSIONS = "camera=(self), geolocation=(self), microphone=(), payment=(self), usb=(), browsing-topics=()"


def admit_probes(get_response: Answer) -> Answer:
    """Machines ask for /health/ by an address that is no name of the shop's; that page uses none.

    Everywhere else a name that is not among ALLOWED_HOSTS is refused.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path == "/health/":
            request.META["HTTP_HOST"] = urlsplit(settings.PUBLIC_URL).netloc
        return get_response(request)

    return middleware


def send_heads_alone(get_response: Answer) -> Answer:
    """Who asks for the head of a page (HEAD) is sent no page: servers drop it, with a warning for each."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        answer = get_response(request)
        if request.method == "HEAD" and isinstance(answer, HttpResponse):
            answer.content = b""  # the headers, its length among them, stay those of the page
        return answer

    return middleware


class LeaveOutNul:
    """The sign NUL, which no keyboard writes and PostgreSQL keeps in no text, goes from what a page is asked.

    An address whose path holds it is no page's. What machines send, to doors that ask for no token of a form,
    is left as it came: it has rules of its own, and proofs of its very bytes.
    """

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if "\0" in request.path_info:
            raise Http404
        if "%00" in request.META.get("QUERY_STRING", ""):
            request.GET = _without_nul(request.GET)  # type: ignore[assignment]  # immutable, as it was
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_address: object) -> None:
        is_form = request.method == "POST" and request.content_type in _FORMS
        if is_form and not getattr(view, "csrf_exempt", False):
            request.POST = _without_nul(request.POST)  # type: ignore[assignment]


def _without_nul(asked: QueryDict) -> QueryDict:
    if not any("\0" in each for name, values in asked.lists() for each in (name, *values)):
        return asked
    return QueryDict(asked.urlencode().replace("%00", ""))


def compress_pages(get_response: Answer) -> Answer:
    """Brotli or gzip for text answers, so that no proxy is needed for it.

    Against BREACH (guessing a secret from the length of a page that also repeats a visitor's input): CSRF
    tokens are masked anew in each page, and a page's compressed length is blurred by some tens of bytes.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if not isinstance(response, HttpResponse) or not _worth_compressing(response):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        accepted = {
            part.split(";")[0].strip() for part in request.headers.get("Accept-Encoding", "").split(",")
        }
        if "br" in accepted:
            _replace(response, "br", _brotli(response.content))
        elif "gzip" in accepted:
            _replace(response, "gzip", _gzip(response.content))
        return response

    return middleware


def add_security_headers(get_response: Answer) -> Answer:
    """Headers that Django and django-csp do not set, and caching rules for pages that say nothing of it.

    A page may hold somebody's basket, so nobody but the visitor's own browser keeps it, and that asks again;
    the same address answers HTMX with a part of the page, so caches tell the two apart.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
            patch_vary_headers(response, ["HX-Request"])
        return response

    return middleware


def _worth_compressing(response: HttpResponse) -> bool:
    return (
        not response.has_header("Content-Encoding")
        and response.headers.get("Content-Type", "").startswith(_COMPRESSED_TYPES)
        and len(response.content) >= _WORTH_COMPRESSING
    )


def _replace(response: HttpResponse, encoding: str, content: bytes) -> None:
    if len(content) >= len(response.content):
        return
    response.content = content
    response.headers["Content-Encoding"] = encoding
    response.headers["Content-Length"] = str(len(content))
    etag = response.headers.get("ETag")
    if etag and etag.startswith('"'):
        response.headers["ETag"] = f"W/{etag}"  # the same page, no longer the same bytes


def _brotli(content: bytes) -> bytes:
    """A flush costs some bytes and changes no text: where and how often it happens is left to chance."""
    compressor = brotli.Compressor(quality=5)
    parts = []
    for _ in range(secrets.randbelow(4)):
        cut = secrets.randbelow(len(content) + 1)
        head, content = content[:cut], content[cut:]
        parts += [compressor.process(head), compressor.flush()]
    return b"".join([*parts, compressor.process(content), compressor.finish()])


def _gzip(content: bytes) -> bytes:
    """A gzip header may carry a file name: one of random length blurs how long the page is."""
    blur = b"x" * secrets.randbelow(64)
    packed = gzip.compress(content, compresslevel=6, mtime=0)
    flags = packed[3] | 0x08  # FNAME
    return packed[:3] + bytes([flags]) + packed[4:10] + blur + b"\0" + packed[10:]
