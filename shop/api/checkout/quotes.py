"""Quotes of baskets, computed once per basket and request."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from weakref import WeakKeyDictionary

from django.db.models import QuerySet

from orders.actions.quotes.build_quote import QuoteInputs, build_basket_request, build_quote
from orders.actions.quotes.quote_queries import read_quoted_variants
from orders.actions.quotes.quote_types import Quote
from orders.actions.quotes.sales_terms import sales_terms
from orders.models import Basket
from shop.api.context import Context
from shop.core.database.compiled_query import compiled_query

_quotes: WeakKeyDictionary[Context, dict[uuid.UUID | None, Quote]] = WeakKeyDictionary()
_loaded_baskets: WeakKeyDictionary[Context, dict[uuid.UUID, Basket]] = WeakKeyDictionary()


def load_quotes(context: Context, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID | None, Quote]:
    """Return quotes by basket key. Two queries per basket, and one for the terms of sale."""
    cached_quotes = _quotes.setdefault(context, {})
    unquoted_keys = [key for key in dict.fromkeys(keys) if key not in cached_quotes]
    if unquoted_keys:
        loaded = _loaded_baskets.get(context, {})
        unread = [key for key in unquoted_keys if key not in loaded]
        baskets = [loaded[key] for key in unquoted_keys if key in loaded]
        requested = [
            build_basket_request(basket)
            for basket in [*baskets, *(_baskets_by_key(unread) if unread else [])]
        ]
        terms = sales_terms()
        for request in requested:
            inputs = QuoteInputs(read_quoted_variants(request), terms)
            cached_quotes[request.basket_id] = build_quote(request, now=context.now, inputs=inputs)
    return cached_quotes


@compiled_query
def _baskets_by_key(keys: Collection[uuid.UUID]) -> QuerySet[Basket]:
    return Basket.objects.filter(pk__in=keys).select_related("channel")


def remember_quote(context: Context, key: uuid.UUID, quote: Quote) -> None:
    """Cache a quote that an action has computed."""
    _quotes.setdefault(context, {})[key] = quote


def remember_basket(context: Context, basket: Basket) -> None:
    """Cache a basket in its state after an action."""
    _loaded_baskets.setdefault(context, {})[basket.pk] = basket


def forget_quotes(context: Context) -> None:
    """Discard all quotes after a change."""
    _quotes.pop(context, None)
    _loaded_baskets.pop(context, None)
