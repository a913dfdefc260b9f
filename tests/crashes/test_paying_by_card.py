"""An order paid by card, its process killed anywhere between the basket and Stripe's notice of the money.

Stripe is our double, a server that lives on; what it took in the end is asked of it, not of us.
"""

from __future__ import annotations

import datetime
import json
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from stripe import WebhookSignature

from orders.actions.call import look_up_call, look_up_calls_task, make_call
from orders.actions.hear_stripe import handle_events_task
from orders.actions.place import place_order
from orders.actions.sweeps import expire_orders_task, release_expired_task
from orders.models import (
    Basket,
    GatewayCall,
    GatewayEvent,
    LedgerEntry,
    Method,
    Order,
    PaymentEvent,
)
from orders.states import CallState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.crashes.killed import deaths
from tests.doubles.stripe import StripeDouble
from tests.factories import carriers_for, make_basket, make_contact, make_variant, stock_of
from tests.invariants import check_everything
from tests.orders.card_at_hand import GOOD, set_up

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def stripe(settings: Any, jobs_at_once: None) -> Iterator[StripeDouble]:
    with StripeDouble() as double:
        set_up(double, settings)
        yield double


def place(basket: Basket) -> Order:
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carriers_for(basket) if basket.lines.exists() else {},
        consents=frozenset({ConsentPurpose.ORDER}),
        method=Method.CARD,
        actor=Actor.guest(),
        now=timezone.now(),
    )


def place_and_pay(stripe: StripeDouble, basket: Basket) -> None:
    """The buyer orders, the worker makes the call, the buyer gives a card to Stripe, who tells us of it."""
    order = place(basket)
    call = GatewayCall.objects.get(payment__order=order)
    made = make_call(call_id=call.pk, now=timezone.now()) or look_up_call(call_id=call.pk, now=timezone.now())
    assert made is not None
    if made.answer.secret:
        given = {"key": stripe.publishable_key, "client_secret": made.answer.secret, "number": GOOD}
        urllib.request.urlopen(f"{stripe.url}/js/confirm", urlencode(given).encode(), timeout=20)
    event = told_by(stripe, made.call.reference)
    body = json.dumps(event)
    signature = WebhookSignature.generate_signature_header(body, stripe.webhook_secret)
    answer = Client().post(
        "/webhooks/stripe/", body, content_type="application/json", headers={"Stripe-Signature": signature}
    )
    assert answer.json() == {"success": True}


def told_by(stripe: StripeDouble, reference: str) -> dict[str, Any]:
    """The notice of this payment, as Stripe's own list has it: the process that asks may be another one."""
    request = urllib.request.Request(
        f"{stripe.url}/v1/events?type=payment_intent.succeeded&limit=100",
        headers={"Authorization": f"Bearer {stripe.secret_key}"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        events = json.load(answer)["data"]
    (event,) = [event for event in events if event["data"]["object"]["id"] == reference]
    found: dict[str, Any] = event
    return found


def all_steps_hold(stripe: StripeDouble, every: int) -> int:
    """Kill it at each `every`-th step, let the buyer, Stripe and the sweeps repeat themselves, and look."""
    variant = make_variant(on_hand=1_000, price=45_000)
    baskets: list[Basket] = []

    def fresh() -> Callable[[], Any]:
        baskets.append(make_basket((variant, 2), now=timezone.now()))
        return partial(place_and_pay, stripe, baskets[-1])

    minutes = datetime.timedelta(minutes=5)
    for _step in deaths(fresh, every=every):
        place_and_pay(stripe, baskets[-1])
        GatewayCall.objects.update(look_at=F("look_at") - minutes)
        GatewayEvent.objects.update(received_at=F("received_at") - minutes)
        sweeps = (look_up_calls_task, handle_events_task, release_expired_task, expire_orders_task)
        for sweep in sweeps:
            sweep()

        order = Order.objects.get(basket_key=baskets[-1].pk)
        call = GatewayCall.objects.get(payment__order=order)
        taken = [row["amount_captured"] for row in stripe.account.every("charge")]
        assert taken == [order.total_gross] * len(baskets)
        assert len(stripe.account.every("payment_intent")) == len(baskets)
        assert (call.state, call.look_at) == (CallState.SUCCEEDED, None)
        assert order.confirmed_at is not None
        assert (order.charged, order.still_due) == (order.total_gross, 0)
        assert PaymentEvent.objects.filter(payment__order=order, kind="charge_success").count() == 1
        assert not GatewayEvent.objects.filter(handled_at=None).exists()
        booked = LedgerEntry.objects.filter(posting__order=order, account="gateway")
        assert list(booked.values_list("amount", flat=True)) == [order.total_gross]
        assert stock_of(variant).allocated == 2 * len(baskets)
        check_everything(newest=1)
    return len(baskets)


def test_a_card_is_charged_once_wherever_the_shop_dies(stripe: StripeDouble) -> None:
    assert all_steps_hold(stripe, every=9) > 20


@pytest.mark.long
def test_a_card_is_charged_once_whatever_step_the_shop_dies_at(stripe: StripeDouble) -> None:
    assert all_steps_hold(stripe, every=1) > 200
