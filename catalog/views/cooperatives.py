"""Cooperatives as buyers meet them: the list, and each one's stall."""

from __future__ import annotations

import datetime

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.models import Listing
from catalog.views.cards import cards
from catalog.views.delivery import Offer
from catalog.views.steps import market_step
from cooperatives.models import Certificate, Cooperative, DeliveryWay, Producer
from shop.core.calendar import day_of
from shop.core.models import SharePicture, market_channel, show_in_language

PER_PAGE = 24


@require_safe
def cooperatives(request: HttpRequest) -> HttpResponse:
    """Everybody who sells here."""
    rows = Cooperative.objects.public().select_related("cover").order_by("sort_order", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    show_in_language(shown, "name", "summary")
    return render(
        request,
        "cooperatives/cooperatives.html",
        {"page": page, "cooperatives": shown, "today": day_of(timezone.now())},
    )


@require_safe
def cooperative(request: HttpRequest, slug: str) -> HttpResponse:
    """One cooperative: its goods, its story, where it hands them over, its papers."""
    shown = get_object_or_404(Cooperative.objects.public().select_related("cover"), slug=slug)
    now = timezone.now()
    channel = market_channel()
    listings = Listing.objects.on_shelf(channel.pk) if channel else Listing.objects.none()
    listings = listings.for_cooperative(shown).newest_first()
    page = Paginator(listings, PER_PAGE).get_page(request.GET.get("page"))
    show_in_language([shown], "name", "summary", "story", "pause_note")
    context = {
        "cooperative": shown,
        "steps": [market_step(), (_("Cooperatives"), reverse("catalog:cooperatives"))],
        "shared": SharePicture.objects.path_of(shown),
        "page": page,
        "cards": cards(list(page.object_list), now=now),
        "offers": _offers(shown, now=now),
        "producers": list(Producer.objects.filter(cooperative=shown).order_by("pk")[:12]),
        "certificates": list(
            Certificate.objects.valid_on(day_of(now))
            .filter(cooperative=shown)
            .prefetch_related("products")
            .order_by("kind", "pk")
        ),
        "is_paused": shown.is_paused_on(day_of(now)),
    }
    return render(request, "cooperatives/cooperative.html", context)


def _offers(cooperative: Cooperative, *, now: datetime.datetime) -> list[Offer]:
    ways = list(DeliveryWay.objects.offered().filter(cooperative=cooperative))
    show_in_language(ways, "name", "note")
    return [Offer(way, None, False, way.pickup_times(now=now, count=2)) for way in ways]
