"""The web app manifest and the service worker of the market."""

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
_BACKGROUND = "#f4f5f0"
_SCOPE = "/"  # both languages are one app
# Files of the offline page.
_OFFLINE_FILES = (
    "css/tokens.css",
    "css/components.css",
    "js/market.js",
    "fonts/bricolage-grotesque-700.woff2",
    "illustrations/empty-tray.svg",
    "illustrations/hem.svg",
    "illustrations/logo-light.svg",
)
# Interfaces with their own service worker, or without one.
_OTHER_INTERFACES = ("members:today", "desk:home")
_SIGN_INS_AND_OUTS = ("accounts:sign-in", "accounts:register", "accounts:sign-out")


@require_safe
def serve_manifest(request: HttpRequest) -> JsonResponse:
    """Return the web app manifest: name, icons and shortcuts on a phone's home screen."""
    name = shop_settings().name
    return JsonResponse(
        {
            "id": _SCOPE,
            "name": name,
            "short_name": name[:12],
            "description": _(
                "Produce and handicrafts from the cooperatives of Vietnam's northern mountains."
            ),
            "lang": get_language(),
            "start_url": reverse("home"),
            "scope": _SCOPE,
            "display": "standalone",
            "theme_color": _BRAND,
            "background_color": _BACKGROUND,
            "categories": ["shopping", "food"],
            "icons": [
                _icon("icon-192.png", 192, "any"),
                _icon("icon-512.png", 512, "any"),
                _icon("icon-maskable-512.png", 512, "maskable"),
            ],
            "shortcuts": [
                {"name": _("All products"), "url": reverse("catalog:products")},
                {"name": _("Basket"), "url": reverse("orders:basket")},
                {"name": _("Find my order"), "url": reverse("orders:find-order")},
            ],
        },
        content_type="application/manifest+json",
    )


@require_safe
def serve_worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker, which shows visited pages or an offline page if there is no network.

    One worker serves both languages, because its scope is the whole site. Browsers update it when a byte
    differs. Its cache name contains the build id, so that pages of an older build are dropped.
    """
    context = {
        "build": build_id(),
        "files": [static(name) for name in _OFFLINE_FILES],
        "languages": [_language_texts(code) for code, _name in settings.LANGUAGES],
        "other_doors": [
            path for code, _name in settings.LANGUAGES for path in _view_paths(_OTHER_INTERFACES, code)
        ],
        "sign_ins_and_outs": [
            path for code, _name in settings.LANGUAGES for path in _view_paths(_SIGN_INS_AND_OUTS, code)
        ],
    }
    response = render(request, "worker.js", context, content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _language_texts(code: str) -> dict[str, str]:
    with translation.override(code):
        return {
            "code": code,
            "home": reverse("home"),
            "offline": reverse("offline"),
            "words": _("You are offline. This page was saved at {hour} on {day}: prices may have changed."),
            "own_words": _("You are offline. This page was saved at {hour} on {day}."),
        }


def _view_paths(views: tuple[str, ...], code: str) -> list[str]:
    with translation.override(code):
        return [reverse(view) for view in views]


def _icon(name: str, size: int, purpose: str) -> dict[str, str]:
    return {
        "src": static(f"illustrations/{name}"),
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": purpose,
    }
