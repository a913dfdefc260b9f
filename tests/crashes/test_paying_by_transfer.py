"""An order paid by bank transfer, its process killed anywhere between the basket and the money's arrival."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from orders.actions.hear import handle_notices_task
from orders.actions.place import place_order
from orders.actions.sweeps import expire_orders_task, release_expired_task
from orders.models import BankTransfer, Basket, GatewayEvent, LedgerEntry, Method, Order, PaymentEvent
from orders.states import TransferState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.crashes.killed import deaths
from tests.doubles.bank_webhooks import sepay_webhook
from tests.factories import (
    carriers_for,
    make_bank_account,
    make_basket,
    make_contact,
    make_variant,
    stock_of,
)
from tests.invariants import check_everything

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec-of-sepay"
ACCOUNT = "0011223344556"


def place(basket: Basket) -> Order:
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carriers_for(basket) if basket.lines.exists() else {},
        consents=frozenset({ConsentPurpose.ORDER}),
        method=Method.TRANSFER,
        actor=Actor.guest(),
        now=timezone.now(),
    )


def place_and_pay(basket: Basket, number: int) -> None:
    """The buyer orders and pays in their bank's app; the service tells of it; the shop's worker wakes up."""
    order = place(basket)
    body, headers = sepay_webhook(
        SECRET,
        timezone.now(),
        id=number,
        accountNumber=ACCOUNT,
        content=f"CT DEN {order.code} cam on",
        transferAmount=order.total_gross,
        transactionDate=f"{timezone.localtime():%Y-%m-%d %H:%M:%S}",
        referenceCode=f"FT{number:08}",
    )
    answer = Client().post("/webhooks/sepay/", body, content_type="application/json", headers=headers)
    assert answer.json() == {"success": True}


def all_steps_hold(every: int) -> int:
    """Kill it at each `every`-th step, let the service and the sweeps repeat themselves, and look."""
    make_bank_account()
    variant = make_variant(on_hand=1_000, price=45_000)
    baskets: list[Basket] = []

    def fresh() -> Callable[[], Any]:
        baskets.append(make_basket((variant, 2), now=timezone.now()))
        return partial(place_and_pay, baskets[-1], len(baskets))

    for _step in deaths(fresh, every=every):
        place_and_pay(baskets[-1], len(baskets))
        GatewayEvent.objects.update(received_at=F("received_at") - datetime.timedelta(minutes=1))
        for sweep in (handle_notices_task, release_expired_task, expire_orders_task):
            sweep()

        order = Order.objects.get(basket_key=baskets[-1].pk)
        transfer = BankTransfer.objects.get(reference=f"FT{len(baskets):08}")
        assert order.confirmed_at is not None
        assert (order.charged, order.still_due) == (order.total_gross, 0)
        assert (transfer.state, transfer.amount) == (TransferState.SETTLED, order.total_gross)
        assert PaymentEvent.objects.filter(payment__order=order, kind="charge_success").count() == 1
        assert not GatewayEvent.objects.filter(handled_at=None).exists()
        booked = LedgerEntry.objects.filter(posting__order=order, account="bank")
        assert list(booked.values_list("amount", flat=True)) == [order.total_gross]
        assert stock_of(variant).allocated == 2 * len(baskets)
        check_everything(newest=1)
    return len(baskets)


@pytest.fixture(autouse=True)
def _sepay(settings: Any, jobs_at_once: None) -> None:
    settings.SEPAY_SECRET = SECRET


def test_no_money_and_no_goods_are_lost_or_doubled() -> None:
    assert all_steps_hold(every=7) > 25


@pytest.mark.long
def test_no_money_and_no_goods_are_lost_or_doubled_at_any_step() -> None:
    assert all_steps_hold(every=1) > 150
