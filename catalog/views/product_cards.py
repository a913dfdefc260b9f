"""Product cards for lists. A page of cards takes a fixed number of queries."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Sum
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.models import Listing, Price, Product, ProductMedia, Stock, Unit, Variant, VariantMedia
from catalog.pricing import price_of_measure
from catalog.unit_labels import price_per_measure, unit_label, unit_name
from cooperatives.models import Certificate, CertificateKind, Cooperative
from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date
from shop.core.images.rendition_files import Files, rendition_files
from shop.core.models import Channel, Picture, PictureState, show_in_language
from shop.core.texts.folding import folded_words
from shop.core.texts.formatting import format_money
from shop.core.texts.marked_texts import lang

_KEYS_AND_TIMES = ("metadata", "private_metadata", "created_at", "updated_at")
# Large columns that no card shows. They are not loaded.
_UNUSED_COLUMNS = (
    *(f"product__{column}" for column in (*_KEYS_AND_TIMES, "description", "description_text")),
    "product__search_text",
    "product__search_name",
    *(f"product__cooperative__{column}" for column in (*_KEYS_AND_TIMES, "story", "registered_on")),
    "product__cooperative__latitude",
    "product__cooperative__longitude",
    *(
        f"channel__{field.name}"
        for field in Channel._meta.concrete_fields
        if field.name not in ("id", "default_country")
    ),
)


@dataclass(frozen=True, slots=True)
class ProductCard:
    """The content of a product card in the page's language. Values are plain, so equal cards compare equal.

    `price` and `list_price` are minor units per `price_unit` of the cheapest variant: a pack (`gói 500 g`),
    or a kilogram if it is sold by weight. If `has_many_prices` is true, other variants cost more, and the
    card shows "from". `price_note` is a pack's price per kilogram, or the estimate of a piece sold by weight.
    `option_id` and `option` are the variant that a search names, and price and picture are this variant's. If
    it names none, they are None and empty. `name_lang` and `seller_lang` are lang attributes for untranslated
    texts.
    """

    product_id: int
    slug: str
    name: str
    name_lang: SafeString
    seller: str
    seller_lang: SafeString
    province: str
    price: int | None
    list_price: int | None
    has_many_prices: bool
    currency: str
    price_unit: str
    unit: str
    price_note: str
    is_sold_by_weight: bool
    variant_count: int
    picture: Files
    stars: int | None
    is_sold_out: bool
    units_left: int | None
    months: tuple[int, ...]
    is_last_of_season: bool
    paused_until: datetime.date | None
    is_paused: bool
    option_id: int | None
    option: str


def build_cards(
    listings: Sequence[Listing], *, searched_words: Collection[str] = (), now: datetime.datetime
) -> list[ProductCard]:
    """Return cards of these listings (with their products and cooperatives loaded), in the given order.

    `searched_words` are the folded words of a search. If they name a variant, its card leads to it.
    """
    products = [listing.product for listing in listings]
    show_in_language(products, "name")
    show_in_language([product.cooperative for product in products], "name")
    prices = _load_prices_by_product(listings)
    words = set(searched_words)
    options = {
        listing.product_id: _named_option(listing.product, prices.get(listing.product_id, []), words)
        for listing in listings
    }
    pictures = _read_pictures(products) | _read_option_pictures(
        [price for price in options.values() if price]
    )
    stars = read_ocop_stars(products, vietnam_date(now))
    free = _read_free_stock([price.variant_id for row in prices.values() for price in row[:1]], listings)
    return [
        _build_card(
            listing,
            prices.get(listing.product_id, []),
            pictures.get(listing.product_id),
            stars.get(listing.product_id),
            free,
            vietnam_date(now),
            options[listing.product_id],
        )
        for listing in listings
    ]


def load_listings_for_cards(product_ids: Sequence[int], channel_id: int) -> list[Listing]:
    """Return the visible listings of these products in the given order, loaded for `build_cards`."""
    by_product = {row.product_id: row for row in _visible_listings(channel_id, list(product_ids))}
    return [by_product[key] for key in product_ids if key in by_product]


def read_ocop_stars(products: Sequence[Product], day: datetime.date) -> dict[int, int]:
    """Return the highest number of OCOP stars of each product on the day, by product id."""
    rows = _ocop_stars([product.pk for product in products], day)
    return {product: stars for product, stars in rows if stars}


def _build_card(
    listing: Listing,
    prices: list[Price],
    picture: Picture | None,
    stars: int | None,
    free: dict[int, int],
    today: datetime.date,
    option_price: Price | None,
) -> ProductCard:
    product, cheapest = listing.product, option_price or (prices[0] if prices else None)
    option = option_price.variant if option_price else None
    variant = cheapest.variant if cheapest else None
    shown_price, list_price = _shown_prices(cheapest) if cheapest else (None, None)
    is_paused = product.cooperative.is_paused_on(today)
    is_only_variant = listing.is_available and len(prices) == 1
    return ProductCard(
        product_id=product.pk,
        slug=product.slug,
        name=product.name,
        name_lang=lang(product, "name"),
        seller=product.cooperative.name,
        seller_lang=lang(product.cooperative, "name"),
        province=product.cooperative.province_name,
        price=shown_price,
        list_price=list_price if list_price != shown_price else None,
        has_many_prices=option is None and len({_shown_prices(price)[0] for price in prices}) > 1,
        currency=listing.currency,
        price_unit=_price_unit(variant) if variant else "",
        unit=unit_name(variant.unit) if variant else "",
        price_note=_price_note(cheapest, listing.currency) if cheapest else "",
        is_sold_by_weight=variant.is_sold_by_weight if variant else False,
        variant_count=len(prices),
        picture=rendition_files(picture),
        stars=stars,
        is_sold_out=not listing.is_available,
        units_left=_low_stock(variant, product.cooperative, free) if variant and is_only_variant else None,
        months=tuple(product.months),
        is_last_of_season=_is_last_month(product, today.month),
        paused_until=product.cooperative.paused_until if is_paused else None,
        is_paused=is_paused,
        option_id=option.pk if option else None,
        option=option.name if option else "",
    )


def _low_stock(variant: Variant, seller: Cooperative, free: Mapping[int, int]) -> int | None:
    """Return the variant's free stock if it is tracked and nearly used up, else None."""
    units_left = free.get(variant.pk) if variant.track_inventory else None
    return (
        units_left if units_left is not None and units_left <= variant.low_stock_threshold(seller) else None
    )


