"""Views of the site's own pages (home, fixed texts, offline page), and the context of all pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.static import serve

from catalog.market_week import load_weekly_delivery_methods, next_coach, next_market, this_week
from catalog.models import ALL_MONTHS, Category, Listing
from catalog.models.listing import ListingQuerySet
from catalog.search import MAX_PAGEABLE_RESULTS
from catalog.views.product_cards import ProductCard, build_cards
from cooperatives.models import Cooperative, DeliveryMethod
from orders.actions.payments.order_payments import offered_payment_methods
from shop.core.dates.calendar import vietnam_date
from shop.core.models import market_channel, show_in_language
from shop.core.texts.folding import fold
from shop.core.texts.marked_texts import marked
from shop.core.web.public_urls import public_url
from shop.page_context import LARGE, TEXT_SIZE, work_interface

# Legal and help texts, one file per language. The platform must check them before opening.
PAGES = {
    "tro-giup": _("Help and complaints"),
    "dat-hang-tra-tien": _("How to order and pay"),
    "giao-hang": _("Delivery and delivery fees"),
    "doi-tra": _("Returns and refunds"),
    "rieng-tu": _("Your personal data"),
    "quy-che": _("Operating rules"),
}
SEASON_PRODUCTS, FEATURED_PRODUCTS, HOME_COOPERATIVES = 8, 4, 4
# Pages without content for crawlers, and pages that link to endless variations of themselves.
NOT_FOR_CRAWLERS = (
    "catalog:search",
    "orders:basket",
    "orders:checkout",
    "orders:find-order",
    "accounts:home",
    "members:today",
    "desk:home",
    "catalog:wish-list",
    "catalog:follow-market",
)
MACHINES_ONLY = ("/graphql/", "/webhooks/", "/health/")


@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Show the home page: this week's market, products in season, categories, cooperatives."""
    now = timezone.now()
    channel = market_channel()
    listings = Listing.objects.on_sale(channel.pk) if channel else Listing.objects.none()
    cooperatives = list(
        Cooperative.objects.public().select_related("cover").order_by("sort_order", "pk")[:HOME_COOPERATIVES]
    )
    featured_cooperative = cooperatives[0] if cooperatives else None
    of_shelf = (
        listings.for_cooperative(featured_cooperative).newest_first()[:FEATURED_PRODUCTS]
        if featured_cooperative
        else []
    )
    categories = list(Category.objects.roots().shown().select_related("picture"))
    show_in_language(categories, "name")
    show_in_language(cooperatives, "name", "summary")
    delivery_methods = load_weekly_delivery_methods()
    season_cards = build_cards(
        _in_season(listings.filter(is_available=True), vietnam_date(now).month), now=now
    )
    context = {
        "week": this_week(delivery_methods, now=now),
        "headline": [_in_a_sentence(card) for card in season_cards[:2]],
        "season_cards": season_cards,
        "product_count": listings.order_by()[: MAX_PAGEABLE_RESULTS + 1].count(),
        "categories": categories,
        "stalls": [_cooperative_card(cooperative, delivery_methods, now) for cooperative in cooperatives],
        "shelf": featured_cooperative,
        "shelf_cards": build_cards(list(of_shelf), now=now),
    }
    return render(request, "shop/home.html", context)


@require_safe
def show_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a fixed text, or a 404 for unknown slugs."""
    if slug not in PAGES:
        raise Http404
    channel = market_channel()
    context = {
        "heading": PAGES[slug],
        "text": f"shop/pages/{get_language()}/{slug}.html",
        "pages": PAGES,
        "slug": slug,
        "ways_to_pay": offered_payment_methods(channel) if channel else [],
    }
    return render(request, "shop/page.html", context)


@require_safe
def show_offline_page(request: HttpRequest) -> HttpResponse:
    """Show the page for use without a network."""
    return render(request, "offline.html")


def show_server_error(request: HttpRequest) -> HttpResponse:
    """Show the page for server errors, with a way back into the interface that failed.

    It runs no query and no context processor, because either may be what failed.
    """
    page = render_to_string("500.html", {"interface": work_interface(request.path)})
    return HttpResponse(page, status=500)


@csrf_exempt  # a token would make every page personal, and forging this request gains nothing
@require_POST
def set_text_size(request: HttpRequest) -> HttpResponse:
    """Set or clear large text for this browser, then return to the page."""
    next_url = request.POST.get("next", "")
    is_local = url_has_allowed_host_and_scheme(
        next_url, {request.get_host()}, require_https=request.is_secure()
    )
    response = HttpResponseRedirect(next_url if is_local else reverse("home"))
    if request.POST.get("size") == LARGE:
        response.set_cookie(
            TEXT_SIZE,
            LARGE,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    else:
        response.delete_cookie(TEXT_SIZE, samesite="Lax")
    return response


@require_safe
def serve_robots(request: HttpRequest) -> HttpResponse:
    """Return robots.txt, which opens the market and closes baskets, orders and work pages."""
    closed = [path for code, _name in settings.LANGUAGES for path in _closed_to_crawlers(code)]
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in [*closed, *MACHINES_ONLY])]
    lines += ["", f"Sitemap: {public_url(reverse('sitemaps'))}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def serve_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Serve a file of MEDIA_ROOT. Names are never reused for other content, so caches need not revalidate.

    Originals of pictures may contain a location and are never served.
    """
    if "original" in Path(path).parts:
        raise Http404
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _closed_to_crawlers(language: str) -> list[str]:
    with translation.override(language):
        return [reverse(view) for view in NOT_FOR_CRAWLERS]


def _in_season(listings: ListingQuerySet, month: int) -> list[Listing]:
    """Return available products, seasonal ones first, then those of all year."""
    in_season = listings.in_season(month).newest_first()
    seasonal = list(in_season.exclude(product__season=ALL_MONTHS)[:SEASON_PRODUCTS])
    remaining_count = SEASON_PRODUCTS - len(seasonal)
    return seasonal + list(in_season.filter(product__season=ALL_MONTHS)[:remaining_count])


def _in_a_sentence(card: ProductCard) -> str:
    """Return a product's name for a sentence. "Quýt Bạch Thông" becomes "quýt Bạch Thông".

    A translated name keeps its first word as it is if that word is a name, which is then in the Vietnamese
    name and so in the slug.
    """
    if card.name_lang:
        return marked(card.name_lang, card.name)
    first_word = fold(card.name.partition(" ")[0])
    if get_language() != settings.LANGUAGE_CODE and first_word in card.slug.split("-"):
        return card.name
    return card.name[:1].lower() + card.name[1:]


def _cooperative_card(
    cooperative: Cooperative, delivery_methods: Sequence[DeliveryMethod], now: datetime
) -> dict[str, object]:
    """Return a cooperative with its next pickup market and next coach departure."""
    own_methods = [
        delivery_method
        for delivery_method in delivery_methods
        if delivery_method.cooperative_id == cooperative.pk
    ]
    return {
        "cooperative": cooperative,
        "market": next_market(own_methods, now=now),
        "coach": next_coach(own_methods, now=now),
        "is_paused": cooperative.is_paused_on(vietnam_date(now)),
    }
