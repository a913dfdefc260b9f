"""Card payments against the double of Stripe: its fixture, orders, and calls."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from orders.actions.gateway import send_gateway_calls as calls
from orders.actions.gateway.send_gateway_calls import look_up_call, look_up_calls_task
from orders.models import (
    EventKind,
    GatewayCall,
    GatewayOperation,
    Order,
    Payment,
    PaymentEvent,
    PaymentMethod,
    PaymentSums,
)
from orders.payments.stripe_gateway import StripeGateway
from tests.doubles.stripe import StripeDouble
from tests.factories import NOW, make_order, make_variant

GOOD_CARD, SCA_CARD, DECLINED_CARD, POOR_CARD = (
    "4242424242424242",
    "4000002500003155",
    "4000000000000002",
    "4000000000009995",
)
MINUTE = datetime.timedelta(minutes=1)
COOPERATIVE = "acct_thien_an"


def use_stripe_double(double: StripeDouble, settings: Any) -> None:
    """Point the shop's settings at this double."""
    settings.STRIPE_SECRET_KEY = double.secret_key
    settings.STRIPE_PUBLISHABLE_KEY = double.publishable_key
    settings.STRIPE_WEBHOOK_SECRET = double.webhook_secret
    settings.STRIPE_API_URL = double.url
    settings.STRIPE_JS_URL = double.js_url


@pytest.fixture
def stripe(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[StripeDouble]:
    """Yield the double of Stripe with the clock of the factories; calls that hang time out soon."""
    with StripeDouble() as double:
        use_stripe_double(double, settings)
        double.account.clock = NOW.timestamp
        double.account.connected.add(COOPERATIVE)
        patient, impatient = (
            StripeGateway(secret_key=double.secret_key, api_url=double.url, read_timeout=seconds)
            for seconds in (20, 0.3)
        )
        monkeypatch.setattr(
            calls, "stripe_gateway", lambda: impatient if double.faults.will_hang else patient
        )
        yield double


def make_card_order(*lines: Any, **fields: Any) -> Order:
    """Make an order to be paid by card, by default of 120,000 đồng; its call is not sent yet."""
    lines = lines or ((make_variant(price=45_000), 2),)
    return make_order(*lines, method=PaymentMethod.CARD, **fields)


def get_call(order: Order, operation: GatewayOperation = GatewayOperation.START_PAYMENT) -> GatewayCall:
    """Return the order's newest call of this operation."""
    calls = GatewayCall.objects.filter(payment__order=order, operation=operation)
    return calls.latest("payment__created_at", "created_at")


def make_started_card_order(*lines: Any, **fields: Any) -> Order:
    """Make a card order whose call is sent and waits for the buyer's card."""
    order = make_card_order(*lines, **fields)
    send_order_call(order)
    return order


def send_order_call(
    order: Order,
    operation: GatewayOperation = GatewayOperation.START_PAYMENT,
    *,
    now: datetime.datetime = NOW,
) -> GatewayCall:
    """Send the order's call, as the worker does."""
    calls.send_call(call_id=get_call(order, operation).pk, now=now)
    return get_call(order, operation)


def look_up_order_call(
    order: Order,
    operation: GatewayOperation = GatewayOperation.START_PAYMENT,
    *,
    now: datetime.datetime = NOW,
) -> GatewayCall:
    look_up_call(call_id=get_call(order, operation).pk, now=now)
    return get_call(order, operation)


def make_paid_card_order(stripe: StripeDouble, *lines: Any, card: str = GOOD_CARD, **fields: Any) -> Order:
    """Make an order paid with this card, after the shop has looked the payment up."""
    order = make_started_card_order(*lines, **fields)
    stripe.buyer_pays(get_call(order).reference, card)
    look_up_order_call(order)
    order.refresh_from_db()
    return order


def sweep_all(monkeypatch: pytest.MonkeyPatch, now: datetime.datetime) -> None:
    """Run the look-up sweep at this time."""
    monkeypatch.setattr(timezone, "now", lambda: now)
    look_up_calls_task()


def get_payment_sums(order: Order) -> PaymentSums:
    """Return the sums of the order's latest payment."""
    payment = order.payments.order_by("-created_at", "-pk")[0]
    return Payment.objects.filter(pk=payment.pk).sums()[payment.pk]


def get_payment_events(order: Order) -> list[tuple[str, int]]:
    rows = PaymentEvent.objects.filter(payment__order=order).order_by("pk")
    return [(EventKind(kind).value, amount) for kind, amount in rows.values_list("kind", "amount")]
