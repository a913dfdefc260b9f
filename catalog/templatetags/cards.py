"""A product's card in a list, drawn once."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from catalog.views.product_cards import Card

register = template.Library()

_KEPT = 4_000  # cards, of about a kilobyte each


@register.simple_tag
def product_card(card: Card, *, eager: bool = False, without_seller: bool = False) -> SafeString:
    """What stands within a card; `eager` where it is seen first, `without_seller` on the seller's own page.

    A card holds values alone and its template is given nothing else: equal ones are drawn alike, and
    drawing two dozen takes longer than all that a list asks the database.
    """
    return _drawn(card, eager, without_seller, get_language() or "")


@lru_cache(_KEPT)
def _drawn(card: Card, eager: bool, without_seller: bool, language: str) -> SafeString:
    context = {"card": card, "eager": eager, "without_seller": without_seller}
    return render_to_string("components/product_card.html", context)
