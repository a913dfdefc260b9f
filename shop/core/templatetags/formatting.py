"""Register the formats of `shop.core.texts.formatting` as template filters."""

from __future__ import annotations

from collections.abc import Callable

from django import template
from django.forms import BaseForm
from django.utils.html import format_html

from shop.core.money import minor_digits
from shop.core.texts import formatting
from shop.core.texts.folding import folded_words

register = template.Library()

# Folded words that say nothing about a field, in English and Vietnamese.
_WORDS_OF_MANY_LABELS = frozenset("a an and for of or the this to number so va hoac cua nay theo".split())

_FILTERS: dict[str, Callable[..., str]] = {
    "amount_cell": formatting.format_amount_cell,
    "money": formatting.format_money,
    "sums": formatting.format_sums,
    "fee": formatting.format_fee,
    "currency_symbol": formatting.currency_symbol,
    "percent": formatting.format_percent,
    "weight": formatting.format_weight,
    "volume": formatting.format_volume,
    "number": formatting.format_number,
    "translated_reason": formatting.translated_reason,
    "phone": formatting.format_phone_number,
    "day": formatting.format_day,
    "short_day": formatting.format_short_day,
    "weekday": formatting.weekday,
    "short_weekday": formatting.short_weekday,
    "weekday_and_day": formatting.weekday_and_day,
    "days_between": formatting.days_between,
    "clock": formatting.format_time,
    "hour": formatting.format_hour,
    "hour_range": formatting.format_hour_range,
}
for _name, _format_value in _FILTERS.items():
    register.filter(_name, _format_value)
register.filter(minor_digits)
register.filter(formatting.keep_names_together, is_safe=True)


@register.filter
def prefixed(text: str | None, prefix: str) -> str:
    """Put `prefix` before a text. An empty text stays empty, as in `{{ day|prefixed:", " }}`."""
    return format_html("{}{}", prefix, text) if text else ""


@register.filter
def breakable_email(address: str | None) -> str:
    """Let an email address break before its @ rather than within a word. A missing one becomes empty."""
    name, at_sign, domain = (address or "").rpartition("@")
    return format_html("{}<wbr>{}{}", name, at_sign, domain) if at_sign else domain


@register.filter
def names_field(error: str, label: str) -> bool:
    """Return whether an error contains a telling word of its field's label, so that it needs no label."""
    words = set(folded_words(str(label))) - _WORDS_OF_MANY_LABELS
    return bool(words & set(folded_words(str(error))))


@register.filter
def count_errors(form: BaseForm) -> int:
    """Return how many errors a form has, as its summary lists them."""
    return sum(len(errors) for errors in form.errors.values())
