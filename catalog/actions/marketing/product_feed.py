"""Write the product feed for Google Merchant Center, one file for each language.

Fields follow Google's product data specification (support.google.com/merchants/answer/7052112). Products
without a photo are left out, since Google rejects them.
"""

from __future__ import annotations

import datetime
import gzip
import io
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from celery import shared_task
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models
from django.db.models import Sum
from django.urls import reverse
from django.utils import timezone, translation

from catalog.models import Category, Listing, Price, Product, ProductMedia, Stock, Variant
from cooperatives.models import Cooperative
from shop.core.dates.calendar import vietnam_date
from shop.core.jobs.sweeps import SweepRun
from shop.core.models import Channel, PictureState, Translation, market_channel, shop_settings
from shop.core.money import plain_amount
from shop.core.web.public_urls import public_url
from shop.core.web.sitemaps import slug_url

_FEED_LIFETIME = datetime.timedelta(hours=6)
_BATCH_SIZE = 500
_BUFFER = 256 * 1024
_MAX_TITLE, _MAX_TEXT = 150, 5000
# XML 1.0 does not allow these characters even escaped. One of them makes the whole file unreadable.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NO_ATTRIBUTES: AttributesImpl[str] = AttributesImpl({})
_NAMESPACE = "http://base.google.com/ns/1.0"


@dataclass(frozen=True, slots=True)
class _FeedVariant:
    """A listed variant with everything that the feed needs."""

    listing: Listing
    variant: Variant
    price: Price
    image: str
    is_available: bool


def feed_path(language: str) -> str:
    """Return the storage path of the compressed feed."""
    return f"feeds/google-{language}.xml.gz"


@shared_task(name="catalog.write_feeds")
def write_feeds_task() -> None:
    """Write the feeds if one is missing or older than six hours."""
    paths = [feed_path(code) for code, _name in settings.LANGUAGES]
    oldest = timezone.now() - _FEED_LIFETIME
    if all(
        default_storage.exists(path) and default_storage.get_modified_time(path) > oldest for path in paths
    ):
        return
    write_feeds()


def write_feeds() -> int:
    """Write the feeds of all languages, and return the number of variants in each.

    The number of queries per 500 products does not depend on their number of variants. A product that fails
    is left out of all languages.
    """
    channel, run = market_channel(), SweepRun("catalog.write_feeds")
    counts: list[int] = []
    with ExitStack() as files:
        feeds = []
        for language, _name in settings.LANGUAGES:
            feeds.append(_Feed(files.enter_context(tempfile.TemporaryFile()), language))
        for listings in _read_listing_batches(channel) if channel else ():
            by_product = {listing.product_id: listing for listing in listings}

            def add(keys: Sequence[int], by_product: Mapping[int, Listing] = by_product) -> None:
                assert channel is not None
                batch_rows = [by_product[key] for key in keys]
                variants = _read_feed_variants(batch_rows, channel, vietnam_date(timezone.now()))
                # Build the items of all languages before writing any, so that a failed product is in none.
                built = [(feed, feed.build_items(variants)) for feed in feeds]
                for feed, items in built:
                    feed.write(items)
                counts.append(len(variants))

            run.attempt_batch(list(by_product), add)
        for feed in feeds:
            feed.finish()
            _replace_file(feed_path(feed.language), feed.file)
    run.forget_rows_not_due()
    return sum(counts)


class _Feed:
    """Writes the feed of one language."""

    def __init__(self, file: IO[bytes], language: str) -> None:
        self.file, self.language = file, language
        gzip_file = gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6, mtime=0)
        self._compressed = io.BufferedWriter(gzip_file, buffer_size=_BUFFER)  # each tag is a separate write
        self._xml = XMLGenerator(self._compressed, encoding="utf-8", short_empty_elements=True)
        self._xml.startDocument()
        self._xml.startElement("rss", AttributesImpl({"version": "2.0", "xmlns:g": _NAMESPACE}))
        self._xml.startElement("channel", _NO_ATTRIBUTES)
        with translation.override(language):
            home_url = public_url(reverse("home"))
        shop = shop_settings()
        self._write_fields(
            {"title": shop.name, "link": home_url, "description": shop.description or shop.name}
        )

    def build_items(self, variants: Sequence[_FeedVariant]) -> list[dict[str, object]]:
        """Return the fields of variants, with texts in the feed's language."""
        texts = _Texts(variants, self.language)
        return [_item_fields(variant, texts) for variant in variants]

    def write(self, items: Sequence[dict[str, object]]) -> None:
        for item in items:
            self._xml.startElement("item", _NO_ATTRIBUTES)
            self._write_fields({f"g:{field}": text for field, text in item.items() if text})
            self._xml.endElement("item")

    def finish(self) -> None:
        self._xml.endElement("channel")
        self._xml.endElement("rss")
        self._xml.endDocument()
        self._compressed.close()

    def _write_fields(self, fields: Mapping[str, object]) -> None:
        for name, value in fields.items():
            self._xml.startElement(name, _NO_ATTRIBUTES)
            self._xml.characters(_NOT_IN_XML.sub("", str(value)))
            self._xml.endElement(name)


