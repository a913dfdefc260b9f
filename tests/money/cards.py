"""Buyers give cards, banks answer, calls are cut off, and Stripe tells of it all twice and in any order.

Stripe is the double, a server of its own; at the end what we know of each payment is what it knows.
"""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.test import Client
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders.actions.gateway.gateway_calls import capture_before_expiry, look_up_call, send_call
from orders.actions.gateway.stripe_webhooks import PROVIDER, handle_stripe_event
from orders.actions.gateway_requests.card_capture import holds_to_capture
from orders.actions.payments.order_payments import change_payment_method
from orders.models import GatewayCall, GatewayEvent, Operation, Order, Payment, PaymentMethod, PaymentSums
from orders.states import CallState
from tests.doubles.stripe import Fault, StripeDouble
from tests.money.market import PLACE, Market, where
from tests.orders.gateway.card_at_hand import DECLINED, GOOD, SCA

CARD = st.sampled_from([GOOD, GOOD, GOOD, SCA, DECLINED])
FAULTS = st.sampled_from([None, None, None, Fault.REFUSE, Fault.CUT_BEFORE, Fault.CUT_AFTER])
NAMES = {
    Operation.START: "payment_intents.create",
    Operation.CAPTURE: "payment_intents.capture",
    Operation.CANCEL: "payment_intents.cancel",
    Operation.REFUND: "refunds.create",
    Operation.PAY_OUT: "transfers.create",
    Operation.PULL_BACK: "transfers.reversals.create",
}


def intended() -> Any:
    return GatewayCall.objects.filter(state=CallState.INTENDED, tries=0)


def open_calls() -> Any:
    return GatewayCall.objects.exclude(state__in=[CallState.SUCCEEDED, CallState.FAILED])


def at_the_buyer() -> Any:
    return GatewayCall.objects.filter(operation=Operation.START, state=CallState.NEEDS_BUYER)


def told() -> Any:
    return GatewayEvent.objects.filter(handled_at=None, provider=PROVIDER)


def by_card() -> Any:
    return Order.objects.placed().filter(payments__method=PaymentMethod.CARD).distinct()


def held() -> Any:
    return GatewayCall.objects.filter(operation=Operation.START, state=CallState.SUCCEEDED, terms__hold=True)


