"""What baskets would cost as orders now, worked out once for each basket in a request."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from django.db.models import QuerySet

from orders.actions.quotes.build_quote import Goods, goods_of, quote, wanted_of
from orders.actions.quotes.quote_types import Quote, Wanted, WantedLine
from orders.models import Basket
from shop.api.context import Context
from shop.core.database.compiled_query import prepared

_kept: WeakKeyDictionary[Context, dict[Any, Quote]] = WeakKeyDictionary()
_at_hand: WeakKeyDictionary[Context, dict[Any, Basket]] = WeakKeyDictionary()


def quotes_of(context: Context, keys: Iterable[Any]) -> dict[Any, Quote]:
    """By basket. A few queries for each basket, whatever lies in it; what they hold is read together."""
    known = _kept.setdefault(context, {})
    missing = [key for key in dict.fromkeys(keys) if key not in known]
    if missing:
        at_hand = _at_hand.get(context, {})
        unread = [key for key in missing if key not in at_hand]
        baskets = [at_hand[key] for key in missing if key in at_hand]
        wanted = [wanted_of(basket) for basket in [*baskets, *(_baskets(unread) if unread else [])]]
        goods = _goods(wanted)
        for one in wanted:
            known[one.basket_id] = quote(one, now=context.now, goods=goods[_where(one)])
    return known


def _goods(wanted: Sequence[Wanted]) -> dict[Any, Goods]:
    """What lies in baskets that are sold and brought to the same place is read together."""
    lines: dict[Any, list[WantedLine]] = {}
    for one in wanted:
        lines.setdefault(_where(one), []).extend(one.lines)
    one_each = {_where(one): one for one in wanted}
    return {where: goods_of(replace(one, lines=lines[where])) for where, one in one_each.items()}


def _where(one: Wanted) -> tuple[int, str, str]:
    return one.channel.pk, one.country, one.province_code


@prepared
def _baskets(keys: Collection[Any]) -> QuerySet[Basket]:
    return Basket.objects.filter(pk__in=keys).select_related("channel")


def remember(context: Context, key: Any, offer: Quote) -> None:
    """What an action has worked out last need not be worked out again."""
    _kept.setdefault(context, {})[key] = offer


def keep_at_hand(context: Context, basket: Basket) -> None:
    """As an action has left it: it need not be read again."""
    _at_hand.setdefault(context, {})[basket.pk] = basket


def forget(context: Context) -> None:
    """Baskets have changed: work them out anew."""
    _kept.pop(context, None)
    _at_hand.pop(context, None)
