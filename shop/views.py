"""The site's own pages: front page, fixed texts, what is shown without a network; and the frame of all pages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import translate_url
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, gettext_lazy as _
from django.views.decorators.http import require_safe

from cooperatives.models import Membership
from shop.core.models import shop_settings

# Texts that the law or the buyer asks for, one file per language; the operator checks them before opening.
PAGES = {
    "tro-giup": _("Help and complaints"),
    "dat-hang-tra-tien": _("How to order and pay"),
    "giao-hang": _("Delivery and its cost"),
    "doi-tra": _("Returns and refunds"),
    "rieng-tu": _("Your personal data"),
    "quy-che": _("Operating rules"),
}
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}
SECTIONS = {
    "home": "home",
    "catalog:products": "goods",
    "catalog:product": "goods",
    "catalog:category": "goods",
    "catalog:search": "goods",
    "catalog:cooperatives": "cooperatives",
    "catalog:cooperative": "cooperatives",
    "orders:basket": "basket",
    "orders:find": "orders",
    "orders:order": "orders",
    "members:today": "members-today",
    "members:parts": "members-parts",
    "members:part": "members-parts",
    "members:listings": "members-listings",
    "members:listing": "members-listings",
    "members:listing-new": "members-listings",
    "members:stock": "members-listings",
    "desk:home": "desk-home",
    "desk:cooperatives": "desk-cooperatives",
    "desk:cooperative": "desk-cooperatives",
    "desk:listings": "desk-listings",
    "desk:listing": "desk-listings",
    "desk:orders": "desk-orders",
    "desk:order": "desk-orders",
    "reports:index": "reports",
    "reports:sales": "reports",
}


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """One of the fixed texts; 404 for any other word."""
    if slug not in PAGES:
        raise Http404
    text = f"shop/pages/{get_language()}/{slug}.html"
    return render(request, "shop/page.html", {"heading": PAGES[slug], "text": text, "pages": PAGES, "slug": slug})


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What the installed app shows when there is no network."""
    return render(request, "offline.html")


def frame(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame shows: the shop, the languages, where one is, what lies in the basket.

    Lazy: a page that shows no frame (a partial, a file) asks the database nothing.
    """
    return {
        "shop": SimpleLazyObject(shop_settings),
        "languages": _languages(request),
        "canonical": request.build_absolute_uri(request.path),
        "section": _section(request),
        "memberships": SimpleLazyObject(lambda: _memberships(request)),
        "way_back": _way_back(request),
    }


def _languages(request: HttpRequest) -> list[dict[str, Any]]:
    here = get_language()
    return [
        {
            "code": code,
            "name": LANGUAGE_NAMES[code],
            "is_current": code == here,
            "path": translate_url(request.get_full_path(), code),
            "address": request.build_absolute_uri(translate_url(request.path, code)),
        }
        for code, _name in settings.LANGUAGES
    ]


def _section(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return ""
    return "account" if match.namespace == "accounts" else SECTIONS.get(match.view_name, "")


def _memberships(request: HttpRequest) -> list[Membership]:
    if not request.user.is_authenticated:
        return []
    mine = Membership.objects.filter(user=request.user.pk, is_active=True)
    return list(mine.select_related("cooperative").order_by("pk"))


def _way_back(request: HttpRequest) -> str:
    """The page of ours that the person came from, for pages that say what went wrong; empty if none."""
    came_from = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return came_from if ours else ""
