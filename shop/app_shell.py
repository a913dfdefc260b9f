"""What makes the market an app on a buyer's phone: its manifest and its worker."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shop.core.models import shop_settings
from shop.core.web.build_id import build_id

_BRAND = "#1b2850"
_GROUND = "#f4f5f0"
_SCOPE = "/"  # both languages are one app
# What the page shown without a network is drawn with.
_DRAWN_WITH = (
    *("css/tokens.css", "css/components.css", "js/market.js"),
    *("fonts/bricolage-grotesque-latin-700.woff2", "fonts/bricolage-grotesque-vietnamese-700.woff2"),
    *("illustrations/empty-tray.svg", "illustrations/hem.svg", "illustrations/logo-light.svg"),
)
# Doors with a worker of their own, or with none.
_OTHER_DOORS = ("members:today", "desk:home")


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """How the market is called and drawn on a phone's first screen."""
    name = shop_settings().name
    return JsonResponse(
        {
            "id": _SCOPE,
            "name": name,
            "short_name": name[:12],
            "description": _("Produce and handicraft of the cooperatives of Vietnam's northern mountains."),
            "lang": get_language(),
            "start_url": reverse("home"),
            "scope": _SCOPE,
            "display": "standalone",
            "theme_color": _BRAND,
            "background_color": _GROUND,
            "categories": ["shopping", "food"],
            "icons": [
                _icon("icon-192.png", 192, "any"),
                _icon("icon-512.png", 512, "any"),
                _icon("icon-maskable-512.png", 512, "maskable"),
            ],
            "shortcuts": [
                {"name": _("All goods"), "url": reverse("catalog:products")},
                {"name": _("Basket"), "url": reverse("orders:basket")},
                {"name": _("Find my order"), "url": reverse("orders:find")},
            ],
        },
        content_type="application/manifest+json",
    )


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The script that shows pages seen before, or a page of our own, where there is no network.

    One for both languages: its scope is the whole site. A browser takes a new one when a byte of it differs,
    and its name for what it keeps holds the build, so that pages of an older build are dropped.
    """
    context = {
        "build": build_id(),
        "files": [static(name) for name in _DRAWN_WITH],
        "languages": [_in_language(code) for code, _name in settings.LANGUAGES],
        "other_doors": [path for code, _name in settings.LANGUAGES for path in _paths_of(_OTHER_DOORS, code)],
    }
    answer = render(request, "worker.js", context, content_type="text/javascript")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _in_language(code: str) -> dict[str, str]:
    with translation.override(code):
        return {
            "code": code,
            "home": reverse("home"),
            "offline": reverse("offline"),
            "words": _("No network yet. The page as it was at {hour} on {day}: prices may be others now."),
        }


def _paths_of(views: tuple[str, ...], code: str) -> list[str]:
    with translation.override(code):
        return [reverse(view) for view in views]


def _icon(name: str, size: int, purpose: str) -> dict[str, str]:
    return {
        "src": static(f"illustrations/{name}"),
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": purpose,
    }
