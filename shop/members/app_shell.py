"""The members' web app manifest and service worker."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

_BRAND = "#1b2850"
_BACKGROUND = "#f4f5ef"


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """Serve the web app manifest: name, colours and icons on a phone's home screen."""
    start = reverse("members:today")
    return JsonResponse(
        {
            "id": start,
            "name": _("Chợ Phiên for members"),
            "short_name": "Chợ Phiên",
            "lang": get_language(),
            "start_url": start,
            "scope": start,
            "display": "standalone",
            "theme_color": _BRAND,
            "background_color": _BACKGROUND,
            "icons": [
                _icon("icon-192.png", 192, "any"),
                _icon("icon-512.png", 512, "any"),
                _icon("icon-maskable-512.png", 512, "maskable"),
            ],
        },
        content_type="application/manifest+json",
    )


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """Serve the service worker, which shows our own page while offline."""
    response = render(request, "members/worker.js", content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _icon(name: str, size: int, purpose: str) -> dict[str, str]:
    return {
        "src": static(f"illustrations/{name}"),
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": purpose,
    }
