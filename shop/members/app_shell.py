"""The members' web app manifest, service worker and offline page."""

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

from catalog.actions.products.variant_rows import UNUSUAL_FACTOR
from catalog.stocktake import IMPLAUSIBLE_FACTOR
from shop.core.web.build_id import build_id
from shop.members.buyer_messages import news_by_language
from shop.members.phone_texts import phone_reasons, phone_texts, sale_units

# Scripts of the screens for work without a network.
_PHONE_SCRIPTS = (
    "vendor/preact.js",
    "vendor/preact-hooks.js",
    "vendor/htm.js",
    "vendor/idb.js",
    "vendor/signals.js",
    "vendor/signals-core.js",
    "js/member/app.js",
    "js/member/addresses.js",
    "js/member/controls.js",
    "js/member/html.js",
    "js/member/parts.js",
    "js/member/pending.js",
    "js/member/phone.js",
    "js/member/photos.js",
    "js/member/pins.js",
    "js/member/products.js",
    "js/member/screens.js",
    "js/member/shared_phone.js",
    "js/member/store.js",
    "js/member/sync.js",
)

# Scripts that load when somebody opens what needs them, and those of drivers. The worker caches them too.
_SCRIPTS_ON_DEMAND = (
    "js/member/buyer_message.js",
    "js/member/cancel.js",
    "js/member/destination.js",
    "js/member/edit_product.js",
    "js/member/good_to_know.js",
    "js/member/handover.js",
    "js/member/handover_codes.js",
    "js/member/label.js",
    "js/member/lots.js",
    "js/member/new_listing.js",
    "js/member/pick_list.js",
    "js/member/review.js",
    "js/member/run.js",
    "js/member/run_store.js",
    "js/member/scale.js",
    "js/member/scan_button.js",
    "js/member/scanner.js",
    "js/member/shortage.js",
    "js/member/stock.js",
    "js/member/substitute.js",
    "js/member/suggestions.js",
    "js/member/switch.js",
    "vendor/qr.js",
    "vendor/qr-decode.js",
)

_BRAND = "#1b2850"
_BACKGROUND = "#f4f5ef"
# Files of the offline page.
_OFFLINE_FILES = (
    "css/tokens.css",
    "css/components.css",
    "css/work.css",
    "css/label.css",
    "js/market.js",
    "js/members.js",
    "js/read_aloud.js",
    "fonts/bricolage-grotesque-700.woff2",
    "illustrations/empty-tray.svg",
    "illustrations/hem.svg",
    "illustrations/logo-light.svg",
    *_PHONE_SCRIPTS,
    *_SCRIPTS_ON_DEMAND,
)


@require_safe
def serve_manifest(request: HttpRequest) -> JsonResponse:
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
def serve_worker(request: HttpRequest) -> HttpResponse:
    """Serve the service worker, which shows the offline page in the address's language, and alerts.

    Browsers with module workers ask for `?module`, which also sends what waits in the background.
    """
    context = {
        "is_module": "module" in request.GET,
        "sync_url": reverse("members:synchronise"),
        "build": build_id(),
        "files": [static(name) for name in _OFFLINE_FILES],
        "icon": static("illustrations/icon-192.png"),
        "languages": [_language_paths(code) for code, _name in settings.LANGUAGES],
    }
    response = render(request, "members/worker.js", context, content_type="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@require_safe
def show_offline_page(request: HttpRequest) -> HttpResponse:
    """Show the page that the service worker keeps for use without a network, with the screens for that."""
    context = {
        "phone_texts": phone_texts(),
        "reasons": phone_reasons(),
        "units": sale_units(),
        "buyer_news": news_by_language(),
        "unusual_factor": UNUSUAL_FACTOR,
        "implausible_factor": IMPLAUSIBLE_FACTOR,
        "build": build_id(),
    }
    return render(request, "members/offline.html", context)


def _language_paths(code: str) -> dict[str, str]:
    with translation.override(code):
        return {"start": reverse("members:today"), "offline": reverse("members:offline")}


def _icon(name: str, size: int, purpose: str) -> dict[str, str]:
    return {
        "src": static(f"illustrations/{name}"),
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": purpose,
    }
