"""The feed of goods, as it was written last."""

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
_AT_ONCE = 64 * 1024  # bytes


@require_safe
def google_feed(request: HttpRequest, language: str) -> HttpResponseBase:
    """The feed in a language, sent piece by piece; "come again" while it is written for the first time."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    path = feed_path(language)
    if not default_storage.exists(path):
        return HttpResponse(status=503, headers={"Retry-After": str(_RETRY_SECONDS)})
    answer: HttpResponseBase
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        answer = FileResponse(default_storage.open(path), content_type="application/xml")
        answer.headers["Content-Encoding"] = "gzip"
    else:
        # Not as a file: servers send those by their descriptor, which is that of what is packed.
        answer = StreamingHttpResponse(_unpacked(path), content_type="application/xml")
    answer.headers["Cache-Control"] = f"public, max-age={_RETRY_SECONDS}"
    patch_vary_headers(answer, ["Accept-Encoding"])
    return answer


def _unpacked(path: str) -> Iterator[bytes]:
    with default_storage.open(path) as file, gzip.GzipFile(fileobj=file) as unpacked:
        yield from iter(partial(unpacked.read, _AT_ONCE), b"")
