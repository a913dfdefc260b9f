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

from catalog.search import MAX_PAGEABLE_RESULTS
from catalog.search.facet_index import FacetIndex, load_market_facet_index, union_sets
from catalog.search.relevance_tiers import RelevanceTiers
from catalog.search.sort_orders import SortedProducts, SortOrder
from catalog.views.buyer_province import find_selling_provinces
from catalog.views.product_cards import ProductCard, build_cards, load_listings_for_cards
from cooperatives.models import Cooperative
from shop.core.dates.calendar import vietnam_date
from shop.core.geography.division_choices import load_provinces
from shop.core.models import show_in_language
from shop.core.texts.folding import slugify

PER_PAGE = 24
MAX_CALENDAR_ROWS = 8  # the full calendar is linked
MAX_COOPERATIVES = 40
STARS = (5, 4, 3)


@require_safe
def show_seasons(request: HttpRequest) -> HttpResponse:
    """Show the harvest calendar: seasonal products by month and province. The default is this month."""
    now = timezone.now()
    provinces = find_selling_provinces()
    province = next(
        (province for province in provinces if slugify(province.name) == request.GET.get("noi")), None
    )
    month = _parse_month(request.GET.get("thang"), now)
    index = load_market_facet_index()
    harvests = index.seasonal_products(month)
    if province is not None:
        harvests &= index.provinces.get(province.code, BitMap())
    products = SortedProducts(RelevanceTiers(harvests), SortOrder.BY_NAME, index, month=month)
    page = Paginator(products, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "month": month,
        "months": range(1, 13),
        "this_month": vietnam_date(now).month,
        "place": province,
        "places": [(province, slugify(province.name)) for province in provinces],
        "page": page,
        "cards": _build_cards(list(page.object_list), index, now=now),
        "is_total_capped": products.total > MAX_PAGEABLE_RESULTS,
    }
    return render(request, "catalog/seasons.html", context)


@require_safe
def list_regions(request: HttpRequest) -> HttpResponse:
    """Show provinces with a public cooperative."""
    product_counts = dict(
        Cooperative.objects.public()
        .exclude(province_code="")
        .order_by()
        .values_list("province_code")
        .annotate(Count("pk"))
    )
    visible_provinces = [
        (province, slugify(province.name), product_counts[province.code])
        for province in load_provinces()
        if province.code in product_counts
    ]
    return render(request, "catalog/regions.html", {"regions": visible_provinces})


@require_safe
def show_region(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a province's page: cooperatives, products and harvests."""
    now = timezone.now()
    province = next((candidate for candidate in load_provinces() if slugify(candidate.name) == slug), None)
    if province is None:
        raise Http404
    sellers = list(
        Cooperative.objects.public()
        .filter(province_code=province.code)
        .select_related("cover")
        .order_by("sort_order", "pk")[:MAX_COOPERATIVES]
    )
    show_in_language(sellers, "name", "summary")
    month = vietnam_date(now).month
    index = load_market_facet_index()
    product_ids = index.provinces.get(province.code, BitMap())
    harvests = SortedProducts(
        RelevanceTiers(product_ids & index.seasonal_products()), SortOrder.BY_NAME, index, month=month
    )
    page = Paginator(
        SortedProducts(RelevanceTiers(product_ids), SortOrder.SEASON, index, month=month), PER_PAGE
    ).get_page(request.GET.get("page"))
    context = {
        "province": province,
        "slug": slug,
        "cooperatives": sellers,
        "page": page,
        "cards": _build_cards(list(page.object_list), index, now=now),
        "seasonal": _build_cards(harvests[:MAX_CALENDAR_ROWS], index, now=now),
        "this_month": month,
    }
    return render(request, "catalog/region.html", context)


@require_safe
def list_ocop_products(request: HttpRequest) -> HttpResponse:
    """Explain OCOP stars, and list the products that hold them today."""
    now = timezone.now()
    submitted_stars = request.GET.get("sao", "")
    stars = int(submitted_stars) if submitted_stars in ("3", "4", "5") else None
    index = load_market_facet_index()
    product_ids = index.stars.get(stars, BitMap()) if stars else union_sets(index.stars.values())
    products = SortedProducts(
        RelevanceTiers(product_ids), SortOrder.NEWEST, index, month=vietnam_date(now).month
    )
    page = Paginator(products, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "stars": stars,
        "every_star": STARS,
        "page": page,
        "cards": _build_cards(list(page.object_list), index, now=now),
        "is_total_capped": products.total > MAX_PAGEABLE_RESULTS,
    }
    return render(request, "catalog/ocop.html", context)


def _build_cards(
    product_ids: Sequence[int], index: FacetIndex, *, now: datetime.datetime
) -> list[ProductCard]:
    return build_cards(load_listings_for_cards(product_ids, index.channel_id), now=now)


def _parse_month(submitted: str | None, now: datetime.datetime) -> int:
    """Return the requested month, or 0 for all months. This month replaces a missing or invalid one."""
    if (
        submitted is not None
        and submitted.isascii()
        and submitted.isdecimal()
        and 0 <= int(submitted[:3]) <= 12
    ):
        return int(submitted[:3])
    return vietnam_date(now).month
