"""Quotes of baskets, computed once per basket and request."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias
from weakref import WeakKeyDictionary

from django.db.models import QuerySet

from orders.actions.quotes.build_quote import (
    QuoteInputs,
    basket_quote_request,
    build_quote,
    read_quote_inputs,
)
from orders.actions.quotes.quote_types import Quote, QuoteRequest, RequestedLine
from orders.models import Basket
from shop.api.context import Context
from shop.core.database.compiled_query import compiled_query

Destination: TypeAlias = tuple[int, str, str]  # channel, country, province

_quotes: WeakKeyDictionary[Context, dict[uuid.UUID | None, Quote]] = WeakKeyDictionary()
_loaded_baskets: WeakKeyDictionary[Context, dict[uuid.UUID, Basket]] = WeakKeyDictionary()


def quotes_of(context: Context, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID | None, Quote]:
    """Return quotes by basket key. A few queries per basket; products of all baskets are read together."""
    known = _quotes.setdefault(context, {})
    missing = [key for key in dict.fromkeys(keys) if key not in known]
    if missing:
        loaded = _loaded_baskets.get(context, {})
        unread = [key for key in missing if key not in loaded]
        baskets = [loaded[key] for key in missing if key in loaded]
        requested = [
            basket_quote_request(basket)
            for basket in [*baskets, *(_baskets_by_key(unread) if unread else [])]
        ]
        inputs = _read_products(requested)
        for one in requested:
            known[one.basket_id] = build_quote(one, now=context.now, inputs=inputs[_destination(one)])
    return known


def _read_products(requested: Sequence[QuoteRequest]) -> dict[Destination, QuoteInputs]:
    """Read the products of all baskets with the same channel and destination together."""
    lines: dict[Destination, list[RequestedLine]] = {}
    for one in requested:
        lines.setdefault(_destination(one), []).extend(one.lines)
    one_each = {_destination(one): one for one in requested}
    return {where: read_quote_inputs(replace(one, lines=lines[where])) for where, one in one_each.items()}


def _destination(one: QuoteRequest) -> Destination:
    return one.channel.pk, one.country, one.province_code


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
