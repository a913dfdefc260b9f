"""The feed of goods, as it was written last."""

from __future__ import annotations

import gzip

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from catalog.actions.feed import feed_path

_RETRY_SECONDS = 600


@require_safe
def google_feed(request: HttpRequest, language: str) -> HttpResponseBase:
    """The feed in a language, sent piece by piece; "come again" while it is written for the first time."""
    if language not in dict(settings.LANGUAGES):
        raise Http404
    path = feed_path(language)
    if not default_storage.exists(path):
        return HttpResponse(status=503, headers={"Retry-After": str(_RETRY_SECONDS)})
    file = default_storage.open(path)
    takes_gzip = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = FileResponse(file if takes_gzip else gzip.GzipFile(fileobj=file), content_type="application/xml")
    if takes_gzip:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Cache-Control"] = f"public, max-age={_RETRY_SECONDS}"
    patch_vary_headers(answer, ["Accept-Encoding"])
    return answer
