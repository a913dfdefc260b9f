"""Find similar products, whose details a new product may take over, and the market's usual prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.db.models import Q

from catalog.models import Category, Price, Product, ProductMedia, ProductType, Variant
from catalog.models.product import ProductQuerySet
from cooperatives.models import Cooperative
from shop.core.models import Channel, Picture
from shop.core.texts.folding import fold, query_words

MAX_SUGGESTIONS = 4
MIN_OFFERS = 3
_READ_PRODUCTS = 60
_READ_PRICES = 200


@dataclass(frozen=True, slots=True)
class SimilarProduct:
    """A product with a similar name, its first option, and a photo that shows how others photograph it."""

    product: Product
    variant: Variant | None
    picture: Picture | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class UsualPrices:
    """The usual prices of a sales unit on the market, in minor units, over `offer_count` options."""

    lowest: int
    median: int
    highest: int
    offer_count: int


def find_similar_products(cooperative: Cooperative, channel: Channel, name: str) -> list[SimilarProduct]:
    """Return products with the words of the name: the cooperative's own, then those that buyers see.

    Of several products with the same name only the first is returned.
    """
    found: dict[str, Product] = {}
    own_products = _named(name).filter(cooperative=cooperative)
    other_products = _named(name).visible_in(channel.pk).exclude(cooperative=cooperative)
    for products in (own_products, other_products):
        for product in products.order_by("-pk")[:_READ_PRODUCTS]:
            found.setdefault(fold(product.name), product)
    chosen = list(found.values())[:MAX_SUGGESTIONS]
    pictures: dict[int, Picture] = {}
    media = ProductMedia.objects.ready().filter(product__in=chosen).select_related("picture")
    for row in media.order_by("product", "sort_order", "pk"):
        pictures.setdefault(row.product_id, row.picture)
    return [
        SimilarProduct(
            product,
            product.default_variant,
            pictures.get(product.pk),
            product.cooperative_id == cooperative.pk,
        )
        for product in chosen
    ]


def find_similar_product(cooperative: Cooperative, channel: Channel, product_id: int) -> Product | None:
    """Return a product whose details the cooperative may take over: its own, or one that buyers see."""
    visible = Product.objects.existing().visible_in(channel.pk)
    return (
        Product.objects.existing()
        .filter(Q(cooperative=cooperative) | Q(pk__in=visible.values("pk")), pk=product_id)
        .select_related("default_variant", "product_type", "tax_class")
        .first()
    )


def read_usual_prices(
    channel: Channel,
    name: str,
    variant: Variant,
    *,
    min_offers: int = MIN_OFFERS,
    excluded: Product | None = None,
) -> UsualPrices | None:
    """Return the usual prices of a unit like the variant's, from published products with the name's words.

    `variant` may be unsaved. Prices are compared by content, or by the unit if neither has a content. Returns
    None if fewer than `min_offers` variants are comparable. Prices of `excluded` do not count.
    """
    products = _named(name)
    if excluded is not None:
        products = products.exclude(pk=excluded.pk)
    return _read_prices(channel, products, variant, min_offers=min_offers)


def read_prices_of_kind(
    channel: Channel, name: str, category: Category | None, product_type: ProductType, variant: Variant
) -> UsualPrices | None:
    """Return the prices of the nearest comparable products, for a new product that has no usual price yet.

    Those with the name's words come first, also a single one, then those of the category, then those of the
    product type.
    """
    products = Product.objects.existing()
    of_category = products.filter(category=category) if category else products.none()
    for chosen, min_offers in (
        (_named(name), 1),
        (of_category, MIN_OFFERS),
        (products.filter(product_type=product_type), MIN_OFFERS),
    ):
        found = _read_prices(channel, chosen, variant, min_offers=min_offers)
        if found is not None:
            return found
    return None


def _read_prices(
    channel: Channel, products: ProductQuerySet, variant: Variant, *, min_offers: int
) -> UsualPrices | None:
    """Return the prices of those products that buyers see, or None if too few are comparable."""
    visible = products.visible_in(channel.pk).order_by()
    prices = (
        Price.objects.filter(channel=channel, amount__gt=0, variant__product__in=visible.values("pk"))
        .select_related("variant")
        .order_by("-pk")
    )
    amounts = sorted(
        round((price.amount or 0) * ratio)
        for price in prices[:_READ_PRICES]
        if (ratio := _relative_value(variant, price.variant)) is not None
    )
    if len(amounts) < min_offers:
        return None
    return UsualPrices(
        _amount_at_share(amounts, Fraction(1, 10)),
        _amount_at_share(amounts, Fraction(1, 2)),
        _amount_at_share(amounts, Fraction(9, 10)),
        len(amounts),
    )


def _named(name: str) -> ProductQuerySet:
    products = Product.objects.existing().select_related("default_variant", "cooperative")
    words = query_words(name)
    if not words:
        return products.none()
    for word in words:
        products = products.filter(search_name__contains=word)
    return products


def _relative_value(variant: Variant, other: Variant) -> Fraction | None:
    """Return how many sales units of `other` are worth one of `variant`.

    Returns None if they cannot be compared.
    """
    ratio = variant.relative_content(other)
    if ratio is not None:
        return ratio
    has_content = any((row.content_grams or row.content_ml or row.content_count) for row in (variant, other))
    return Fraction(1) if not has_content and variant.unit == other.unit else None


def _amount_at_share(amounts: Sequence[int], share: Fraction) -> int:
    """Return the amount at a share of the sorted amounts."""
    return amounts[int((len(amounts) - 1) * share)]
