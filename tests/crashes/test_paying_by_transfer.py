"""Kill the process anywhere between the basket of a transfer order and the arrival of its money."""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from orders.actions.bank_transfers.receive_transfers import process_bank_webhooks_task
from orders.actions.placement.order_sweeps import expire_orders_task, release_expired_reservations_task
from orders.actions.placement.place_order import place_order
from orders.models import BankTransfer, Basket, LedgerEntry, Order, PaymentEvent, PaymentMethod, WebhookEvent
from orders.states import TransferState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.crashes.killed_process import kill_at_each_point
from tests.doubles.bank_webhooks import sepay_webhook
from tests.factories import (
    carrier_deliveries,
    get_stock,
    make_bank_account,
    make_basket,
    make_contact,
    make_variant,
)
from tests.invariants import check_everything

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec-of-sepay"
ACCOUNT = "0011223344556"


def order_basket(basket: Basket) -> Order:
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carrier_deliveries(basket) if basket.lines.exists() else {},
        consents=frozenset({ConsentPurpose.ORDER}),
        method=PaymentMethod.TRANSFER,
        actor=Actor.guest(),
        now=timezone.now(),
    )


def place_and_pay(basket: Basket) -> None:
    """Order, pay in the bank's app, have the service report it and the worker process it."""
    order = order_basket(basket)
    body, headers = sepay_webhook(
        SECRET,
        timezone.now(),
        id=basket.pk.int % 10**12,
        accountNumber=ACCOUNT,
        content=f"CT DEN {order.code} cam on",
        transferAmount=order.total_gross,
        transactionDate=f"{timezone.localtime():%Y-%m-%d %H:%M:%S}",
        referenceCode=f"FT{basket.pk.hex}",
    )
    response = Client().post("/webhooks/sepay/", body, content_type="application/json", headers=headers)
    assert response.json() == {"success": True}


def check_every_point(*, is_only_at_commits: bool) -> int:
    """Kill the process at each point, let service and sweeps repeat, and check the result."""
    make_bank_account()
    variant = make_variant(on_hand=1_000, price=45_000)
    count = 0
    begin = partial(make_basket, (variant, 2), now=timezone.now())
    for baskets in kill_at_each_point(begin, place_and_pay, is_only_at_commits=is_only_at_commits):
        for basket in baskets:
            place_and_pay(basket)
        WebhookEvent.objects.update(received_at=F("received_at") - datetime.timedelta(minutes=1))
        for sweep in (process_bank_webhooks_task, release_expired_reservations_task, expire_orders_task):
            sweep()

        count += len(baskets)
        for basket in baskets:
            assert_paid_once(Order.objects.get(basket_key=basket.pk), f"FT{basket.pk.hex}")
        assert not WebhookEvent.objects.filter(handled_at=None).exists()
        assert get_stock(variant).allocated == 2 * count
        check_everything(order_limit=len(baskets))
    return count


def assert_paid_once(order: Order, reference: str) -> None:
    transfer = BankTransfer.objects.get(reference=reference)
    assert order.confirmed_at is not None
    assert (order.charged, order.amount_due) == (order.total_gross, 0)
    assert (transfer.state, transfer.amount) == (TransferState.ASSIGNED, order.total_gross)
    assert PaymentEvent.objects.filter(payment__order=order, kind="charge_success").count() == 1
    booked = LedgerEntry.objects.filter(posting__order=order, account="bank")
    assert list(booked.values_list("amount", flat=True)) == [order.total_gross]


@pytest.fixture(autouse=True)
def _sepay(settings: Any, eager_jobs: None) -> None:
    settings.SEPAY_SECRET = SECRET


def test_money_and_stock_are_consistent_if_process_dies_at_commit_or_call() -> None:
    assert check_every_point(is_only_at_commits=True) > 5


@pytest.mark.long
def test_money_and_stock_are_consistent_if_process_dies_at_any_step() -> None:
    assert check_every_point(is_only_at_commits=False) > 100
