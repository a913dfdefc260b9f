"""Views of the site's own pages (home, fixed texts, offline page), and the context of all pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse, translate_url
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from django.views.static import serve

from catalog.market_week import next_coach, next_market, this_week, weekly_delivery_methods
from catalog.models import ALL_MONTHS, Category, Listing
from catalog.models.listing import ListingQuerySet
from catalog.search import MAX_RESULTS
from catalog.views.product_cards import ProductCard, build_cards
from cooperatives.models import Cooperative, DeliveryMethod, Membership
from orders.actions.payments.order_payments import offered_payment_methods
from orders.views.current_basket import basket_count
from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date
from shop.core.models import market_channel, shop_settings, show_in_language
from shop.core.texts.marked_texts import marked
from shop.core.web.public_urls import canonical_url, public_url

# Legal and help texts, one file per language; the operator must check them before opening.
PAGES = {
    "tro-giup": _("Help and complaints"),
    "dat-hang-tra-tien": _("How to order and pay"),
    "giao-hang": _("Delivery and delivery fees"),
    "doi-tra": _("Returns and refunds"),
    "rieng-tu": _("Your personal data"),
    "quy-che": _("Operating rules"),
}
SEASON_GOODS, SHELF_GOODS, HOME_COOPERATIVES = 8, 4, 4
# Pages of the account section that the orders app provides, because it knows all of a person's rows.
ACCOUNT_PAGES = {
    "orders:my-data",
    "orders:data-deletion",
    "orders:data-request",
    "orders:data-request-code",
    "orders:addresses",
    "orders:address-new",
    "orders:address",
}
TEXT_SIZE, LARGE = "text_size", "large"  # a cookie and its single value
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}
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
SECTIONS = {
    "home": "home",
    "catalog:products": "goods",
    "catalog:product": "goods",
    "catalog:category": "goods",
    "catalog:search": "goods",
    "catalog:cooperatives": "cooperatives",
    "catalog:cooperative": "cooperatives",
    "catalog:follow": "cooperatives",
    "catalog:regions": "cooperatives",
    "catalog:region": "cooperatives",
    "catalog:ocop": "goods",
    "catalog:back-in-stock": "goods",
    "catalog:seasons": "seasons",
    "catalog:bulletins": "home",
    "catalog:bulletin": "home",
    "catalog:follow-market": "home",
    "catalog:follows": "account",
    "orders:basket": "basket",
    "orders:find-order": "orders",
    "orders:order": "orders",
    "members:today": "members-today",
    "members:parts": "members-parts",
    "members:part": "members-parts",
    "members:listings": "members-listings",
    "members:listing": "members-listings",
    "members:listing-creation": "members-listings",
    "members:stock": "members-listings",
    "members:cash": "members-cash",
    "members:settlements": "members-money",
    "members:settlement": "members-money",
    "members:account": "members-money",
    "desk:home": "desk-home",
    "desk:cooperatives": "desk-cooperatives",
    "desk:cooperative": "desk-cooperatives",
    "desk:document": "desk-cooperatives",
    "desk:listings": "desk-listings",
    "desk:listing": "desk-listings",
    "desk:synonyms": "desk-listings",
    "desk:synonym-set": "desk-listings",
    "desk:certificates": "desk-listings",
    "desk:categories": "desk-listings",
    "desk:category": "desk-listings",
    "desk:orders": "desk-orders",
    "desk:order": "desk-orders",
    "desk:settings": "desk-market",
    "desk:settings-bank-account": "desk-market",
    "desk:settings-deadlines": "desk-market",
    "desk:approvals": "desk-market",
    "desk:second-factors": "desk-market",
    "desk:second-factor-rule": "desk-market",
    "desk:transfers": "desk-transfers",
    "desk:transfers-all": "desk-transfers",
    "desk:transfer": "desk-transfers",
    "desk:bank-statements": "desk-transfers",
    "desk:bank-statement": "desk-transfers",
    "desk:background-work": "desk-background",
    "desk:cards": "desk-cards",
    "desk:cash": "desk-cash",
    "desk:cash-parcels": "desk-cash",
    "desk:cash-remittances": "desk-cash",
    "desk:cash-remittance": "desk-cash",
    "desk:cash-statements": "desk-cash",
    "desk:cash-statement": "desk-cash",
    "desk:cash-problems": "desk-cash",
    **dict.fromkeys(
        ("desk:settlements", "desk:settlement", "desk:payouts", "desk:payout", "desk:ledger", "desk:rates"),
        "desk-settlements",
    ),
    "desk:complaints": "desk-complaints",
    "desk:complaint": "desk-complaints",
    **dict.fromkeys(("desk:customers", "desk:customer"), "desk-customers"),
    **dict.fromkeys(
        ("desk:staff", "desk:staff-account", "desk:roles", "desk:role", "desk:role-creation", "desk:audit"),
        "desk-staff",
    ),
    "desk:cash-shortfalls": "desk-cash",
    **dict.fromkeys(("desk:data-requests", "desk:data-request-days", "desk:data-request"), "desk-data"),
    "desk:refund": "desk-orders",
    "desk:parcel-return": "desk-orders",
    "desk:drafts": "desk-orders",
    "desk:draft": "desk-orders",
    "desk:discounts": "desk-offers",
    "desk:voucher-creation": "desk-offers",
    "desk:voucher": "desk-offers",
    "desk:promotion-creation": "desk-offers",
    "desk:promotion": "desk-offers",
    "reports:index": "reports",
    "reports:sales": "reports",
}


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
        listings.for_cooperative(featured_cooperative).newest_first()[:SHELF_GOODS]
        if featured_cooperative
        else []
    )
    categories = list(Category.objects.roots().shown().select_related("picture"))
    show_in_language(categories, "name")
    show_in_language(cooperatives, "name", "summary")
    delivery_methods = weekly_delivery_methods()
    season_cards = build_cards(
        _in_season(listings.filter(is_available=True), vietnam_date(now).month), now=now
    )
    context = {
        "week": this_week(delivery_methods, now=now),
        "headline": [_in_a_sentence(card) for card in season_cards[:2]],
        "season_cards": season_cards,
        "goods_count": listings.order_by()[: MAX_RESULTS + 1].count(),
        "categories": categories,
        "stalls": [_cooperative_card(cooperative, delivery_methods, now) for cooperative in cooperatives],
        "shelf": featured_cooperative,
        "shelf_cards": build_cards(list(of_shelf), now=now),
    }
    return render(request, "shop/home.html", context)


@require_safe
def show_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a fixed text; 404 for unknown slugs."""
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


