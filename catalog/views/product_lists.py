"""Pages that list all products, a category or search results, and search suggestions."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.models import Category, MergedCategory, Product
from catalog.search.facet_index import FacetIndex, load_market_facet_index
from catalog.search.market_search import MarketSearch, search_market
from catalog.search.name_search import find_categories, find_places
from catalog.search.nearest_products import find_nearest_products
from catalog.search.product_search import MAX_PAGEABLE_RESULTS
from catalog.search.query_words import build_query_words, decoded_query, typed_words
from catalog.search.relevance_tiers import RelevanceTiers
from catalog.search.search_suggestions import find_search_suggestions
from catalog.search.sort_orders import SortedProducts, SortOrder
from catalog.views import filter_labels
from catalog.views.breadcrumbs import build_breadcrumbs_to, market_breadcrumb
from catalog.views.buyer_province import remember_chosen_province
from catalog.views.filter_suggestions import applied_filters, find_shorter_queries, relaxed_filters
from catalog.views.product_cards import ProductCard, build_cards, load_listings_for_cards
from catalog.views.product_filters import DELIVERED, ProductFilters
from cooperatives.models import Cooperative, DeliveryRate
from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date
from shop.core.geography.division_choices import load_provinces
from shop.core.models import show_in_language
from shop.core.models.geography import Division
from shop.core.texts.folding import fold, words_with_diacritics

PER_PAGE = 24
MAX_SEASONAL_PRODUCTS = 4
MAX_NEAREST_PRODUCTS = 8
LITERAL_PARAMETER = "dungchu"  # asks for the words as typed
MAX_OTHER_MATCHES_PER_KIND = 6


@require_safe
def list_products(request: HttpRequest) -> HttpResponse:
    """Show all listed products."""
    categories = _root_categories()
    show_in_language(categories, "name")
    index = load_market_facet_index()
    return _render_products(
        request,
        index,
        RelevanceTiers(index.product_ids),
        subcategories=categories,
        breadcrumbs=[market_breadcrumb()],
    )


@require_safe
def show_category(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the products of a category and its descendants, or a 404 if it is hidden."""
    requested_category = Category.objects.filter(slug=slug).first()
    if requested_category is None:
        merged_category = get_object_or_404(MergedCategory.objects.select_related("into"), slug=slug)
        return redirect("catalog:category", merged_category.into.slug, permanent=True)
    if not requested_category.is_shown:
        raise Http404
    subcategories = list(requested_category.children.shown().in_order())
    show_in_language([requested_category, *subcategories], "name", "description_text")
    index = load_market_facet_index()
    product_ids = filter_labels.find_products_by_category([requested_category], index)[
        requested_category.slug
    ]
    return _render_products(
        request,
        index,
        RelevanceTiers(product_ids),
        subcategories=subcategories,
        category=requested_category,
        breadcrumbs=build_breadcrumbs_to(requested_category)[:-1],
    )


@require_safe
def search_products_page(request: HttpRequest) -> HttpResponse:
    """Show the products that match a search."""
    query = request.GET.get("q", "")
    index = load_market_facet_index()
    is_literal = request.GET.get(LITERAL_PARAMETER) == "1"
    search_result = search_market(query, index, is_literal=is_literal)
    words = build_query_words(query)
    decoded = "" if is_literal or search_result.landing else decoded_query(words)
    has_words = bool(words)
    is_found = bool(search_result.tiers.product_ids)
    context = {
        "is_search": True,
        "search_words": query[:200],
        "has_words": has_words,
        "has_one_word": len(words) == 1,
        "corrected_query": _read_with_diacritics(search_result.corrected_query, query, search_result.tiers),
        "decoded_query": _read_with_diacritics(decoded, query, search_result.tiers),
        "is_literal": is_literal,
        "has_only_mentions": is_found and search_result.has_only_mentions,
        "landing": search_result.landing,
        "other_matches": _find_other_matches(search_result, index)
        if has_words and not _is_htmx(request)
        else None,
    }
    if has_words and not is_found:
        nearest = find_nearest_products(query, index)
        context |= {
            "shorter_queries": find_shorter_queries(query, index),
            "missing_words": nearest.missing_words,
            "is_every_word_missing": len(nearest.missing_words) == len(words),
            **_build_browsing_aids(index),
        }
        if nearest.tiers.product_ids:
            context["nearest_cards"] = _build_nearest_cards(nearest.tiers, index)
    categories = _root_categories() if is_found else []
    show_in_language(categories, "name")
    return _render_products(
        request,
        index,
        search_result.tiers,
        subcategories=categories,
        searched_words=[word.folded for word in words],
        **context,
    )


@require_safe
def suggest_searches(request: HttpRequest) -> HttpResponse:
    """Suggest products, categories, cooperatives and places for the text typed so far."""
    query = request.GET.get("q", "")
    result = find_search_suggestions(query, load_market_facet_index())
    return render(request, "catalog/suggestions.html", {"found": result, "search_words": query[:200]})


