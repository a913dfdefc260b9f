"""Serve the last generated product feed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import partial

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from catalog.actions.marketing.product_feed import feed_path

_RETRY_SECONDS = 600
_CHUNK_BYTES = 64 * 1024


@require_safe
def serve_google_feed(request: HttpRequest, language: str) -> HttpResponseBase:
    """Stream the feed in a language, or answer 503 with Retry-After until it has been generated once."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    path = feed_path(language)
    if not default_storage.exists(path):
        return HttpResponse(status=503, headers={"Retry-After": str(_RETRY_SECONDS)})
    response: HttpResponseBase
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response = FileResponse(default_storage.open(path), content_type="application/xml")
        response.headers["Content-Encoding"] = "gzip"
    else:
        # This is no FileResponse, because servers may send a file by its descriptor, and this file is
        # compressed.
        response = StreamingHttpResponse(_read_decompressed(path), content_type="application/xml")
    response.headers["Cache-Control"] = f"public, max-age={_RETRY_SECONDS}"
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


def _read_decompressed(path: str) -> Iterator[bytes]:
    with default_storage.open(path) as file, gzip.GzipFile(fileobj=file) as unpacked:
        yield from iter(partial(unpacked.read, _CHUNK_BYTES), b"")
