"""The products that a device has seen lately, as a list that pages fetch.

The device keeps their ids (`static/js/recently-seen.js`), so pages are the same for everybody and are cached.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog.views.product_cards import build_cards, load_listings_for_cards
from shop.core.models import market_channel

MAX_SHOWN = 8
_MAX_ID_DIGITS = 18


@require_safe
@never_cache
def list_recently_seen(request: HttpRequest) -> HttpResponse:
    """Show cards of the products `sp` (ids in order) that are still listed, or answer with 204."""
    requested = request.GET.get("sp", "").split(",")[:MAX_SHOWN]
    keys = [int(key) for key in requested if key.isascii() and key.isdigit() and len(key) <= _MAX_ID_DIGITS]
    channel = market_channel()
    listings = load_listings_for_cards(list(dict.fromkeys(keys)), channel.pk) if channel and keys else []
    if not listings:
        return HttpResponse(status=204)
    return render(request, "catalog/recently_seen.html", {"cards": build_cards(listings, now=timezone.now())})
