"""Names of sales units, and prices per kilogram, litre or piece."""

from __future__ import annotations

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.models import Unit, Variant
from catalog.pricing import price_of_measure
from shop.core.texts.formatting import (
    NO_BREAK,
    format_money,
    format_number,
    format_volume,
    format_weight,
    litre_symbol,
)

# These units are measures themselves, so their name already states the content.
_MEASURES = frozenset({Unit.KG, Unit.HUNDRED_GRAMS, Unit.TEN_KG, Unit.LITRE})


def unit_label(variant: Variant) -> str:
    """Return the name of quantity 1, such as `kg`, `gói 500 g` or `hộp 30 gói`, in English `500 g packet`.

    For products sold by weight the content is shown as an estimate: `quả khoảng 2,4 kg`.
    """
    unit = unit_name(variant.unit)
    content = "" if variant.unit in _MEASURES else _content(variant)
    if not content:
        return unit
    if variant.is_sold_by_weight:
        return _("%(unit)s of about %(weight)s") % {"unit": unit, "weight": content}
    parts = (content, unit) if get_language() == "en" else (unit, content)
    return NO_BREAK.join(parts)


def pack_label(variant: Variant) -> str:
    """Return the sales unit's name to show after the variant's name, unless that states it, like `1 kg`."""
    return "" if any(map(str.isdigit, variant.name)) else unit_label(variant)


def unit_name(unit: str) -> str:
    """Return the unit's name, such as `kg`."""
    # get_unit_display() would build all choices on each call.
    return str(Unit(unit).label)


def count_label(unit: str, quantity: int) -> str:
    """Format a quantity in a unit, such as `2 kg` or `3 gói`, in English `3 × packet`."""
    name, count = unit_name(unit), format_number(quantity)
    if unit in (Unit.KG, Unit.LITRE):
        return f"{count}{NO_BREAK}{name}"
    return _("%(count)s × %(unit)s") % {"count": count, "unit": name}


def variant_count_label(variant: Variant, quantity: int) -> str:
    """Format a quantity of a variant, as `count_label` does."""
    return count_label(variant.unit, quantity)


def price_per_measure(variant: Variant, amount: int | None, currency: str) -> str:
    """Return `90.000 ₫/kg` for packed products, for comparison. The text is empty if it adds nothing."""
    if amount is None:
        return ""
    if 1000 in (variant.content_grams, variant.content_ml):
        return ""
    if variant.content_grams:
        return f"{format_money(price_of_measure(amount, variant.content_grams, 1000), currency)}/kg"
    if variant.content_ml and variant.unit != Unit.LITRE:
        return (
            f"{format_money(price_of_measure(amount, variant.content_ml, 1000), currency)}/{litre_symbol()}"
        )
    if variant.content_count and variant.content_count > 1 and variant.content_unit:
        price_of_one = price_of_measure(amount, variant.content_count, 1)
        return f"{format_money(price_of_one, currency)}/{Unit(variant.content_unit).label}"
    return ""


def max_price(variant: Variant, amount: int | None, quantity: int = 1) -> int:
    """Return the highest price, in minor units, of a quantity sold by weight without asking the buyer."""
    return price_of_measure(
        (amount or 0) * quantity, (variant.content_grams or 1) * quantity, variant.bound_grams(quantity)
    )


def order_limit(variant: Variant, shop_limit: int | None) -> int | None:
    """Return how many sales units of a variant one order may hold, for templates."""
    return variant.order_limit(shop_limit)


def max_grams(variant: Variant) -> int:
    """Return the highest weight of a sales unit sold by weight without asking the buyer, in grams."""
    return variant.bound_grams()


def _content(variant: Variant) -> str:
    if variant.content_grams:
        return format_weight(variant.content_grams)
    if variant.content_ml:
        return format_volume(variant.content_ml)
    if variant.content_count and variant.content_count > 1 and variant.content_unit:
        return f"{variant.content_count}{NO_BREAK}{Unit(variant.content_unit).label}"
    return ""
