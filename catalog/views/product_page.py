"""The page of a product: description, variants, prices, delivery."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.forms import BackInStockForm
from catalog.models import Price, Product, ProductMedia
from catalog.models.listing import Listing
from catalog.pricing import within_order_limit
from catalog.season_labels import month_of_return
from catalog.trace_codes import trace_code
from catalog.unit_labels import unit_label
from catalog.views.back_in_stock import build_back_in_stock_form, paused_product_page
from catalog.views.breadcrumbs import build_breadcrumbs_to
from catalog.views.delivery_estimates import VariantChoice, build_delivery_context, parse_purchase
from catalog.views.product_cards import build_cards
from catalog.views.product_page_queries import (
    select_certificates,
    select_free_quantities,
    select_listings,
    select_media,
    select_prices,
    select_similar_ids,
    select_variant_media,
    select_visible_product,
)
from catalog.views.wish_list_storage import is_wished
from shop.core.dates.calendar import vietnam_date
from shop.core.models import (
    Channel,
    SharePicture,
    ShopSettings,
    market_channel,
    shop_settings,
    show_in_language,
)

MAX_SIMILAR = 4


@require_safe
def show_product(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a listed product's page, or the page of a paused one, or a 404 for anything else."""
    channel = get_channel_or_404()
    requested_product = next(iter(select_visible_product(channel.pk, slug)), None)
    if requested_product is None:
        return paused_product_page(request, slug)
    now = timezone.now()
    settings = shop_settings()
    choices = _load_variant_choices(requested_product, channel, settings)
    variant_context = _build_variant_context(choices)
    purchase = parse_purchase(
        request.GET,
        requested_product,
        choices,
        variant_context["best"],
        shop_limit=settings.limit_quantity_per_checkout,
    )
    variant_media = select_variant_media(requested_product.pk)
    media = _load_ordered_media(requested_product, purchase.choice, variant_media)
    choices = _add_pictures(choices, media, variant_media)
    context = {
        "product": requested_product,
        "cooperative": requested_product.cooperative,
        "currency": channel.currency,
        "choices": choices,
        "purchase": purchase,
        "is_option_requested": purchase.choice is not None
        and request.GET.get("variant") == str(purchase.choice.variant.pk),
        "complaint_days": requested_product.complaint_days(settings.complaint_days),
        **build_delivery_context(request, requested_product, channel, purchase, now=now),
    }
    _show_in_language(requested_product, choices)
    if request.headers.get("HX-Target") == "delivery":
        return render(request, "catalog/product.html#delivery", context)
    context |= variant_context | _build_details_context(request, requested_product, channel, choices, now=now)
    context |= {
        "best": purchase.choice,
        "media": media,
        "trace_code": trace_code(purchase.choice.variant) if purchase.choice else "",
    }
    return render(request, "catalog/product.html", context)


def _build_details_context(
    request: HttpRequest,
    product: Product,
    channel: Channel,
    choices: Sequence[VariantChoice],
    *,
    now: datetime.datetime,
) -> dict[str, Any]:
    """Return template context for what surrounds the purchase, such as certificates and similar products."""
    today = vietnam_date(now)
    return {
        "breadcrumbs": build_breadcrumbs_to(product.category),
        "share_picture_path": SharePicture.objects.path_of(product),
        "certificates": select_certificates(product.pk, today),
        "is_paused": product.cooperative.is_paused_on(today),
        "this_month": today.month,
        "month_of_return": month_of_return(product, today.month),
        "is_wished": is_wished(request, product),
        "has_tax_in_price": channel.prices_entered_with_tax,
        "similar": build_cards(_load_similar_listings(product, channel), now=now),
        "back_in_stock_form": _build_back_in_stock_form(request, product, choices, today=today),
    }


def get_channel_or_404() -> Channel:
    """Return the market's channel. Raises Http404 if there is none yet."""
    channel = market_channel()
    if channel is None:
        raise Http404
    return channel


