"""What is to be had when and where: the harvest calendar, a province's page, goods with OCOP stars."""

from __future__ import annotations

import datetime

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.models import ALL_MONTHS, Listing
from catalog.models.listing import ListingQuerySet
from catalog.search import Runs
from catalog.views.cards import cards
from catalog.views.place import all_provinces, selling_provinces
from cooperatives.models import Cooperative
from shop.core.calendar import day_of
from shop.core.models import market_channel, show_in_language
from shop.core.text import slug as in_address

PER_PAGE = 24
SEASONAL = 8  # rows of a province's calendar; the whole of it is one click away
MOST_COOPERATIVES = 40
STARS = (5, 4, 3)


@require_safe
def seasons(request: HttpRequest) -> HttpResponse:
    """The harvest calendar: what has a season, by month and place; this month's first of all."""
    now = timezone.now()
    places = selling_provinces()
    place = next((each for each in places if in_address(each.name) == request.GET.get("noi")), None)
    month = _month(request.GET.get("thang"), now)
    listings = _on_shelf().exclude(product__season=ALL_MONTHS)
    if place is not None:
        listings = listings.filter(product__cooperative__province_code=place.code)
    if month:
        listings = listings.in_season(month)
    runs = Runs(listings.by_name())
    page = Paginator(runs, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "month": month,
        "months": range(1, 13),
        "this_month": day_of(now).month,
        "place": place,
        "places": [(each, in_address(each.name)) for each in places],
        "page": page,
        "cards": cards(list(page.object_list), now=now),
        "is_cut": runs.is_cut,
    }
    return render(request, "catalog/seasons.html", context)


@require_safe
def regions(request: HttpRequest) -> HttpResponse:
    """The provinces from which something is sold here."""
    counted = dict(
        Cooperative.objects.public()
        .exclude(province_code="")
        .order_by()
        .values_list("province_code")
        .annotate(Count("pk"))
    )
    shown = [
        (each, in_address(each.name), counted[each.code]) for each in all_provinces() if each.code in counted
    ]
    return render(request, "catalog/regions.html", {"regions": shown})


@require_safe
def region(request: HttpRequest, slug: str) -> HttpResponse:
    """A province: who sells from there, what, and when it is ripe."""
    now = timezone.now()
    province = next((each for each in all_provinces() if in_address(each.name) == slug), None)
    if province is None:
        raise Http404
    sellers = list(
        Cooperative.objects.public()
        .filter(province_code=province.code)
        .select_related("cover")
        .order_by("sort_order", "pk")[:MOST_COOPERATIVES]
    )
    show_in_language(sellers, "name", "summary")
    month = day_of(now).month
    listings = _on_shelf().filter(product__cooperative__province_code=province.code)
    seasonal = listings.exclude(product__season=ALL_MONTHS).by_name()
    runs = Runs(listings.in_season(month).newest_first(), listings.out_of_season(month).newest_first())
    page = Paginator(runs, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "province": province,
        "slug": slug,
        "cooperatives": sellers,
        "page": page,
        "cards": cards(list(page.object_list), now=now),
        "seasonal": cards(list(seasonal[:SEASONAL]), now=now),
        "this_month": month,
    }
    return render(request, "catalog/region.html", context)


@require_safe
def ocop(request: HttpRequest) -> HttpResponse:
    """What the stars of One Commune One Product mean, and the goods that hold them today."""
    now = timezone.now()
    today = day_of(now)
    sent = request.GET.get("sao", "")
    stars = int(sent) if sent in ("3", "4", "5") else None
    listings = _on_shelf().with_ocop(today, stars=stars)
    runs = Runs(listings.newest_first())
    page = Paginator(runs, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "stars": stars,
        "every_star": STARS,
        "page": page,
        "cards": cards(list(page.object_list), now=now),
        "is_cut": runs.is_cut,
    }
    return render(request, "catalog/ocop.html", context)


def _on_shelf() -> ListingQuerySet:
    channel = market_channel()
    return Listing.objects.on_shelf(channel.pk) if channel else Listing.objects.none()


def _month(sent: str | None, now: datetime.datetime) -> int:
    """The month asked for, 0 for all of them; this one where nothing or nonsense is asked for."""
    if sent is not None and sent.isascii() and sent.isdecimal() and 0 <= int(sent[:3]) <= 12:
        return int(sent[:3])
    return day_of(now).month
