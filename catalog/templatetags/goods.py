"""What one sale step is called, and what a kilogram of it costs."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.models import Unit, Variant
from catalog.pricing import price_for
from shop.core.templatetags.figures import NO_BREAK, money, volume, weight

register = template.Library()

# Units that are a weight or a measure themselves: their name already says what is in them.
_MEASURES = frozenset({Unit.KG, Unit.HUNDRED_GRAMS, Unit.TEN_KG, Unit.LITRE})


@register.filter
def step(variant: Variant) -> str:
    """What quantity 1 is: `kg`, `gói 500 g`, `hộp 30 gói`; in English `500 g packet`.

    Of what is sold by weight the content is an estimate, and said as one: `quả khoảng 2,4 kg`.
    """
    unit = unit_name(variant.unit)
    content = "" if variant.unit in _MEASURES else _content(variant)
    if not content:
        return unit
    if variant.is_weighed:
        return _("%(unit)s of about %(weight)s") % {"unit": unit, "weight": content}
    parts = (content, unit) if get_language() == "en" else (unit, content)
    return NO_BREAK.join(parts)


def unit_name(unit: str) -> str:
    """`kg`, `gói`: as get_unit_display(), which goes through all of them each time."""
    return str(Unit(unit).label)


@register.simple_tag
def per_measure(variant: Variant, amount: int | None, currency: str) -> str:
    """`90.000 ₫/kg` for what is sold in packs, so that packs compare; empty where it says nothing new."""
    if amount is None:
        return ""
    if variant.content_grams and not (variant.unit == Unit.KG and variant.content_grams == 1000):
        return f"{money(price_for(amount, variant.content_grams, 1000), currency)}/kg"
    if variant.content_ml and variant.unit != Unit.LITRE:
        return f"{money(price_for(amount, variant.content_ml, 1000), currency)}/l"
    if variant.content_count and variant.content_count > 1 and variant.content_unit:
        one = price_for(amount, variant.content_count, 1)
        return f"{money(one, currency)}/{Unit(variant.content_unit).label}"
    return ""


@register.simple_tag
def most_for(variant: Variant, amount: int | None) -> int:
    """What a step sold by weight costs at most before its buyer is asked, in minor units."""
    return price_for(amount or 0, variant.content_grams or 1, variant.most_grams())


@register.filter
def most_grams(variant: Variant) -> int:
    """How heavy a step sold by weight may be before its buyer is asked."""
    return variant.most_grams()


def _content(variant: Variant) -> str:
    if variant.content_grams:
        return weight(variant.content_grams)
    if variant.content_ml:
        return volume(variant.content_ml)
    if variant.content_count and variant.content_count > 1 and variant.content_unit:
        return f"{variant.content_count}{NO_BREAK}{Unit(variant.content_unit).label}"
    return ""
