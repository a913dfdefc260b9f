"""The goods of a cooperative as keys of the till: what sells most first, found without accents."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.db.models import Prefetch, Sum

from catalog.models import Price, Variant
from catalog.pricing import price_of_measure
from catalog.states import ListingState
from catalog.unit_labels import pack_label
from cooperatives.models import Cooperative
from orders.models import OrderLine
from shop.core.models import Channel, Picture
from shop.core.texts.folding import folded_words

MAX_KEYS = 12
MAX_FOUND = 30
_RECENT_DAYS = 30


@dataclass(frozen=True, slots=True)
class GoodsKey:
    """A variant on a key. `price` is that of one unit, or of a kilogram if it is sold by weight."""

    variant_id: int
    name: str
    picture: Picture | None
    price: int
    is_by_weight: bool


def load_goods_keys(
    cooperative: Cooperative, channel: Channel, text: str, *, now: datetime.datetime
) -> list[GoodsKey]:
    """Load the keys of the best sellers of the last month, or of all goods that have the words of `text`.

    The goods need a price in the channel. It takes five queries.
    """
    rows = (
        Variant.objects.for_cooperative(cooperative)
        .filter(
            prices__channel=channel,
            prices__amount__isnull=False,
            product__listings__channel=channel,
            product__listings__state__in=[ListingState.PUBLISHED, ListingState.PAUSED],
        )
        .order_by("product__sort_key", "product", "sort_order", "pk")
        .values_list("pk", "product__name", "name", "sku")
    )
    words = folded_words(text)
    matching = [pk for pk, *names in rows if _has_words(words, " ".join(filter(None, names)))]
    sold = _read_sold_quantities(cooperative, now)
    matching.sort(key=lambda pk: -sold.get(pk, 0))  # otherwise in alphabetical order
    chosen = matching[: MAX_FOUND if words else MAX_KEYS]
    variants = (
        Variant.objects.with_main_picture()
        .select_related("product")
        .prefetch_related(Prefetch("prices", Price.objects.filter(channel=channel)))
        .in_bulk(chosen)
    )
    pictures = Picture.objects.in_bulk(
        {variant.main_picture_key for variant in variants.values() if variant.main_picture_key}
    )
    return [
        _build_key(variants[pk], pictures.get(variants[pk].main_picture_key or 0))
        for pk in chosen
        if pk in variants
    ]


def goods_name(variant: Variant) -> str:
    """Return the name of a variant, loaded with its product, as in `Miến dong, Gói 500 g`."""
    pack = variant.name or pack_label(variant)
    return f"{variant.product.name}, {pack}" if pack else variant.product.name


def _has_words(words: list[str], names: str) -> bool:
    """Return whether each word begins a word of these names."""
    folded = folded_words(names)
    return all(any(name.startswith(word) for name in folded) for word in words)


def _read_sold_quantities(cooperative: Cooperative, now: datetime.datetime) -> dict[int | None, int]:
    """Return the units that were sold in the last month by variant, on the web and at the counter."""
    since = now - datetime.timedelta(days=_RECENT_DAYS)
    lines = OrderLine.objects.filter(cooperative=cooperative, order__placed_at__gte=since).order_by()
    return dict(lines.values_list("variant").annotate(sold=Sum("quantity")))


def _build_key(variant: Variant, picture: Picture | None) -> GoodsKey:
    price = variant.prices.all()[0].selling_price or 0
    if variant.is_sold_by_weight:
        price = price_of_measure(price, variant.content_grams or 1, 1000)
    return GoodsKey(
        variant_id=variant.pk,
        name=goods_name(variant),
        picture=picture,
        price=price,
        is_by_weight=variant.is_sold_by_weight,
    )