class Cards(Market):
    """What happens between buyers, their banks, Stripe and us."""

    stripe: ClassVar[StripeDouble]

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.stripe.account.clock = lambda: self.now.timestamp()
        self.stripe.webhooks.drop()

    def teardown(self) -> None:
        try:
            self._hear_everything()
            self.compare_with_stripe()
        finally:
            super().teardown()

    def compare_with_stripe(self) -> None:
        """At the end what we know is what it knows."""
        for payment in Payment.objects.filter(method=PaymentMethod.CARD):
            self._is_what_stripe_knows(payment)

    @where(intended)
    @rule(place=PLACE, fault=FAULTS)
    def make_a_call(self, place: int, fault: Fault | None) -> None:
        """The worker comes to it; the line may be cut before Stripe hears, or before we do."""
        call = self.one(intended(), place)
        if fault and call.operation in NAMES:
            self.stripe.faults.tell(NAMES[Operation(call.operation)], fault)
        send_call(call_id=call.pk, now=self.who["now"])

    @where(open_calls)
    @rule(place=PLACE)
    def look_up(self, place: int) -> None:
        look_up_call(call_id=self.one(open_calls(), place).pk, now=self.who["now"])

    @where(at_the_buyer)
    @rule(place=PLACE, card=CARD)
    def give_a_card(self, place: int, card: str) -> None:
        """Some time after the page was opened, whatever has become of the order meanwhile."""
        self._pay(self.one(at_the_buyer(), place).reference, card)

    @where(at_the_buyer)
    @rule(place=PLACE, approved=st.booleans())
    def come_back_from_the_bank(self, place: int, approved: bool) -> None:
        reference = self.one(at_the_buyer(), place).reference
        if self._intent(reference).get("status") == "requires_action":
            self.stripe.bank_answers(reference, approved=approved)

    @precondition(lambda machine: machine.events or machine.stripe.webhooks.waiting)
    @rule(which=st.integers(min_value=0, max_value=60))
    def stripe_tells(self, which: int) -> None:
        """Of anything so far, whether or not it has told of it before; it is kept once."""
        self._note_what_happened()
        self._tell(self.events[which % len(self.events)])

    def _note_what_happened(self) -> None:
        self.events += self.stripe.webhooks.waiting
        self.stripe.webhooks.drop()

    def _tell(self, event: dict[str, Any]) -> None:
        body, signature = self.stripe.webhooks.signed(event, at=int(timezone.now().timestamp()))
        headers = {"Stripe-Signature": signature}
        client = Client()
        answer = client.post("/webhooks/stripe/", body, content_type="application/json", headers=headers)
        assert answer.status_code == 200
        assert GatewayEvent.objects.filter(provider=PROVIDER, event_id=event["id"]).count() == 1

    @where(told)
    @rule(place=PLACE)
    def the_shop_works_on_what_stripe_told(self, place: int) -> None:
        handle_stripe_event(event_id=self.one(told(), place).pk, now=self.who["now"])

    @where(by_card)
    @rule(place=PLACE)
    def pay_by_card_at_once(self, place: int) -> None:
        """As most do."""
        order = self.one(by_card(), place)
        for call in GatewayCall.objects.filter(payment__order=order, operation=Operation.START):
            if call.state == CallState.INTENDED and not call.tries:
                send_call(call_id=call.pk, now=self.who["now"])
            call.refresh_from_db()
            if call.state == CallState.NEEDS_BUYER:
                self._pay(call.reference, GOOD)
                look_up_call(call_id=call.pk, now=self.who["now"])

    @where(by_card)
    @rule(place=PLACE, hosted=st.booleans())
    def begin_anew(self, place: int, hosted: bool) -> None:
        """On the page that they did not begin on, say."""

        def work(order: Order) -> None:
            for call in intended().filter(payment__order=order):
                send_call(call_id=call.pk, now=self.who["now"])
            change_payment_method(order_id=order.pk, method=PaymentMethod.CARD, hosted=hosted, **self.who)

        self.attempt(by_card(), place, work)

    @where(held)
    @rule()
    def days_go_by(self) -> None:
        """What a card has held for long is taken before its bank lets go."""
        self.now += datetime.timedelta(days=6)
        for call in holds_to_capture(self.who["now"]):
            capture_before_expiry(call_id=call.pk, now=self.who["now"])

    def _pay(self, reference: str, card: str) -> None:
        if self._intent(reference).get("status") in (None, "requires_payment_method", "requires_action"):
            self.stripe.buyer_pays(reference, card)

    def _intent(self, reference: str) -> dict[str, Any]:
        """Stripe's page makes one only when its buyer gives a card."""
        row = self.stripe.account.rows[reference]
        is_begun = row["object"] != "checkout.session" or row["payment_intent"]
        return self.stripe.intent(reference) if is_begun else {}

    def _hear_everything(self) -> None:
        """Stripe tells of all it has not told of, and sweeps come round, until nothing is left."""
        for _round in range(12):
            self._note_what_happened()
            kept = set(GatewayEvent.objects.filter(provider=PROVIDER).values_list("event_id", flat=True))
            for event in self.events:
                if event["id"] not in kept:
                    self._tell(event)
            for call in intended():
                send_call(call_id=call.pk, now=self.who["now"])
            for call in open_calls():
                look_up_call(call_id=call.pk, now=self.who["now"])
            for event in told():
                handle_stripe_event(event_id=event.pk, now=self.who["now"])
            under_way = open_calls().exclude(state=CallState.NEEDS_BUYER)
            if not self.stripe.webhooks.waiting and not told().exists() and not under_way.exists():
                return
        raise AssertionError("the sweeps come to no end")

    def _is_what_stripe_knows(self, payment: Payment) -> None:
        calls = payment.calls.filter(operation=Operation.START).exclude(reference="")
        intents = [intent for call in calls if (intent := self._intent(call.reference))]
        rows = [self.stripe.account.every("charge", payment_intent=intent["id"]) for intent in intents]
        taken = sum(row["amount_captured"] - row["amount_refunded"] for found in rows for row in found)
        for intent in intents:
            disputes = self.stripe.account.every("dispute", payment_intent=intent["id"])
            taken -= sum(row["amount"] for row in disputes if row["status"] != "won")
        ours = Payment.objects.filter(pk=payment.pk).sums().get(payment.pk, PaymentSums())
        assert ours.charged == taken, list(payment.calls.order_by("pk").values())
        assert ours.authorised == sum(intent["amount_capturable"] for intent in intents)
