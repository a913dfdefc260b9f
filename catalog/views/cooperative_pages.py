"""The list of cooperatives, and each cooperative's profile page."""

from __future__ import annotations

import datetime

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from catalog.models import ALL_MONTHS, Listing, Product
from catalog.models.listing import ListingQuerySet
from catalog.views.breadcrumbs import Breadcrumb, market_breadcrumb
from catalog.views.delivery_estimates import MAX_DAYS_PER_PICKUP_PLACE, DeliveryEstimate
from catalog.views.follow_pages import build_follow_form, find_visitors_follow
from catalog.views.product_cards import build_cards
from cooperatives.models import Certificate, Cooperative, DeliveryMethod, Producer
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel, SharePicture, market_channel, show_in_language
from shop.core.texts.folding import slugify

PER_PAGE = 24
MAX_PRODUCERS = 40
MAX_HARVESTS = 8


@require_safe
def list_cooperatives(request: HttpRequest) -> HttpResponse:
    """Show all public cooperatives."""
    cooperatives = Cooperative.objects.public().select_related("cover").order_by("sort_order", "pk")
    page = Paginator(cooperatives, PER_PAGE).get_page(request.GET.get("page"))
    visible_cooperatives = list(page.object_list)
    show_in_language(visible_cooperatives, "name", "summary")
    return render(
        request,
        "cooperatives/cooperatives.html",
        {"page": page, "cooperatives": visible_cooperatives, "today": vietnam_date(timezone.now())},
    )


@require_safe
def show_cooperative(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a cooperative's profile with its products, harvests, delivery methods and so on."""
    requested_cooperative = get_object_or_404(
        Cooperative.objects.public().select_related("cover", "portrait"), slug=slug
    )
    now = timezone.now()
    today = vietnam_date(now)
    channel = market_channel()
    listings = Listing.objects.on_sale(channel.pk) if channel else Listing.objects.none()
    listings = listings.for_cooperative(requested_cooperative)
    page = Paginator(listings.newest_first(), PER_PAGE).get_page(request.GET.get("page"))
    producers = list(
        Producer.objects.for_cooperative(requested_cooperative)
        .public()
        .select_related("portrait")
        .order_by("pk")[:MAX_PRODUCERS]
    )
    show_in_language([requested_cooperative], "name", "summary", "story", "pause_note")
    show_in_language(producers, "products_made", "place")
    options = _build_delivery_options(requested_cooperative, now=now)
    certificates = _load_certificates(requested_cooperative, channel, today)
    context = {
        "cooperative": requested_cooperative,
        "breadcrumbs": [market_breadcrumb(), Breadcrumb(_("Cooperatives"), reverse("catalog:cooperatives"))],
        "share_picture_path": SharePicture.objects.path_of(requested_cooperative),
        "page": page,
        "cards": build_cards(list(page.object_list), now=now),
        "harvests": _load_harvests(listings),
        "this_month": today.month,
        "pickup_options": [option for option in options if option.delivery_method.is_pickup],
        "shipping_options": [option for option in options if not option.delivery_method.is_pickup],
        "producers": producers,
        "certificates": certificates,
        "has_samples": requested_cooperative.is_sample or any(row.is_sample for row in certificates),
        "is_paused": requested_cooperative.is_paused_on(today),
        "region": slugify(requested_cooperative.province_name) if requested_cooperative.province_code else "",
        "follow_form": build_follow_form(request),
        "followed": find_visitors_follow(request, requested_cooperative),
    }
    return render(request, "cooperatives/cooperative.html", context)


def _load_harvests(listings: ListingQuerySet) -> list[Product]:
    """Return seasonal products, by name."""
    seasonal = listings.exclude(product__season=ALL_MONTHS).by_name()[:MAX_HARVESTS]
    products = [listing.product for listing in seasonal]
    show_in_language(products, "name")
    return products


def _load_certificates(
    cooperative: Cooperative, channel: Channel | None, today: datetime.date
) -> list[Certificate]:
    """Return certificates valid today, with those of their products that buyers can see."""
    visible_products = Product.objects.paused_or_published(channel.pk) if channel else Product.objects.none()
    valid = Certificate.objects.valid_on(today).for_cooperative(cooperative)
    rows = list(
        valid.select_related("picture")
        .prefetch_related(Prefetch("products", visible_products))
        .order_by("kind", "pk")
    )
    show_in_language([product for row in rows for product in row.products.all()], "name")
    return rows


def _build_delivery_options(cooperative: Cooperative, *, now: datetime.datetime) -> list[DeliveryEstimate]:
    methods = list(DeliveryMethod.objects.active_with_terms().filter(cooperative=cooperative))
    show_in_language(methods, "name", "note")
    return [
        DeliveryEstimate(
            delivery_method=method,
            fee=None,
            is_lowest=False,
            times=method.pickup_times(now=now, count=MAX_DAYS_PER_PICKUP_PLACE),
            arrival=method.arrival(now=now),
        )
        for method in methods
    ]
