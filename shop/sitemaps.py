"""Lists of addresses for search engines, each worked out at most once an hour.

They are kept by section and page number alone. Whatever else an address carries, and the name that the shop
was reached by, changes nothing and makes no further entry.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps import views as contrib
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from shop.core.web.public_urls import public_address

_HOUR = 60 * 60
_PAGE = "p"
Sitemaps = dict[str, type[Sitemap] | Sitemap]  # type: ignore[type-arg]


@require_safe
def sitemap_index(request: HttpRequest, *, sitemaps: Sitemaps) -> HttpResponse:
    """Where the lists lie: at the market's own address, whatever name it was asked by."""
    return _kept(request, "index", "", sitemaps)


@require_safe
def sitemap(request: HttpRequest, *, sitemaps: Sitemaps, section: str) -> HttpResponse:
    number = request.GET.get(_PAGE, "1")
    if section not in sitemaps or not (number.isascii() and number.isdecimal() and len(number) <= 6):
        raise Http404
    return _kept(request, section, str(int(number)), sitemaps)


def _kept(request: HttpRequest, section: str, number: str, sitemaps: Sitemaps) -> HttpResponse:
    key = f"sitemap:{section}:{number}"
    kept = cache.get(key)
    if kept is None:
        asked = QueryDict(f"{_PAGE}={number}") if number else QueryDict()
        request.GET = asked
        answer = contrib.sitemap(request, sitemaps, section) if number else _index(request, sitemaps)
        kept = answer.render().content, dict(answer.headers)
        cache.set(key, kept, _HOUR)
    content, headers = kept
    return HttpResponse(content, headers=headers)


def _index(request: HttpRequest, sitemaps: Any) -> TemplateResponse:
    answer = contrib.index(request, sitemaps, sitemap_url_name="sitemap")
    for each in (answer.context_data or {})["sitemaps"]:
        asked = urlsplit(each.location)
        each.location = public_address(f"{asked.path}?{asked.query}" if asked.query else asked.path)
    return answer