@csrf_exempt  # a token would make every page personal; forging this request gains nothing
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


def text_size(request: HttpRequest) -> str:
    """Return `large` if the visitor chose large text, else ""."""
    return LARGE if request.COOKIES.get(TEXT_SIZE) == LARGE else ""


@require_safe
def serve_robots(request: HttpRequest) -> HttpResponse:
    """Return robots.txt: open the market, close baskets, orders and work pages."""
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


def page_context(request: HttpRequest) -> dict[str, object]:
    """Return the base template's context: shop, languages, section, basket.

    Lazy: a response without that template (a fragment, a file) runs no query, and an error page for an
    unknown host does not read the host.
    """
    return {
        "shop": SimpleLazyObject(shop_settings),
        "languages": SimpleLazyObject(lambda: _languages(request)),
        # Templates call it and get text.
        "canonical": lambda: canonical_url(
            request.path, request.GET, get_language() or settings.LANGUAGE_CODE
        ),
        "section": _section(request),
        "text_size": text_size(request),
        "basket_count": SimpleLazyObject(lambda: basket_count(request)),
        "memberships": SimpleLazyObject(lambda: _memberships(request)),
        "way_back": SimpleLazyObject(lambda: _previous_page(request)),
        "is_order_address": "/don-hang/" in request.path,
    }


def _closed_to_crawlers(language: str) -> list[str]:
    with translation.override(language):
        return [reverse(view) for view in NOT_FOR_CRAWLERS]


def _in_season(listings: ListingQuerySet, month: int) -> list[Listing]:
    """Return available products: seasonal ones first, then those of all year."""
    now = listings.in_season(month).newest_first()
    seasonal = list(now.exclude(product__season=ALL_MONTHS)[:SEASON_GOODS])
    remaining_count = SEASON_GOODS - len(seasonal)
    return seasonal + list(now.filter(product__season=ALL_MONTHS)[:remaining_count])


def _in_a_sentence(card: ProductCard) -> str:
    """Return a product's name for a Vietnamese sentence: "Quýt Bạch Thông" becomes "quýt Bạch Thông"."""
    if get_language() != settings.LANGUAGE_CODE:
        return marked(card.name_lang, card.name)
    return card.name[:1].lower() + card.name[1:]


def _cooperative_card(
    cooperative: Cooperative, delivery_methods: Sequence[DeliveryMethod], now: datetime
) -> dict[str, object]:
    """Return a cooperative with its next pickup market and next coach departure."""
    cooperative_products = [
        delivery_method
        for delivery_method in delivery_methods
        if delivery_method.cooperative_id == cooperative.pk
    ]
    return {
        "cooperative": cooperative,
        "market": next_market(cooperative_products, now=now),
        "coach": next_coach(cooperative_products, now=now),
        "is_paused": cooperative.is_paused_on(vietnam_date(now)),
    }


def _languages(request: HttpRequest) -> list[dict[str, object]]:
    current_language = get_language()
    return [
        {
            "code": code,
            "name": LANGUAGE_NAMES[code],
            "is_current": code == current_language,
            "path": translate_url(request.get_full_path(), code),
            "address": canonical_url(request.path, request.GET, code),
        }
        for code, _name in settings.LANGUAGES
    ]


def _section(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return ""
    is_account = match.namespace == "accounts" or match.view_name in ACCOUNT_PAGES
    return "account" if is_account else SECTIONS.get(match.view_name, "")


def _memberships(request: HttpRequest) -> list[Membership]:
    return _memberships_of(request.user.pk) if request.user.is_authenticated else []


@compiled_query
def _memberships_of(user_id: int) -> QuerySet[Membership]:
    active_memberships = Membership.objects.filter(user=user_id, is_active=True)
    return active_memberships.select_related("cooperative").order_by("pk")


def _previous_page(request: HttpRequest) -> str:
    """Return the page of this site that the person came from, for error pages; "" if none."""
    came_from = request.headers.get("Referer", "")
    is_own = url_has_allowed_host_and_scheme(
        came_from, {request.get_host()}, require_https=request.is_secure()
    )
    return came_from if is_own else ""
