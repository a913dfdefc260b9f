"""Kill the process anywhere between the basket of a card order and Stripe's webhook about its payment.

The double of Stripe is a server that keeps running; captured amounts are read from it, not from the shop.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import F

from orders.actions.gateway.send_gateway_calls import look_up_calls_task
from orders.actions.gateway.stripe_webhooks import handle_stripe_events_task
from orders.actions.placement.order_sweeps import expire_orders_task, release_expired_reservations_task
from orders.models import (
    Basket,
    GatewayCall,
    GatewayOperation,
    LedgerEntry,
    Order,
    PaymentEvent,
    WebhookEvent,
)
from orders.states import CallState
from tests.crashes.card_purchases import EmbeddedPurchase, HostedPurchase, WeighedPurchase
from tests.crashes.killed_process import kill_at_each_point
from tests.doubles.stripe import StripeDouble
from tests.factories import get_stock
from tests.invariants import check_everything
from tests.orders.gateway.card_order_helpers import use_stripe_double

pytestmark = pytest.mark.django_db(transaction=True)
PURCHASES = [(EmbeddedPurchase, 120_000), (HostedPurchase, 120_000), (WeighedPurchase, 90_000)]
MINUTES = datetime.timedelta(minutes=5)


@pytest.fixture
def stripe(settings: Any, eager_jobs: None) -> Iterator[StripeDouble]:
    with StripeDouble() as double:
        use_stripe_double(double, settings)
        yield double


def check_every_point(purchase: EmbeddedPurchase, price: int, *, is_only_at_commits: bool) -> int:
    """Kill the process at each point, let buyer, Stripe and sweeps repeat, and check the result."""
    count = 0

    def begin() -> Basket:
        basket = purchase.basket()
        if is_only_at_commits:  # steps that all purchases share are killed in one of them
            purchase.start(basket)
        return basket

    work = purchase.finish if is_only_at_commits else purchase.run
    for baskets in kill_at_each_point(begin, work, is_only_at_commits=is_only_at_commits):
        for basket in baskets:
            work(basket)
        GatewayCall.objects.update(next_check_at=F("next_check_at") - MINUTES)
        WebhookEvent.objects.update(received_at=F("received_at") - MINUTES)
        for sweep in (
            look_up_calls_task,
            handle_stripe_events_task,
            release_expired_reservations_task,
            expire_orders_task,
        ):
            sweep()

        count += len(baskets)
        for basket in baskets:
            assert_charged_once(Order.objects.get(basket_key=basket.pk), price)
        charges = purchase.stripe.account.list_objects("charge")
        assert [row["amount_captured"] for row in charges] == [price] * count
        assert not GatewayCall.objects.exclude(next_check_at=None).exists()
        assert not WebhookEvent.objects.filter(handled_at=None).exists()
        assert get_stock(purchase.variant).allocated == 2 * count
        check_everything(order_limit=len(baskets))
    return count


def assert_charged_once(order: Order, price: int) -> None:
    assert order.confirmed_at is not None
    assert (order.total_gross, order.charged, order.amount_due) == (price, price, 0)
    starts = GatewayCall.objects.filter(payment__order=order, operation=GatewayOperation.START_PAYMENT)
    assert starts.filter(state=CallState.SUCCEEDED).count() == 1
    assert PaymentEvent.objects.filter(payment__order=order, kind="charge_success").count() == 1
    booked = LedgerEntry.objects.filter(posting__order=order, account="gateway")
    assert list(booked.values_list("amount", flat=True)) == [price]


@pytest.mark.parametrize(("purchase", "price"), PURCHASES)
def test_card_is_charged_once_if_process_dies_at_commit_or_call(
    stripe: StripeDouble, purchase: type[EmbeddedPurchase], price: int
) -> None:
    assert check_every_point(purchase(stripe), price, is_only_at_commits=True) > 5


@pytest.mark.long
@pytest.mark.parametrize(("purchase", "price"), PURCHASES)
def test_card_is_charged_once_if_process_dies_at_any_step(
    stripe: StripeDouble, purchase: type[EmbeddedPurchase], price: int
) -> None:
    assert check_every_point(purchase(stripe), price, is_only_at_commits=False) > 120
