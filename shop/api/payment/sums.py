"""Sums over payments' events, read once per request."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from orders.models import Payment, PaymentMethod, PaymentSums
from shop.api.context import Context
from shop.api.ids import Key

_sums: WeakKeyDictionary[Context, dict[uuid.UUID, PaymentSums]] = WeakKeyDictionary()


def read_sums_by_key(context: Context, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, PaymentSums]:
    """Return sums by payment key. At most one query."""
    cached_sums = _sums.setdefault(context, {})
    unread_keys = {key for key in keys if key not in cached_sums}
    if unread_keys:
        sums = Payment.objects.filter(pk__in=unread_keys).sums()
        cached_sums |= {key: sums.get(key, PaymentSums()) for key in unread_keys}
    return cached_sums


def forget_sums(context: Context) -> None:
    _sums.pop(context, None)


class PaidAmounts:
    """Amounts paid for a checkout in minor units: charged, authorised and pending."""

    def __init__(self) -> None:
        self.charged = self.authorised = self.pending = 0

    @property
    def total(self) -> int:
        return self.charged + self.authorised + self.pending


def read_paid_amounts(keys: Iterable[Key]) -> dict[Key, PaidAmounts]:
    """Return paid amounts by basket key. It takes two queries."""
    payments = Payment.objects.filter(basket__in=list(keys))
    basket_and_method = {
        pk: (basket_id, method) for pk, basket_id, method in payments.values_list("pk", "basket", "method")
    }
    amounts_by_basket: dict[Key, PaidAmounts] = {}
    for key, sums in payments.sums().items():
        basket_id, method = basket_and_method[key]
        amounts = amounts_by_basket.setdefault(basket_id, PaidAmounts())
        amounts.charged += sums.charged
        amounts.authorised += sums.authorised
        if method in (PaymentMethod.COD, PaymentMethod.TRANSFER):
            amounts.pending += sums.charge_pending
    return amounts_by_basket