def _render_products(
    request: HttpRequest,
    index: FacetIndex,
    tiers: RelevanceTiers,
    *,
    subcategories: Sequence[Category],
    searched_words: Collection[str] = (),
    **context: object,
) -> HttpResponse:
    """Render a filtered, sorted page of products. HTMX requests get only the changed fragment."""
    now = timezone.now()
    month = vietnam_date(now).month
    provinces = load_provinces()
    province = remember_chosen_province(request, provinces)
    filters = ProductFilters(
        request.GET,
        tiers.product_ids,
        index,
        month=month,
        subcategories=subcategories,
        delivering_cooperative_ids=_find_delivering_cooperatives(index, province),
        paused_cooperative_ids=_paused_cooperatives(vietnam_date(now)),
    )
    order = _sort_order(request, is_search=bool(context.get("is_search")))
    matching_tiers = tiers.among(filters.selection.product_ids)
    sorted_products = SortedProducts(
        matching_tiers, order, index, month=month, province_code=province.code if province else ""
    )
    page = Paginator(sorted_products, PER_PAGE).get_page(request.GET.get("page"))
    context |= {
        "page": page,
        "cards": build_cards(
            load_listings_for_cards(list(page.object_list), index.channel_id),
            searched_words=searched_words,
            now=now,
        ),
        "total": sorted_products.total,
        "is_total_capped": sorted_products.total > MAX_PAGEABLE_RESULTS,
        "max_total": MAX_PAGEABLE_RESULTS,
        **_build_filters_context(request, filters, has_results=bool(sorted_products.total)),
        "sort_order": order,
        "sort_orders": filter_labels.sort_order_choices(is_search=bool(context.get("is_search"))),
        "province": province,
        "provinces": provinces,
        "is_change": _is_htmx(request),
        "needs_province": province is None
        and (order == SortOrder.NEAREST or bool(request.GET.get(DELIVERED))),
    }
    template = "catalog/products.html#changes" if _is_htmx(request) else "catalog/products.html"
    return render(request, template, context)


def _build_filters_context(
    request: HttpRequest, filters: ProductFilters, *, has_results: bool
) -> dict[str, object]:
    """Return the filters to choose from, the chosen ones and, if there are no results, those to remove."""
    facets = filters.facets()
    return {
        "has_products": bool(filters.selection.all_product_ids),
        "inside": filters.branches(),
        "toggles": filters.toggles(),
        "facets": facets,
        "filters": filters,
        "chosen": applied_filters(filters, facets, request.GET),
        "loosened": [] if has_results else relaxed_filters(filters, facets, request.GET),
    }


def _find_other_matches(search: MarketSearch, index: FacetIndex) -> dict[str, object]:
    """Return matching categories, places and cooperatives, except the one shown above them."""
    landing = search.landing
    shown_divisions = {landing.province, landing.cooperative} if landing else set()
    places = find_places(search.readings, index, MAX_OTHER_MATCHES_PER_KIND)
    return {
        "categories": find_categories(search.readings, MAX_OTHER_MATCHES_PER_KIND),
        "places": [place for place in places if place.division not in shown_divisions],
        "cooperatives": [row for row in search.cooperatives if row not in shown_divisions],
    }


def _build_browsing_aids(index: FacetIndex) -> dict[str, object]:
    """Return the content of an empty result: categories with products, and products in season."""
    now = timezone.now()
    categories = _root_categories()
    show_in_language(categories, "name")
    counts = filter_labels.find_products_by_category(categories, index)
    month = vietnam_date(now).month
    seasonal = SortedProducts(
        RelevanceTiers(index.seasonal_products(month)), SortOrder.NEWEST, index, month=month
    )
    return {
        "aid_categories": [(row, len(counts[row.slug])) for row in categories if counts[row.slug]],
        "aid_cards": build_cards(
            load_listings_for_cards(seasonal[:MAX_SEASONAL_PRODUCTS], index.channel_id), now=now
        ),
    }


def _build_nearest_cards(tiers: RelevanceTiers, index: FacetIndex) -> list[ProductCard]:
    """Return cards of the first of these products, in each tier those in stock before others."""
    now = timezone.now()
    ordered = SortedProducts(tiers, SortOrder.RELEVANCE, index, month=vietnam_date(now).month)
    return build_cards(load_listings_for_cards(ordered[:MAX_NEAREST_PRODUCTS], index.channel_id), now=now)


def _read_with_diacritics(words: str, query: str, tiers: RelevanceTiers) -> str:
    """Return the words as the newest product's name spells them, others as typed. Empty without a match."""
    if not words or not tiers.product_ids:
        return ""
    product_ids = next(iter(tiers))
    name = Product.objects.filter(pk=product_ids.max()).values_list("name", flat=True).first() or ""
    spelled = words_with_diacritics(name)
    marked = {fold(word): word for word in (*typed_words(query), *spelled)}
    marked |= {fold(typed + other): f"{typed} {other}" for typed, other in pairwise(spelled)}
    return " ".join(marked.get(word, word) for word in words.split())


def _find_delivering_cooperatives(index: FacetIndex, province: Division | None) -> list[int] | None:
    """Return ids of cooperatives that ship to the province, pickup excluded, or None if it is unknown."""
    return None if province is None else _cooperatives_shipping_to(index.channel_id, ["", province.code])


@compiled_query
def _root_categories() -> QuerySet[Category]:
    return Category.objects.roots().shown().only("slug", "name", "path")


@compiled_query
def _cooperatives_shipping_to(channel_id: int, province_codes: Collection[str]) -> QuerySet[Any, int]:
    rates = DeliveryRate.objects.filter(
        channel=channel_id,
        delivery_method__is_active=True,
        delivery_method__warehouse=None,
        province_code__in=province_codes,
    )
    return rates.order_by().values_list("delivery_method__cooperative", flat=True).distinct()


@compiled_query
def _paused_cooperatives(day: datetime.date) -> QuerySet[Any, int]:
    return Cooperative.objects.paused_on(day).order_by().values_list("pk", flat=True)


def _sort_order(request: HttpRequest, *, is_search: bool) -> SortOrder:
    """Return the requested sort order. The default is relevance for searches and season for lists."""
    default = SortOrder.RELEVANCE if is_search else SortOrder.SEASON
    requested = request.GET.get("xep", "")
    allowed_orders = [order for order in SortOrder if is_search or order != SortOrder.RELEVANCE]
    return SortOrder(requested) if requested in allowed_orders else default


def _is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
