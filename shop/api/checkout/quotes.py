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
    unquoted_keys = [key for key in dict.fromkeys(keys) if key not in known]
    if unquoted_keys:
        loaded = _loaded_baskets.get(context, {})
        unread = [key for key in unquoted_keys if key not in loaded]
        baskets = [loaded[key] for key in unquoted_keys if key in loaded]
        requested = [
            basket_quote_request(basket)
            for basket in [*baskets, *(_baskets_by_key(unread) if unread else [])]
        ]
        inputs = _read_products(requested)
        for request in requested:
            known[request.basket_id] = build_quote(
                request, now=context.now, inputs=inputs[_destination(request)]
            )
    return known


def _read_products(requested: Sequence[QuoteRequest]) -> dict[Destination, QuoteInputs]:
    """Read the products of all baskets with the same channel and destination together."""
    lines: dict[Destination, list[RequestedLine]] = {}
    for request in requested:
        lines.setdefault(_destination(request), []).extend(request.lines)
    request_by_destination = {_destination(request): request for request in requested}
    return {
        destination: read_quote_inputs(replace(request, lines=lines[destination]))
        for destination, request in request_by_destination.items()
    }


def _destination(request: QuoteRequest) -> Destination:
    return request.channel.pk, request.country, request.province_code


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
