"""Buyers who pay by card, step by step as their browsers, the cooperative's phone and Stripe do it.

All of it may be done again: what has been done already is then found done.
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
from orders.actions.gateway.gateway_calls import look_up_call, send_call
from orders.actions.placement.place_order import place_order
from orders.models import Basket, GatewayCall, Operation, Order, PaymentMethod
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.doubles.stripe import StripeDouble
from tests.factories import carriers_for, make_basket, make_contact, make_gourd, make_variant
from tests.orders.gateway.card_at_hand import GOOD

PACKER = Actor.system("crash")


class OnOurPage:
    """The buyer orders, the worker makes the call, the buyer gives a card to Stripe, who tells us of it."""

    told_of = "payment_intent.succeeded"

    def __init__(self, stripe: StripeDouble) -> None:
        self.stripe = stripe
        self.variant = self.goods()

    def goods(self) -> Variant:
        return make_variant(on_hand=1_000, price=45_000)

    def basket(self) -> Basket:
        return make_basket((self.variant, 2), now=timezone.now())

    def do(self, basket: Basket) -> None:
        self.start(basket)
        self.finish(basket)

    def start(self, basket: Basket) -> None:
        """What goes just as in another of these ways."""

    def finish(self, basket: Basket) -> None:
        order = self.place(basket)
        self.pay(order)
        self.hear(order, self.told_of)

    def place(self, basket: Basket) -> Order:
        return place_order(
            basket_id=basket.pk,
            contact=make_contact(),
            deliveries=carriers_for(basket) if basket.lines.exists() else {},
            consents=frozenset({ConsentPurpose.ORDER}),
            method=PaymentMethod.CARD,
            actor=Actor.guest(),
            now=timezone.now(),
        )

    def pay(self, order: Order) -> None:
        call = GatewayCall.objects.get(payment__order=order, operation=Operation.START)
        now = timezone.now()
        made = send_call(call_id=call.pk, now=now) or look_up_call(call_id=call.pk, now=now)
        assert made is not None
        if made.answer.secret:
            given = {"key": self.stripe.publishable_key, "client_secret": made.answer.secret, "number": GOOD}
            self.give(f"{self.stripe.url}/js/confirm", given)

    def give(self, url: str, fields: dict[str, str]) -> None:
        """A browser sends a form to Stripe, and follows nothing."""
        parts = urlsplit(url)
        there = http.client.HTTPConnection(parts.netloc, timeout=20)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        there.request("POST", parts.path, urlencode(fields), form)
        assert there.getresponse().status < 400
        there.close()

    def hear(self, order: Order, kind: str) -> None:
        """Stripe's notice, if there is something to tell."""
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
            answer = Client().post(
                "/webhooks/stripe/", body, content_type="application/json", headers=headers
            )
            assert answer.json() == {"success": True}

    def events(self, kind: str) -> list[dict[str, Any]]:
        """What Stripe's own list has of it: the process that asks may be another one."""
        request = urllib.request.Request(
            f"{self.stripe.url}/v1/events?type={kind}&limit=100",
            headers={"Authorization": f"Bearer {self.stripe.secret_key}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]
        return found


class OnStripesPage(OnOurPage):
    """The buyer's browser knows no JavaScript: they go to Stripe's own page and pay there."""

    told_of = "checkout.session.completed"

    def start(self, basket: Basket) -> None:
        self.place(basket)

    def pay(self, order: Order) -> None:
        answer = Client().post(f"/don-hang/{order.pk}/the/stripe/")
        assert answer.status_code == 302
        if answer["Location"].startswith(self.stripe.url):
            self.give(answer["Location"], {"number": GOOD})


class HeldAndWeighed(OnOurPage):
    """Goods sold by weight: the most they may cost is held, and taken is what the scale says once packed."""

    told_of = "payment_intent.amount_capturable_updated"

    def goods(self) -> Variant:
        return make_gourd(on_hand=1_000)

    def start(self, basket: Basket) -> None:
        super().finish(basket)

    def finish(self, basket: Basket) -> None:
        part = Order.objects.get(basket_key=basket.pk).parts.get()
        line = part.lines.get()
        who: dict[str, Any] = {"actor": PACKER, "now": timezone.now()}
        accept_part(part_id=part.pk, key=f"accept:{part.pk}", **who)
        weigh_line(part_id=part.pk, line_id=line.pk, grams=4_000, key=f"weigh:{part.pk}", **who)
        pack_parcel(part_id=part.pk, quantities={line.pk: 2}, key=f"pack:{part.pk}", **who)
        self.hear(part.order, "payment_intent.succeeded")


def keys_of(order: Order) -> set[str]:
    calls = GatewayCall.objects.filter(payment__order=order, operation=Operation.START)
    return {call.key for call in calls}
