"""What payments' events add up to, read once in a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from orders.models import Method, Payment, PaymentSums
from shop.api.context import Context

_kept: WeakKeyDictionary[Context, dict[Any, PaymentSums]] = WeakKeyDictionary()


def sums_by_key(context: Context, keys: Iterable[Any]) -> dict[Any, PaymentSums]:
    """By payment. One query at most."""
    known = _kept.setdefault(context, {})
    missing = {key for key in keys if key not in known}
    if missing:
        found = Payment.objects.filter(pk__in=missing).sums()
        known |= {key: found.get(key, PaymentSums()) for key in missing}
    return known


def forget_sums(context: Context) -> None:
    _kept.pop(context, None)


class Cover:
    """What is paid for a checkout: charged, held by cards, and promised, in minor units."""

    def __init__(self) -> None:
        self.charged = self.held = self.promised = 0

    @property
    def together(self) -> int:
        return self.charged + self.held + self.promised


def covers(keys: Iterable[Any]) -> dict[Any, Cover]:
    """By basket. Two queries."""
    payments = Payment.objects.filter(basket__in=list(keys))
    of = {pk: (basket, method) for pk, basket, method in payments.values_list("pk", "basket", "method")}
    found: dict[Any, Cover] = {}
    for key, sums in payments.sums().items():
        basket, method = of[key]
        cover = found.setdefault(basket, Cover())
        cover.charged += sums.charged
        cover.held += sums.authorised
        if method in (Method.COD, Method.TRANSFER):
            cover.promised += sums.charge_pending
    return found
