"""Card purchases, step by step as browsers, the cooperative's phone and Stripe do them.

Every step can be repeated: finished steps change nothing.
"""

from __future__ import annotations

import http.client
import json
import urllib.request
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.test import Client
from django.utils import timezone
from stripe import WebhookSignature

from catalog.models import Variant
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.gateway.send_gateway_calls import look_up_call, send_call
from orders.actions.placement.place_order import place_order
from orders.models import Basket, GatewayCall, GatewayOperation, Order, PaymentMethod
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.doubles.stripe import StripeDouble
from tests.factories import (
    carrier_deliveries,
    make_basket,
    make_contact,
    make_variant,
    make_variant_sold_by_weight,
)
from tests.orders.gateway.card_order_helpers import GOOD_CARD

PACKER = Actor.system("crash")


class EmbeddedPurchase:
    """The buyer orders, the worker sends the call, the buyer pays at Stripe, and Stripe sends a webhook."""

    webhook_type = "payment_intent.succeeded"

    def __init__(self, stripe: StripeDouble) -> None:
        self.stripe = stripe
        self.variant = self.make_variant()

    def make_variant(self) -> Variant:
        return make_variant(on_hand=1_000, price=45_000)

    def basket(self) -> Basket:
        return make_basket((self.variant, 2), now=timezone.now())

    def run(self, basket: Basket) -> None:
        self.start(basket)
        self.finish(basket)

    def start(self, basket: Basket) -> None:
        """Take the steps that another kind of purchase shares."""

    def finish(self, basket: Basket) -> None:
        order = self.order_basket(basket)
        self.pay(order)
        self.deliver_webhooks(order, self.webhook_type)

    def order_basket(self, basket: Basket) -> Order:
        return place_order(
            basket_id=basket.pk,
            contact=make_contact(),
            deliveries=carrier_deliveries(basket) if basket.lines.exists() else {},
            consents=frozenset({ConsentPurpose.ORDER}),
            method=PaymentMethod.CARD,
            actor=Actor.guest(),
            now=timezone.now(),
        )

    def pay(self, order: Order) -> None:
        call = GatewayCall.objects.get(payment__order=order, operation=GatewayOperation.START_PAYMENT)
        now = timezone.now()
        result = send_call(call_id=call.pk, now=now) or look_up_call(call_id=call.pk, now=now)
        assert result is not None
        if result.gateway_result.secret:
            card_form = {
                "key": self.stripe.publishable_key,
                "client_secret": result.gateway_result.secret,
                "number": GOOD_CARD,
            }
            self.submit_form(f"{self.stripe.url}/js/confirm", card_form)

    def submit_form(self, url: str, fields: dict[str, str]) -> None:
        """Submit a form to Stripe as a browser does, without following redirects."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", parts.path, urlencode(fields), form)
        assert connection.getresponse().status < 400
        connection.close()

    def deliver_webhooks(self, order: Order, kind: str) -> None:
        """Deliver Stripe's webhooks of this type about the order, if any."""
        keys = keys_of(order)
        for event in self.events(kind):
            if event["data"]["object"]["metadata"].get("key") not in keys:
                continue
            body = json.dumps(event)
            headers = {
                "Stripe-Signature": WebhookSignature.generate_signature_header(
                    body, self.stripe.webhook_secret
                )
            }
            response = Client().post(
                "/webhooks/stripe/", body, content_type="application/json", headers=headers
            )
            assert response.json() == {"success": True}

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return events of this type from Stripe's API: the double may run in another process."""
        request = urllib.request.Request(
            f"{self.stripe.url}/v1/events?type={kind}&limit=100",
            headers={"Authorization": f"Bearer {self.stripe.secret_key}"},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            events: list[dict[str, Any]] = json.load(response)["data"]
        return events


class HostedPurchase(EmbeddedPurchase):
    """The buyer's browser has no JavaScript: they pay on Stripe's hosted page."""

    webhook_type = "checkout.session.completed"

    def start(self, basket: Basket) -> None:
        self.order_basket(basket)

    def pay(self, order: Order) -> None:
        response = Client().post(f"/don-hang/{order.pk}/the/stripe/")
        assert response.status_code == 302
        if response["Location"].startswith(self.stripe.url):
            self.submit_form(response["Location"], {"number": GOOD_CARD})


class WeighedPurchase(EmbeddedPurchase):
    """Items sold by weight: their maximum is authorised, and the weighed amount is captured once packed."""

    webhook_type = "payment_intent.amount_capturable_updated"

    def make_variant(self) -> Variant:
        return make_variant_sold_by_weight(on_hand=1_000)

    def start(self, basket: Basket) -> None:
        super().finish(basket)

    def finish(self, basket: Basket) -> None:
        part = Order.objects.get(basket_key=basket.pk).parts.get()
        line = part.lines.get()
        who: dict[str, Any] = {"actor": PACKER, "now": timezone.now()}
        accept_part(part_id=part.pk, idempotency_key=f"accept:{part.pk}", **who)
        weigh_line(part_id=part.pk, line_id=line.pk, grams=4_000, idempotency_key=f"weigh:{part.pk}", **who)
        pack_parcel(part_id=part.pk, quantities={line.pk: 2}, idempotency_key=f"pack:{part.pk}", **who)
        self.deliver_webhooks(part.order, "payment_intent.succeeded")


def keys_of(order: Order) -> set[str]:
    calls = GatewayCall.objects.filter(payment__order=order, operation=GatewayOperation.START_PAYMENT)
    return {call.idempotency_key for call in calls}
