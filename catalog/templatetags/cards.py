"""Render a product card, with a cache."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from catalog.views.product_cards import ProductCard

register = template.Library()

_MAX_CACHED_CARDS = 4_000  # about a kilobyte each


@register.simple_tag
def product_card(card: ProductCard, *, is_eager: bool = False, has_seller: bool = True) -> SafeString:
    """Render a card. `is_eager` loads its picture at once, `has_seller` names the seller.

    The template depends only on the card's values, so equal cards render equally. Rendering two dozen cards
    takes longer than all of a list's queries.
    """
    return _render_card(card, is_eager, has_seller, get_language() or "")


@lru_cache(_MAX_CACHED_CARDS)
def _render_card(card: ProductCard, is_eager: bool, has_seller: bool, language: str) -> SafeString:
    context = {"card": card, "is_eager": is_eager, "has_seller": has_seller}
    return render_to_string("components/product_card.html", context)