def _build_variant_context(choices: Sequence[VariantChoice]) -> dict[str, Any]:
    """Return template context for choosing a variant. The first available one is preselected."""
    available = [choice for choice in choices if not choice.is_sold_out]
    shown_choices = available or choices
    return {
        "has_several_units": len({unit_label(choice.variant) for choice in choices}) > 1,
        "best": next(iter(shown_choices), None),
        "cheapest": min(shown_choices, key=lambda choice: choice.price, default=None),
        "has_many_prices": len({choice.price for choice in shown_choices}) > 1,
        "has_wholesale_prices": any(choice.tiers for choice in choices),
        "is_sold_out": not available,
        "has_sold_out_options": len(available) < len(choices),
    }


def _load_variant_choices(product: Product, channel: Channel, settings: ShopSettings) -> list[VariantChoice]:
    """Return the product's variants with a price, in sort order."""
    prices = select_prices(channel.pk, product.pk)
    free = dict(select_free_quantities(channel.pk, channel.default_country, product.pk))
    for price in prices:
        price.variant.product = product
    return [_variant_choice(price, free.get(price.variant_id, 0), settings) for price in prices]


def _variant_choice(price: Price, free: int, settings: ShopSettings) -> VariantChoice:
    variant, selling = price.variant, price.selling_price or 0
    list_price = price.amount if price.amount != selling else None
    tiers = within_order_limit(
        price.wholesale_tiers, variant.order_limit(settings.limit_quantity_per_checkout)
    )
    tiers = [tier for tier in tiers if tier.amount <= selling]
    units_left = max(free, 0) if variant.track_inventory else None
    low_stock_at = variant.low_stock_threshold(variant.product.cooperative)
    return VariantChoice(
        variant=variant,
        price=selling,
        list_price=list_price,
        units_left=units_left,
        low_stock_at=low_stock_at,
        tiers=tiers,
    )


def _load_ordered_media(
    product: Product, choice: VariantChoice | None, variant_media: Iterable[tuple[int, int]]
) -> list[ProductMedia]:
    """Return the product's pictures in order. Pictures of the chosen variant come first."""
    rows = select_media(product.pk)
    if choice is None:
        return rows
    of_choice = {media_id for variant_id, media_id in variant_media if variant_id == choice.variant.pk}
    return sorted(rows, key=lambda row: row.pk not in of_choice)


def _add_pictures(
    choices: Sequence[VariantChoice],
    media: Sequence[ProductMedia],
    variant_media: Iterable[tuple[int, int]],
) -> list[VariantChoice]:
    """Add to each variant its own picture, if it has one."""
    positions = {row.pk: position for position, row in enumerate(media, start=1)}
    views: dict[int, int] = {}
    for variant_id, media_id in variant_media:
        if media_id in positions:
            views[variant_id] = min(positions[media_id], views.get(variant_id, len(media)))
    return [
        replace(choice, view=views[choice.variant.pk], picture=media[views[choice.variant.pk] - 1].picture)
        if choice.variant.pk in views
        else choice
        for choice in choices
    ]


def _build_back_in_stock_form(
    request: HttpRequest, product: Product, choices: Sequence[VariantChoice], *, today: datetime.date
) -> BackInStockForm | None:
    """Return the back-in-stock form, or None if every variant can be ordered and it is in season."""
    sold_out_variants = [choice.variant for choice in choices if choice.is_sold_out]
    if (
        not sold_out_variants
        and not product.cooperative.is_paused_on(today)
        and today.month in product.months
    ):
        return None
    variants = [choice.variant for choice in choices]
    return build_back_in_stock_form(
        request,
        sold_out_variants or variants,
        may_choose_any_variant=len(sold_out_variants) in (0, len(variants)),
    )


def _load_similar_listings(product: Product, channel: Channel) -> list[Listing]:
    """Return other available products of the same category, newest first."""
    if product.category_id is None:
        return []
    keys = select_similar_ids(channel.pk, product.category_id, product.pk, limit=MAX_SIMILAR)
    listings = select_listings(channel.pk, keys) if keys else []
    for listing in listings:
        listing.channel = channel  # saves the query for the channel
    return listings


def _show_in_language(product: Product, choices: Sequence[VariantChoice]) -> None:
    show_in_language(
        [product],
        "name",
        "description_text",
        "origin",
        "ingredients",
        "packaging",
        "shelf_life",
        "storage",
        "return_terms",
        "season_note",
    )
    show_in_language([product.cooperative], "name", "summary", "return_terms", "pause_note")
    show_in_language([product.producer] if product.producer else [], "place")
    show_in_language([choice.variant for choice in choices], "name")
