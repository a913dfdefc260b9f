"""Base classes for sitemaps. Each language has one sitemap, with links to the other language."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.urls import reverse
from django.utils import translation

from shop.core.web.public_urls import public_url

_ANY = "any-slug"
_URLS_PER_FILE = 2000  # half a megabyte, far below the protocol's 50,000 URLs


class LanguageSitemap(Sitemap):  # type: ignore[type-arg]
    """Pages of one kind in one language. `items` are pairs of slug and last change, in a fixed order.

    `view` is the URL name. It takes the slug.
    """

    limit = _URLS_PER_FILE
    protocol = urlsplit(settings.PUBLIC_URL).scheme
    view = ""

    def __init__(self, language: str) -> None:
        self.language = language

    def get_urls(
        self, page: int | str = 1, site: object = None, protocol: object = None
    ) -> list[dict[str, object]]:
        rows = self.paginator.page(page).object_list
        return [
            {
                "location": self.address(slug, self.language),
                "lastmod": changed,
                "alternates": [
                    {"lang_code": code, "location": self.address(slug, code)}
                    for code, _name in settings.LANGUAGES
                ],
            }
            for slug, changed in rows
        ]

    def get_latest_lastmod(self) -> datetime.datetime | None:
        """Return None. Subclasses override this if the newest change is cheap to query."""
        return None

    def address(self, slug: str, language: str) -> str:
        return slug_url(self.view, slug, language)


def slug_url(view: str, slug: str, language: str) -> str:
    """Return the absolute URL of a page by its slug, fast enough for a hundred thousand pages."""
    before, after = _url_around_slug(view, language)
    return f"{before}{slug}{after}"


@cache
def _url_around_slug(view: str, language: str) -> tuple[str, str]:
    with translation.override(language):
        before, _slug, after = public_url(reverse(view, args=[_ANY])).rpartition(_ANY)
    return before, after


class NamedPages(LanguageSitemap):
    """Pages with their own URL names: `("page", "doi-tra")`, `("home",)`."""

    def __init__(self, language: str, names: Sequence[tuple[str, ...]]) -> None:
        super().__init__(language)
        self.names = {" ".join(name): name for name in names}

    def items(self) -> list[tuple[str, datetime.datetime | None]]:
        return [(key, None) for key in self.names]

    def address(self, slug: str, language: str) -> str:
        view, *arguments = self.names[slug]
        with translation.override(language):
            return public_url(reverse(view, args=arguments))
