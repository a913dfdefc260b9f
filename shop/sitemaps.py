"""Sitemap views, cached for an hour.

The cache key is section and page number only, so that other query parameters and host names add no entries.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import index, sitemap
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from shop.core.web.public_urls import public_url

_HOUR = 60 * 60
_PAGE = "p"
Sitemaps = dict[str, type[Sitemap] | Sitemap]  # type: ignore[type-arg]


@require_safe
def serve_sitemap_index(request: HttpRequest, *, sitemaps: Sitemaps) -> HttpResponse:
    """Return the sitemap index with PUBLIC_URL's addresses, for any requested host."""
    return _cached_response(request, "index", "", sitemaps)


@require_safe
def serve_sitemap(request: HttpRequest, *, sitemaps: Sitemaps, section: str) -> HttpResponse:
    number = request.GET.get(_PAGE, "1")
    if section not in sitemaps or not (number.isascii() and number.isdecimal() and len(number) <= 6):
        raise Http404
    return _cached_response(request, section, str(int(number)), sitemaps)


def _cached_response(request: HttpRequest, section: str, number: str, sitemaps: Sitemaps) -> HttpResponse:
    key = f"sitemap:{section}:{number}"
    cached = cache.get(key)
    if cached is None:
        parameters = QueryDict(f"{_PAGE}={number}") if number else QueryDict()
        request.GET = parameters
        response = sitemap(request, sitemaps, section) if number else _index(request, sitemaps)
        cached = response.render().content, dict(response.headers)
        cache.set(key, cached, _HOUR)
    content, headers = cached
    return HttpResponse(content, headers=headers)


def _index(request: HttpRequest, sitemaps: Any) -> TemplateResponse:
    response = index(request, sitemaps, sitemap_url_name="sitemap")
    for section in (response.context_data or {})["sitemaps"]:
        location = urlsplit(section.location)
        section.location = public_url(
            f"{location.path}?{location.query}" if location.query else location.path
        )
    return response
