"""The harvest calendar, province pages, and the page of OCOP products."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from pyroaring import BitMap

from catalog.search import COUNTED
from catalog.search.facet_index import Shelf, union
from catalog.search.relevance_tiers import Tiers
from catalog.search.sort_orders import InOrder, Order
from catalog.views.buyer_place import all_provinces, selling_provinces
from catalog.views.product_cards import Card, cards, listings_of
from catalog.views.product_lists import market_shelf
from cooperatives.models import Cooperative
from shop.core.dates.calendar import day_of
from shop.core.models import show_in_language
from shop.core.texts.folding import slug as in_address

PER_PAGE = 24
SEASONAL = 8  # rows of a province's calendar; the full calendar is linked
MOST_COOPERATIVES = 40
STARS = (5, 4, 3)


@require_safe
def seasons(request: HttpRequest) -> HttpResponse:
    """The harvest calendar: seasonal products by month and province; the default is this month."""
    now = timezone.now()
    places = selling_provinces()
    place = next((each for each in places if in_address(each.name) == request.GET.get("noi")), None)
    month = _parse_month(request.GET.get("thang"), now)
    index = market_shelf()
    harvests = _seasonal_products(index, month)
    if place is not None:
        harvests &= index.provinces.get(place.code, BitMap())
    found = InOrder(Tiers(harvests), Order.BY_NAME, index, month=month)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "month": month,
        "months": range(1, 13),
        "this_month": day_of(now).month,
        "place": place,
        "places": [(each, in_address(each.name)) for each in places],
        "page": page,
        "cards": _cards_of(list(page.object_list), index, now=now),
        "is_cut": found.total > COUNTED,
    }
    return render(request, "catalog/seasons.html", context)


@require_safe
def regions(request: HttpRequest) -> HttpResponse:
    """Provinces with a public cooperative."""
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
    """A province's page: cooperatives, products and harvests."""
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
    index = market_shelf()
    goods = index.provinces.get(province.code, BitMap())
    harvests = InOrder(Tiers(goods & _seasonal_products(index)), Order.BY_NAME, index, month=month)
    page = Paginator(InOrder(Tiers(goods), Order.SEASON, index, month=month), PER_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "province": province,
        "slug": slug,
        "cooperatives": sellers,
        "page": page,
        "cards": _cards_of(list(page.object_list), index, now=now),
        "seasonal": _cards_of(harvests[:SEASONAL], index, now=now),
        "this_month": month,
    }
    return render(request, "catalog/region.html", context)


@require_safe
def ocop(request: HttpRequest) -> HttpResponse:
    """Explains OCOP stars, and lists the products that hold them today."""
    now = timezone.now()
    sent = request.GET.get("sao", "")
    stars = int(sent) if sent in ("3", "4", "5") else None
    index = market_shelf()
    goods = index.stars.get(stars, BitMap()) if stars else union(index.stars.values())
    found = InOrder(Tiers(goods), Order.NEWEST, index, month=day_of(now).month)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "stars": stars,
        "every_star": STARS,
        "page": page,
        "cards": _cards_of(list(page.object_list), index, now=now),
        "is_cut": found.total > COUNTED,
    }
    return render(request, "catalog/ocop.html", context)


def _seasonal_products(index: Shelf, month: int = 0) -> BitMap:
    """Seasonal products available in the month, or in any month (0)."""
    all_year = BitMap.intersection(*(index.months.get(each, BitMap()) for each in range(1, 13)))
    return (index.months.get(month, BitMap()) if month else index.goods) - all_year


def _cards_of(product_ids: Sequence[int], index: Shelf, *, now: datetime.datetime) -> list[Card]:
    return cards(listings_of(product_ids, index.channel_id), now=now)


def _parse_month(sent: str | None, now: datetime.datetime) -> int:
    """The requested month, 0 for all; this month if missing or invalid."""
    if sent is not None and sent.isascii() and sent.isdecimal() and 0 <= int(sent[:3]) <= 12:
        return int(sent[:3])
    return day_of(now).month
