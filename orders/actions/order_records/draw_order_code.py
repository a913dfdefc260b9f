"""Draw the code of a new order."""

from __future__ import annotations

import secrets

from orders.models import Order, OrderCode, OrderCodeKey
from orders.payments.code_search import find_order_codes
from orders.payments.order_codes import order_code_for

_KEY_BYTES = 32


def draw_order_code(stored_key: str | None) -> str:
    """In a transaction: return a code that no order has. `stored_key` is None for the shop's first code.

    Codes do not repeat under one key. A code that was used under an earlier key is skipped. So is a code that
    contains an older, shorter code, because a transfer with such a code in its note would name two orders.
    """
    key = bytes.fromhex(stored_key or _create_key())
    while True:
        code = order_code_for(OrderCode.objects.create().pk, key)
        if not Order.objects.filter(code__in=find_order_codes(code)).exists():
            return code


def _create_key() -> str:
    """Create the key and return it, or the one that another transaction created first."""
    new_key = {"key": secrets.token_hex(_KEY_BYTES)}
    stored_key, _is_new = OrderCodeKey.objects.get_or_create(pk=1, defaults=new_key)
    return stored_key.key