def _named_option(product: Product, prices: Sequence[Price], words: Collection[str]) -> Price | None:
    """Return the price of the option that has all searched words which the product's name lacks, if any."""
    missing_words = set(words) - set(folded_words(product.name))
    if not missing_words or len(prices) < 2:
        return None
    options = sorted(prices, key=lambda price: (price.variant.sort_order, price.variant_id))
    return next((price for price in options if missing_words <= set(folded_words(price.variant.name))), None)


def _shown_prices(price: Price) -> tuple[int | None, int | None]:
    """Return the selling price and the list price, per unit or, if it is sold by weight, per kilogram."""
    grams = price.variant.content_grams if price.variant.is_sold_by_weight else None
    if not grams or price.selling_price is None or price.amount is None:
        return price.selling_price, price.amount
    return price_of_measure(price.selling_price, grams, 1000), price_of_measure(price.amount, grams, 1000)


def _price_unit(variant: Variant) -> str:
    return unit_name(Unit.KG) if variant.is_sold_by_weight else unit_label(variant)


def _price_note(price: Price, currency: str) -> str:
    """Return a pack's price per kilogram or litre, or what a piece sold by weight costs by estimate."""
    if not price.variant.is_sold_by_weight:
        return price_per_measure(price.variant, price.selling_price, currency)
    return _("about %(amount)s/%(unit)s") % {
        "amount": format_money(price.selling_price or 0, currency),
        "unit": unit_name(price.variant.unit),
    }


def _is_last_month(product: Product, month: int) -> bool:
    return month in product.months and month % 12 + 1 not in product.months


