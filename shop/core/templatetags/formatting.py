"""Register the formats of `shop.core.texts.figures` as template filters."""

from __future__ import annotations

from django import template
from django.utils.html import format_html

from shop.core.money import minor_digits
from shop.core.texts import figures

register = template.Library()

for _filter in (
    figures.money,
    figures.currency_symbol,
    figures.weight,
    figures.volume,
    figures.number,
    figures.translated_reason,
    figures.phone,
    figures.day,
    figures.short_day,
    figures.weekday,
    figures.short_weekday,
    figures.weekday_and_day,
    figures.days_between,
    figures.clock,
    figures.hour,
    figures.hour_range,
):
    register.filter(_filter)
register.filter(minor_digits)
register.filter(figures.keep_names_together, is_safe=True)


@register.filter
def prefixed(text: str | None, prefix: str) -> str:
    """Put `prefix` before a text; an absent text stays absent: `{{ day|prefixed:", " }}`."""
    return format_html("{}{}", prefix, text) if text else ""
