"""Register the formats of `shop.core.texts.formatting` as template filters."""

from __future__ import annotations

from django import template
from django.utils.html import format_html

from shop.core.money import minor_digits
from shop.core.texts import formatting

register = template.Library()

for _filter in (
    formatting.amount_alone,
    formatting.money,
    formatting.currency_symbol,
    formatting.weight,
    formatting.volume,
    formatting.number,
    formatting.translated_reason,
    formatting.phone,
    formatting.day,
    formatting.short_day,
    formatting.weekday,
    formatting.short_weekday,
    formatting.weekday_and_day,
    formatting.days_between,
    formatting.clock,
    formatting.hour,
    formatting.hour_range,
):
    register.filter(_filter)
register.filter(minor_digits)
register.filter(formatting.keep_names_together, is_safe=True)


@register.filter
def prefixed(text: str | None, prefix: str) -> str:
    """Put `prefix` before a text; an empty text stays empty: `{{ day|prefixed:", " }}`."""
    return format_html("{}{}", prefix, text) if text else ""


@register.filter
def breakable_email(address: str | None) -> str:
    """Let an e-mail address break before its @ rather than within a word; a missing one becomes empty."""
    name, at, domain = (address or "").rpartition("@")
    return format_html("{}<wbr>{}{}", name, at, domain) if at else domain
