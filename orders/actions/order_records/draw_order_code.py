"""Draw the code of a new order."""

from __future__ import annotations

import secrets

from django.db.models import QuerySet

from orders.models import Order, OrderCode, OrderCodeKey
from orders.payments.code_search import find_order_codes
from orders.payments.order_codes import order_code_for
from shop.core.database.compiled_query import compiled_query

_KEY_BYTES = 32


def draw_order_code() -> str:
    """Step: return a code that no order has.

    Codes do not repeat under one key. A code that was used under an earlier key is skipped. So is a code that
    contains an older, shorter code, because a transfer with such a code in its note would name two orders.
    """
    key = bytes.fromhex(_code_key())
    while True:
        code = order_code_for(OrderCode.objects.create().pk, key)
        if not Order.objects.filter(code__in=find_order_codes(code)).exists():
            return code


def _code_key() -> str:
    stored_key = next(iter(_stored_key()), None)
    if stored_key is None:
        new_key = {"key": secrets.token_hex(_KEY_BYTES)}
        stored_key, _is_new = OrderCodeKey.objects.get_or_create(pk=1, defaults=new_key)
    key: str = stored_key.key
    return key


@compiled_query
def _stored_key() -> QuerySet[OrderCodeKey]:
    return OrderCodeKey.objects.all()[:1]
