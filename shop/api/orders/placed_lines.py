"""Lines of orders that this request has placed, shown without reading them again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from orders.models import Order, OrderLine
from shop.api.context import Context

_lines: WeakKeyDictionary[Context, dict[uuid.UUID, Sequence[OrderLine]]] = WeakKeyDictionary()


def remember_placed_lines(context: Context, order: Order, lines: Sequence[OrderLine]) -> None:
    """Keep the lines of an order in the state after its placement."""
    _lines.setdefault(context, {})[order.pk] = lines


def placed_lines(context: Context, order_id: uuid.UUID) -> Sequence[OrderLine] | None:
    """Return the lines of an order that this request has placed, or None for other orders."""
    return _lines.get(context, {}).get(order_id)
