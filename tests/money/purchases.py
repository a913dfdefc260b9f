"""Buyers place orders, change the payment method, and let orders expire."""

from __future__ import annotations

import datetime
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from orders.actions.payments.order_payments import change_payment_method
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.placement.place_order import place_order
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import Order, PaymentMethod
from shop.accounts.models import ConsentPurpose
from shop.core.errors import Refused
from tests.factories import carrier_deliveries, make_basket, make_contact
from tests.money.market import INDEXES, Market, requires_row

STEPS = st.sampled_from([(1, 0, 0), (0, 1, 0), (0, 2, 1), (2, 1, 0), (1, 1, 1), (0, 0, 2)])


def awaiting_payment() -> Any:
    return Order.objects.filter(confirmed_at=None, expired_at=None, cancelled_at=None)


class Purchases(Market):
    """Operations of buyers."""

    @initialize(steps=STEPS)
    def begin(self, steps: tuple[int, int, int]) -> None:
        self.order_goods((1, 1, 1), PaymentMethod.COD, with_code=False)
        self.order_goods(steps, PaymentMethod.TRANSFER, with_code=True)

    @rule(
        steps=STEPS,
        method=st.sampled_from(PaymentMethod),
        with_code=st.booleans(),
    )
    def order_goods(self, steps: tuple[int, int, int], method: PaymentMethod, with_code: bool) -> None:
        basket = make_basket(
            *[(variant, count) for variant, count in zip(self.variants, steps, strict=True) if count],
            now=self.now,
        )
        with suppress(Refused):
            if with_code:
                apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=self.now)
        with suppress(Refused):
            place_order(
                basket_id=basket.pk,
                contact=make_contact(),
                deliveries=carrier_deliveries(basket),
                consents=frozenset({ConsentPurpose.ORDER}),
                method=method,
                **self.next_actor_and_time(),
            )

    @requires_row(awaiting_payment)
    @rule(index=INDEXES, method=st.sampled_from(PaymentMethod))
    def switch_payment_method(self, index: int, method: PaymentMethod) -> None:
        self.attempt(
            Order.objects.all(),
            index,
            lambda row: change_payment_method(order_id=row.pk, method=method, **self.next_actor_and_time()),
        )

    @requires_row(awaiting_payment)
    @rule(index=INDEXES)
    def expire(self, index: int) -> None:
        self.now += datetime.timedelta(hours=25)
        self.attempt(
            awaiting_payment(), index, lambda row: expire_order(order_id=row.pk, **self.next_actor_and_time())
        )
