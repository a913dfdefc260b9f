"""One product: what it is, what it costs, how and where it can be had."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from catalog.models import Category, Price, Product, ProductMedia, Stock, Variant
from catalog.templatetags.goods import step
from catalog.views.place import all_provinces, chosen_province
from cooperatives.models import Certificate, DeliveryWay, PickupTime
from shop.core.calendar import day_of
from shop.core.models import Channel, market_channel, show_in_language
from shop.core.models.geography import Division


@dataclass(frozen=True, slots=True)
class Choice:
    """A variant to choose: prices in minor units; `left` is None where stock is not tracked."""

    variant: Variant
    price: int
    list_price: int | None
    left: int | None

    @property
    def is_sold_out(self) -> bool:
        return self.left is not None and self.left < 1

    @property
    def is_nearly_gone(self) -> bool:
        return self.left is not None and 0 < self.left <= self.variant.few


@dataclass(frozen=True, slots=True)
class Offer:
    """A delivery way as the page tells it: `fee` in minor units, the lowest one where provinces differ."""

    way: DeliveryWay
    fee: int | None
    is_lowest: bool
    times: list[PickupTime]


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of something on sale; missing for everything else."""
    channel = get_channel_or_404()
    shown = get_object_or_404(
        Product.objects.visible_in(channel.pk).select_related("cooperative", "category"), slug=slug
    )
    now = timezone.now()
    choices = _choices(shown, channel)
    context = {
        "product": shown,
        "cooperative": shown.cooperative,
        "categories": _path(shown.category),
        "currency": channel.currency,
        "media": list(
            ProductMedia.objects.filter(product=shown).select_related("picture").order_by("sort_order", "pk")
        ),
        "certificates": list(
            Certificate.objects.valid_on(day_of(now)).filter(products=shown).order_by("kind", "pk")
        ),
        "is_paused": shown.cooperative.is_paused_on(day_of(now)),
        "this_month": day_of(now).month,
        **_buying(choices),
        **_reaching(request, shown, channel, choices, now=now),
    }
    _translate(shown, choices)
    return render(request, "catalog/product.html", context)


def get_channel_or_404() -> Channel:
    """The market's channel; 404 on a shop that has none yet."""
    channel = market_channel()
    if channel is None:
        raise Http404
    return channel


def _buying(choices: Sequence[Choice]) -> dict[str, Any]:
    """What may be chosen; the first that is there is chosen already."""
    there = [choice for choice in choices if not choice.is_sold_out]
    shown = there or choices
    return {
        "choices": choices,
        "has_many_steps": len({step(choice.variant) for choice in choices}) > 1,
        "best": next(iter(shown), None),
        "cheapest": min(shown, key=lambda choice: choice.price, default=None),
        "has_many_prices": len({choice.price for choice in shown}) > 1,
        "is_sold_out": not there,
    }


def _reaching(
    request: HttpRequest,
    product: Product,
    channel: Channel,
    choices: Sequence[Choice],
    *,
    now: datetime.datetime,
) -> dict[str, Any]:
    """How it comes to the buyer's province, or that it does not."""
    provinces = all_provinces()
    province = chosen_province(request, provinces)
    offers = _offers(product, channel, province, choices, now=now)
    is_sent = any(offer.fee is not None and not offer.way.is_collected for offer in offers)
    return {
        "provinces": provinces,
        "province": province,
        "offers": offers,
        "is_not_delivered": province is not None and not is_sent,
    }


def _choices(product: Product, channel: Channel) -> list[Choice]:
    """The product's variants that have a price, in their order."""
    variants = list(product.variants.in_order())
    priced = Price.objects.filter(variant__in=variants, channel=channel, amount__isnull=False)
    prices = {price.variant_id: price for price in priced}
    rows = (
        Stock.objects.reachable(channel_id=channel.pk, country=channel.default_country)
        .filter(variant__in=variants)
        .values("variant")
        .annotate(total=Sum("free"))
        .order_by("variant")
    )
    free = {row["variant"]: row["total"] for row in rows}
    return [
        _choice(variant, prices[variant.pk], free.get(variant.pk, 0))
        for variant in variants
        if variant.pk in prices
    ]


def _choice(variant: Variant, price: Price, free: int) -> Choice:
    selling = price.selling or 0
    list_price = price.amount if price.amount != selling else None
    return Choice(variant, selling, list_price, max(free, 0) if variant.track_inventory else None)


def _offers(
    product: Product,
    channel: Channel,
    province: Division | None,
    choices: Sequence[Choice],
    *,
    now: datetime.datetime,
) -> list[Offer]:
    """How its cooperative delivers: to the province with the cost for one step, or what it costs at least."""
    first = choices[0] if choices else None
    grams = first.variant.grams_for(product) if first else 0
    goods = first.price if first else 0
    offers = []
    ways = list(DeliveryWay.objects.offered().filter(cooperative=product.cooperative))
    show_in_language(ways, "name", "note")
    for way in ways:
        times = way.pickup_times(now=now, count=2) if way.is_collected else []
        if province is not None:
            fee = way.fee(channel_id=channel.pk, province_code=province.code, grams=grams, goods=goods)
            offers.append(Offer(way, fee, False, times))
        else:
            rates = [rate.price for rate in way.rates.all() if rate.channel_id == channel.pk]
            is_lowest = len(set(rates)) > 1
            offers.append(Offer(way, min(rates, default=0 if way.is_collected else None), is_lowest, times))
    return offers


def _path(category: Category | None) -> list[Category]:
    """The category with those around it, outermost first."""
    if category is None:
        return []
    keys = [int(key) for key in (category.path or f"/{category.pk}/").strip("/").split("/")]
    path = list(Category.objects.filter(pk__in=keys).order_by("level", "pk"))
    show_in_language(path, "name")
    return path


def _translate(product: Product, choices: Sequence[Choice]) -> None:
    show_in_language(
        [product],
        "name",
        "description_text",
        "origin",
        "packaging",
        "shelf_life",
        "storage",
        "return_terms",
        "season_note",
    )
    show_in_language([product.cooperative], "name", "summary", "return_terms", "pause_note")
    show_in_language([choice.variant for choice in choices], "name")