class _Texts:
    """The translations of products, variants, categories and cooperatives, by one query per model."""

    def __init__(self, feed_variants: Sequence[_FeedVariant], language: str) -> None:
        products = [feed_variant.listing.product for feed_variant in feed_variants]
        categories = {int(key) for product in products for key in _ancestor_keys(product.category)}
        self.language = language
        self.categories = Category.objects.shown().in_bulk(categories)
        self._texts: dict[tuple[str, str, str], str] = {}
        if language == settings.LANGUAGE_CODE:
            return
        for model, keys in (
            (Product, {product.pk for product in products}),
            (Variant, {feed_variant.variant.pk for feed_variant in feed_variants}),
            (Category, categories),
            (Cooperative, {product.cooperative_id for product in products}),
        ):
            label = model._meta.label_lower
            translations = Translation.objects.texts(label, keys, language)
            self._texts |= {(label, key, field): text for (key, field), text in translations.items()}

    def translate(self, row: models.Model, field: str) -> str:
        untranslated: str = getattr(row, field)
        return self._texts.get((row._meta.label_lower, str(row.pk), field)) or untranslated


def _item_fields(feed_variant: _FeedVariant, texts: _Texts) -> dict[str, object]:
    """Return the feed's fields for one variant; they may be empty."""
    variant, price, product = feed_variant.variant, feed_variant.price, feed_variant.listing.product
    name = texts.translate(product, "name")
    label = texts.translate(variant, "name")
    categories = [
        texts.categories[int(key)] for key in _ancestor_keys(product.category) if int(key) in texts.categories
    ]
    list_price, selling_price = price.amount or 0, price.selling_price or 0
    return {
        "id": variant.sku or f"v{variant.pk}",
        "item_group_id": product.pk,
        "title": (f"{name}, {label}" if label else name)[:_MAX_TITLE],
        "description": texts.translate(product, "description_text")[:_MAX_TEXT] or name,
        "link": f"{slug_url('catalog:product', product.slug, texts.language)}?variant={variant.pk}",
        "image_link": feed_variant.image,
        "availability": "in_stock" if feed_variant.is_available else "out_of_stock",
        "price": f"{plain_amount(list_price, price.currency)} {price.currency}",
        "sale_price": f"{plain_amount(selling_price, price.currency)} {price.currency}"
        if selling_price < list_price
        else "",
        "condition": "new",
        "brand": texts.translate(product.cooperative, "name")[:70],
        "gtin": variant.gtin,
        "identifier_exists": "" if variant.gtin else "no",
        "product_type": " > ".join(texts.translate(category, "name") for category in categories),
        "shipping_weight": f"{grams} g" if (grams := variant.grams_for(product)) else "",
        **_unit_measure(variant),
    }


def _unit_measure(variant: Variant) -> dict[str, str]:
    """Return the content of a sales unit, and the measure for its unit price."""
    if variant.content_grams:
        return {"unit_pricing_measure": f"{variant.content_grams} g", "unit_pricing_base_measure": "1 kg"}
    if variant.content_ml:
        return {"unit_pricing_measure": f"{variant.content_ml} ml", "unit_pricing_base_measure": "1 l"}
    return {}


def _ancestor_keys(category: Category | None) -> list[str]:
    return [key for key in (category.path or "").strip("/").split("/") if key] if category else []


def _read_listing_batches(channel: Channel) -> Iterator[list[Listing]]:
    """Yield batches of the listings on sale, ordered by product id."""
    last = 0
    while True:
        rows = Listing.objects.on_sale(channel.pk).filter(product__gt=last).order_by("product")
        listings = list(rows.select_related("product__cooperative", "product__category")[:_BATCH_SIZE])
        if not listings:
            return
        last = listings[-1].product_id
        yield listings


def _read_feed_variants(
    listings: Sequence[Listing], channel: Channel, day: datetime.date
) -> list[_FeedVariant]:
    """Return the variants with a price and a photo. Variants of paused sellers are out of stock."""
    by_product = {listing.product_id: listing for listing in listings}
    images = _read_image_urls(list(by_product))
    variants = list(Variant.objects.filter(product__in=list(images)).order_by("product", "sort_order", "pk"))
    prices_in_channel = Price.objects.filter(variant__in=variants, channel=channel, amount__gt=0)
    prices = {price.variant_id: price for price in prices_in_channel}
    stocks = Stock.objects.reachable(channel_id=channel.pk, country=channel.default_country)
    rows = (
        stocks.filter(variant__in=variants).values("variant").annotate(total=Sum("free")).order_by("variant")
    )
    free = {row["variant"]: row["total"] for row in rows}
    return [
        _FeedVariant(
            listing=by_product[variant.product_id],
            variant=variant,
            price=prices[variant.pk],
            image=images[variant.product_id],
            is_available=(not variant.track_inventory or free.get(variant.pk, 0) > 0)
            and not by_product[variant.product_id].product.cooperative.is_paused_on(day),
        )
        for variant in variants
        if variant.pk in prices
    ]


def _read_image_urls(product_ids: Sequence[int]) -> dict[int, str]:
    """Return the absolute URL of each product's first photo, its widest JPEG."""
    rows = ProductMedia.objects.filter(product__in=product_ids, picture__state=PictureState.READY)
    urls = {}
    for media in rows.select_related("picture").order_by("product", "-sort_order", "-pk"):
        renditions = media.picture.renditions
        if renditions:
            path_url = default_storage.url(renditions[max(renditions, key=int)]["jpeg"])
            urls[media.product_id] = public_url(path_url)
    return urls


def _replace_file(path: str, file: IO[bytes]) -> None:
    file.seek(0)
    default_storage.delete(path)
    default_storage.save(path, File(file))
