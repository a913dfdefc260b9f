"""Lists of goods: all of them, one category, what a search finds."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.forms import BY_NAME, CHEAPEST, NEWEST, GoodsFilter
from catalog.models import Category, Listing, Product
from catalog.models.listing import ListingQuerySet
from catalog.search import COUNTED, Runs, find_cooperatives, find_goods, words_of
from catalog.views.cards import cards
from catalog.views.place import all_provinces, chosen_province
from catalog.views.steps import market_step, steps_to
from cooperatives.models import Cooperative
from shop.core.calendar import day_of
from shop.core.models import market_channel, show_in_language
from shop.core.models.geography import Division

PER_PAGE = 24
MOST_COOPERATIVES = 40


@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Everything on sale."""
    categories = list(Category.objects.roots())
    show_in_language(categories, "name")
    return _goods(request, _on_shelf(), {"categories": categories, "steps": [market_step()]})


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """The goods of a category and of all inside it."""
    shown = get_object_or_404(Category, slug=slug)
    inside = list(shown.children.in_order())
    show_in_language([shown, *inside], "name", "description_text")
    context = {"category": shown, "steps": steps_to(shown)[:-1], "categories": inside}
    return _goods(request, _on_shelf().under(shown), context, category=shown)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """What holds the words looked for, however they are written."""
    query = request.GET.get("q", "")
    listings = _on_shelf()
    page = Paginator(find_goods(listings, query), PER_PAGE).get_page(request.GET.get("page"))
    by_id = listings.in_bulk(list(page.object_list))
    found = list(find_cooperatives(query).select_related("cover")[:MOST_COOPERATIVES])
    show_in_language(found, "name", "summary")
    context = {
        "page": page,
        "cards": cards([by_id[key] for key in page.object_list if key in by_id], now=timezone.now()),
        "cooperatives": found,
        "is_cut": page.paginator.count >= COUNTED,
        "search_words": query[:200],
        "has_words": bool(words_of(query)),
    }
    return render(request, "catalog/search.html", context)


def _goods(
    request: HttpRequest,
    listings: ListingQuerySet,
    context: dict[str, Any],
    *,
    category: Category | None = None,
) -> HttpResponse:
    """A filtered, sorted page of goods; HTMX gets the results alone."""
    now = timezone.now()
    provinces = all_provinces()
    province = chosen_province(request, provinces)
    form = GoodsFilter(request.GET, cooperatives=_cooperatives(category), provinces=provinces)
    runs = _sorted(_filtered(listings, form, province), form.chosen("xep"))
    page = Paginator(runs, PER_PAGE).get_page(request.GET.get("page"))
    context |= {
        "form": form,
        "page": page,
        "cards": cards(list(page.object_list), now=now),
        "is_cut": runs.is_cut,
        "province": province,
        "provinces": provinces,
        "chosen_cooperatives": form.chosen("htx") or [],
        "needs_province": bool(form.chosen("giao")) and province is None,
    }
    template = "catalog/products.html#results" if _is_htmx(request) else "catalog/products.html"
    return render(request, template, context)


def _filtered(listings: ListingQuerySet, form: GoodsFilter, province: Division | None) -> ListingQuerySet:
    today = day_of(timezone.now())
    if form.chosen("mua"):
        listings = listings.in_season(today.month)
    if form.chosen("ocop"):
        listings = listings.with_ocop(today)
    if form.chosen("giao") and province is not None:
        listings = listings.delivered_to(province.code)
    if form.chosen("htx"):
        listings = listings.filter(product__cooperative__slug__in=form.chosen("htx"))
    return listings


def _sorted(listings: ListingQuerySet, order: str) -> Runs:
    """In season first unless another order is asked for: nobody pays to stand higher."""
    if order == NEWEST:
        return Runs(listings.newest_first())
    if order == CHEAPEST:
        return Runs(listings.cheapest_first())
    if order == BY_NAME:
        return Runs(listings.by_name())
    month = day_of(timezone.now()).month
    return Runs(listings.in_season(month).newest_first(), listings.out_of_season(month).newest_first())


def _on_shelf() -> ListingQuerySet:
    channel = market_channel()
    return Listing.objects.on_shelf(channel.pk) if channel else Listing.objects.none()


def _cooperatives(category: Category | None) -> list[Cooperative]:
    """Those to choose among: with goods in the category, where one is shown."""
    found = Cooperative.objects.public()
    if category is not None:
        found = found.filter(Exists(Product.objects.under(category).filter(cooperative=OuterRef("pk"))))
    rows = list(found.order_by("sort_order", "pk")[:MOST_COOPERATIVES])
    show_in_language(rows, "name")
    return rows


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
