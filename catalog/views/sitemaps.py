"""Sitemaps of the public pages."""

from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.db.models import Max, QuerySet

from catalog.models import Category, Listing
from catalog.views.buyer_province import find_selling_provinces
from cooperatives.models import Cooperative
from shop.core.models import market_channel
from shop.core.texts.folding import slugify
from shop.core.web.sitemaps import LanguageSitemap


class ProductSitemap(LanguageSitemap):
    """Listed products."""

    view = "catalog:product"

    def items(self) -> Any:
        return _visible_listings().order_by("product").values_list("product__slug", "product__updated_at")

    def get_latest_lastmod(self) -> datetime.datetime | None:
        newest: datetime.datetime | None = _visible_listings().aggregate(at=Max("product__updated_at"))["at"]
        return newest


class CategorySitemap(LanguageSitemap):
    """Categories that are not hidden."""

    view = "catalog:category"

    def items(self) -> Any:
        return Category.objects.shown().order_by("pk").values_list("slug", "updated_at")


class CooperativeSitemap(LanguageSitemap):
    """Profile pages of cooperatives."""

    view = "catalog:cooperative"

    def items(self) -> Any:
        return Cooperative.objects.public().order_by("pk").values_list("slug", "updated_at")


class ProvinceSitemap(LanguageSitemap):
    """Provinces with a public cooperative."""

    view = "catalog:region"

    def items(self) -> list[tuple[str, None]]:
        return [(slugify(province.name), None) for province in find_selling_provinces()]


def sitemaps() -> dict[str, LanguageSitemap]:
    """Return the sitemaps of products, categories, cooperatives and regions in each language, by name."""
    return {
        f"{section}-{language}": kind(language)
        for section, kind in (
            ("products", ProductSitemap),
            ("categories", CategorySitemap),
            ("cooperatives", CooperativeSitemap),
            ("regions", ProvinceSitemap),
        )
        for language, _name in settings.LANGUAGES
    }


def _visible_listings() -> QuerySet[Listing]:
    channel = market_channel()
    return (Listing.objects.on_sale(channel.pk) if channel else Listing.objects.none()).select_related(None)