def _load_prices_by_product(listings: Sequence[Listing]) -> dict[int, list[Price]]:
    """Return prices by product in its listing's channel, cheapest first, with variants loaded.

    If all variants are sold by weight, the price per kilogram decides, because cards show it.
    Two queries, so that the database finds prices by variant instead of scanning the channel's.
    """
    variants = {variant.pk: variant for variant in _variants([listing.product_id for listing in listings])}
    prices_by_product = defaultdict(list)
    for price in _channel_prices(list(variants), {listing.channel_id for listing in listings}):
        price.variant = variants[price.variant_id]
        prices_by_product[price.variant.product_id].append(price)
    for rows in prices_by_product.values():
        is_by_kilogram = all(row.variant.is_sold_by_weight for row in rows)
        rows.sort(key=lambda row: _price_order(row, is_by_kilogram=is_by_kilogram))
    return prices_by_product


def _price_order(price: Price, *, is_by_kilogram: bool) -> tuple[int, int, int]:
    amount = _shown_prices(price)[0] if is_by_kilogram else price.selling_price
    return amount or 0, price.variant.sort_order, price.variant_id


def _read_pictures(products: Sequence[Product]) -> dict[int, Picture]:
    """Return the first picture of each product."""
    return {media.product_id: media.picture for media in _first_media([product.pk for product in products])}


def _read_option_pictures(prices: Sequence[Price]) -> dict[int, Picture]:
    """Return the first picture of each variant by product. Variants without a picture are left out."""
    if not prices:
        return {}
    products = {price.variant_id: price.variant.product_id for price in prices}
    return {products[row.variant_id]: row.media.picture for row in _variant_media(list(products))}


def _read_free_stock(variant_ids: Sequence[int], listings: Sequence[Listing]) -> dict[int, int]:
    """Return the stock of each variant that buyers can still order, in sales units."""
    if not listings:
        return {}
    channel = listings[0].channel
    return dict(_free_stock(channel.pk, channel.default_country, list(variant_ids)))


@compiled_query
def _visible_listings(channel_id: int, product_ids: Collection[int]) -> QuerySet[Listing]:
    """Return listings with the columns that cards show."""
    listings = Listing.objects.on_sale(channel_id).filter(product__in=product_ids).select_related("channel")
    return listings.defer(*_UNUSED_COLUMNS).order_by()


@compiled_query
def _ocop_stars(product_ids: Collection[int], day: datetime.date) -> QuerySet[Any, Any]:
    certificates = Certificate.objects.valid_on(day).filter(
        kind=CertificateKind.OCOP, products__in=product_ids
    )
    return certificates.order_by("stars", "pk").values_list("products", "stars")


@compiled_query
def _variants(product_ids: Collection[int]) -> QuerySet[Variant]:
    return Variant.objects.filter(product__in=product_ids).defer(*_KEYS_AND_TIMES)


@compiled_query
def _channel_prices(variant_ids: Collection[int], channel_ids: Collection[int]) -> QuerySet[Price]:
    return Price.objects.filter(variant__in=variant_ids, channel__in=channel_ids, amount__isnull=False)


@compiled_query
def _first_media(product_ids: Collection[int]) -> QuerySet[ProductMedia]:
    media = ProductMedia.objects.displayable().filter(product__in=product_ids).select_related("picture")
    media = media.only("product", "picture__state", "picture__renditions")
    return media.order_by("product", "-sort_order", "-pk")


@compiled_query
def _variant_media(variant_ids: Collection[int]) -> QuerySet[VariantMedia]:
    media = VariantMedia.objects.filter(variant__in=variant_ids).select_related("media__picture")
    media = media.exclude(media__picture__state=PictureState.REFUSED)
    return media.order_by("variant", "-media__sort_order", "-media_id")


@compiled_query
def _free_stock(channel_id: int, country: str, variant_ids: Collection[int]) -> QuerySet[Any, Any]:
    stocks = Stock.objects.reachable(channel_id=channel_id, country=country).filter(variant__in=variant_ids)
    return stocks.values_list("variant").annotate(total=Sum("free")).order_by("variant")
