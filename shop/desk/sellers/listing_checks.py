"""What a reviewer compares before a listing is published: prices of similar products, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils.translation import gettext, ngettext

from catalog.actions.products.similar_products import UsualPrices, read_usual_prices
from catalog.models import Listing, Price, Variant
from shop.core.texts.formatting import format_money

_FAR_FACTOR = 3
_MAX_COMPARED = 8  # of a product's variants


@dataclass(frozen=True, slots=True)
class VariantDisplay:
    """A variant with its price in the listing's channel, its free stock and similar products' prices."""

    variant: Variant
    price: Price | None
    free: int
    usual: UsualPrices | None
    currency: str

    @property
    def amount(self) -> int | None:
        return self.price.amount if self.price else None

    @property
    def usual_text(self) -> str:
        """What similar products cost, for a unit like this variant's. Empty if nothing is comparable."""
        if self.usual is None:
            return ""
        lowest, highest = (
            format_money(amount, self.currency) for amount in (self.usual.lowest, self.usual.highest)
        )
        prices = lowest if lowest == highest else f"{lowest}–{highest}"
        count = self.usual.offer_count
        text = ngettext(
            "%(count)s similar product on sale: %(prices)s",
            "%(count)s similar products on sale: %(prices)s",
            count,
        )
        return text % {"count": count, "prices": prices}

    @property
    def is_far_from_usual(self) -> bool:
        """Whether the price is less than a third, or more than three times, of what is usual."""
        if self.usual is None or not self.amount:
            return False
        median = self.usual.median
        return self.amount * _FAR_FACTOR < median or self.amount > median * _FAR_FACTOR


def build_variant_displays(listing: Listing) -> list[VariantDisplay]:
    """Return the product's variants, the first ones compared with the market."""
    prices = Price.objects.filter(channel=listing.channel).with_wholesale_prices()
    variants = Variant.objects.filter(product=listing.product).in_order()
    rows = variants.prefetch_related(Prefetch("prices", prices), "stocks")
    return [
        VariantDisplay(
            variant=variant,
            price=next(iter(variant.prices.all()), None),
            free=sum(stock.free for stock in variant.stocks.all()),
            usual=read_usual_prices(
                listing.channel, listing.product.name, variant, min_offers=1, excluded=listing.product
            )
            if position < _MAX_COMPARED
            else None,
            currency=listing.currency,
        )
        for position, variant in enumerate(rows)
    ]


def find_doubts(listing: Listing, variant_displays: Sequence[VariantDisplay]) -> list[str]:
    """Return what the law does not require, but a reviewer should ask about before publishing."""
    product = listing.product
    doubts = []
    if product.category is None:
        doubts.append(gettext("No category: buyers only find it by its name."))
    if not product.description_text.strip():
        doubts.append(gettext("No description: buyers do not read what it is."))
    for row in variant_displays:
        if row.is_far_from_usual:
            values = {
                "name": row.variant.name or product.name,
                "price": format_money(row.amount, listing.currency),
                "usual": row.usual_text,
            }
            doubts.append(gettext("%(name)s costs %(price)s. %(usual)s.") % values)
    return doubts
