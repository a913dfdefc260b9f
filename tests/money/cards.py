"""Card payments: buyers pay, banks answer, calls fail, and Stripe sends events repeatedly and in any order.

Stripe is the double, a server of its own; at the end the shop and Stripe must agree on each payment.
"""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.test import Client
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from orders.actions.gateway.send_gateway_calls import capture_before_expiry, look_up_call, send_call
from orders.actions.gateway.stripe_webhooks import PROVIDER, handle_stripe_event
from orders.actions.gateway_requests.card_capture import authorisations_to_capture
from orders.actions.payments.order_payments import change_payment_method
from orders.models import (
    GatewayCall,
    GatewayOperation,
    Order,
    Payment,
    PaymentMethod,
    PaymentSums,
    WebhookEvent,
)
from orders.states import CallState
from tests.doubles.stripe import Fault, StripeDouble
from tests.money.market import INDEXES, Market, requires_row
from tests.orders.gateway.card_order_helpers import DECLINED_CARD, GOOD_CARD, SCA_CARD

CARD = st.sampled_from([GOOD_CARD, GOOD_CARD, GOOD_CARD, SCA_CARD, DECLINED_CARD])
FAULTS = st.sampled_from([None, None, None, Fault.REFUSE, Fault.CUT_BEFORE, Fault.CUT_AFTER])
NAMES = {
    GatewayOperation.START_PAYMENT: "payment_intents.create",
    GatewayOperation.CAPTURE: "payment_intents.capture",
    GatewayOperation.VOID: "payment_intents.cancel",
    GatewayOperation.REFUND: "refunds.create",
    GatewayOperation.PAY_OUT: "transfers.create",
    GatewayOperation.REVERSE_TRANSFER: "transfers.reversals.create",
}


def intended() -> Any:
    return GatewayCall.objects.filter(state=CallState.INTENDED, tries=0)


def open_calls() -> Any:
    return GatewayCall.objects.exclude(state__in=[CallState.SUCCEEDED, CallState.FAILED])


def awaiting_buyer() -> Any:
    return GatewayCall.objects.filter(operation=GatewayOperation.START_PAYMENT, state=CallState.NEEDS_BUYER)


def unhandled() -> Any:
    return WebhookEvent.objects.filter(handled_at=None, provider=PROVIDER)


def card_orders() -> Any:
    return Order.objects.placed().filter(payments__method=PaymentMethod.CARD).distinct()


def held_calls() -> Any:
    return GatewayCall.objects.filter(
        operation=GatewayOperation.START_PAYMENT,
        state=CallState.SUCCEEDED,
        request_parameters__is_authorisation_only=True,
    )


class Cards(Market):
    """Operations of buyers, their banks, Stripe and the shop."""

    stripe: ClassVar[StripeDouble]

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.stripe.account.clock = lambda: self.now.timestamp()
        self.stripe.webhooks.drop()

    def teardown(self) -> None:
        try:
            self._deliver_everything()
            self.compare_with_stripe()
        finally:
            super().teardown()

    def compare_with_stripe(self) -> None:
        """Check at the end that every card payment agrees with Stripe."""
        for payment in Payment.objects.filter(method=PaymentMethod.CARD):
            self._compare_payment(payment)

    @requires_row(intended)
    @rule(index=INDEXES, fault=FAULTS)
    def send_gateway_call(self, index: int, fault: Fault | None) -> None:
        """Send a call as the worker; the connection may be cut before Stripe receives or answers it."""
        call = self.pick(intended(), index)
        if fault and call.operation in NAMES:
            self.stripe.faults.plan(NAMES[GatewayOperation(call.operation)], fault)
        send_call(call_id=call.pk, now=self.next_actor_and_time()["now"])

    @requires_row(open_calls)
    @rule(index=INDEXES)
    def look_up(self, index: int) -> None:
        look_up_call(call_id=self.pick(open_calls(), index).pk, now=self.next_actor_and_time()["now"])

    @requires_row(awaiting_buyer)
    @rule(index=INDEXES, card=CARD)
    def pay_with_card(self, index: int, card: str) -> None:
        """Pay some time after the page was opened, whatever happened to the order meanwhile."""
        self._pay(self.pick(awaiting_buyer(), index).reference, card)

    @requires_row(awaiting_buyer)
    @rule(index=INDEXES, is_approved=st.booleans())
    def answer_authentication(self, index: int, is_approved: bool) -> None:
        reference = self.pick(awaiting_buyer(), index).reference
        if self._intent(reference).get("status") == "requires_action":
            self.stripe.bank_answers(reference, is_approved=is_approved)

    @precondition(lambda machine: machine.events or machine.stripe.webhooks.waiting)
    @rule(event_index=st.integers(min_value=0, max_value=60))
    def deliver_any_stripe_event(self, event_index: int) -> None:
        """Deliver any event so far, perhaps again; it is stored once."""
        self._collect_events()
        self._deliver(self.events[event_index % len(self.events)])

    def _collect_events(self) -> None:
        self.events += self.stripe.webhooks.waiting
        self.stripe.webhooks.drop()

    def _deliver(self, event: dict[str, Any]) -> None:
        body, signature = self.stripe.webhooks.signed(event, at=int(timezone.now().timestamp()))
        headers = {"Stripe-Signature": signature}
        client = Client()
        response = client.post("/webhooks/stripe/", body, content_type="application/json", headers=headers)
        assert response.status_code == 200
        assert WebhookEvent.objects.filter(provider=PROVIDER, event_id=event["id"]).count() == 1

    @requires_row(unhandled)
    @rule(index=INDEXES)
    def handle_stored_stripe_event(self, index: int) -> None:
        handle_stripe_event(event_id=self.pick(unhandled(), index).pk, now=self.next_actor_and_time()["now"])

    @requires_row(card_orders)
    @rule(index=INDEXES)
    def complete_card_payment(self, index: int) -> None:
        """Send, pay and look up without interruption, as usual."""
        order = self.pick(card_orders(), index)
        for call in GatewayCall.objects.filter(
            payment__order=order, operation=GatewayOperation.START_PAYMENT
        ):
            if call.state == CallState.INTENDED and not call.tries:
                send_call(call_id=call.pk, now=self.next_actor_and_time()["now"])
            call.refresh_from_db()
            if call.state == CallState.NEEDS_BUYER:
                self._pay(call.reference, GOOD_CARD)
                look_up_call(call_id=call.pk, now=self.next_actor_and_time()["now"])

    @requires_row(card_orders)
    @rule(index=INDEXES, is_hosted=st.booleans())
    def restart_card_payment(self, index: int, is_hosted: bool) -> None:
        """Start a new payment, perhaps on the other kind of page."""

        def work(order: Order) -> None:
            for call in intended().filter(payment__order=order):
                send_call(call_id=call.pk, now=self.next_actor_and_time()["now"])
            change_payment_method(
                order_id=order.pk,
                method=PaymentMethod.CARD,
                is_hosted=is_hosted,
                **self.next_actor_and_time(),
            )

        self.attempt(card_orders(), index, work)

    @requires_row(held_calls)
    @rule()
    def capture_old_holds(self) -> None:
        """Capture old authorisations before they expire."""
        self.now += datetime.timedelta(days=6)
        for call in authorisations_to_capture(self.next_actor_and_time()["now"]):
            capture_before_expiry(call_id=call.pk, now=self.next_actor_and_time()["now"])

    def _pay(self, reference: str, card: str) -> None:
        if self._intent(reference).get("status") in (None, "requires_payment_method", "requires_action"):
            self.stripe.buyer_pays(reference, card)

    def _intent(self, reference: str) -> dict[str, Any]:
        """Return the PaymentIntent of a call; a hosted page has none before its buyer pays."""
        row = self.stripe.account.rows[reference]
        is_begun = row["object"] != "checkout.session" or row["payment_intent"]
        return self.stripe.intent(reference) if is_begun else {}

    def _deliver_everything(self) -> None:
        """Deliver all remaining events and run the sweeps until nothing is open."""
        for _round in range(12):
            self._collect_events()
            stored = set(WebhookEvent.objects.filter(provider=PROVIDER).values_list("event_id", flat=True))
            for event in self.events:
                if event["id"] not in stored:
                    self._deliver(event)
            for call in intended():
                send_call(call_id=call.pk, now=self.next_actor_and_time()["now"])
            for call in open_calls():
                look_up_call(call_id=call.pk, now=self.next_actor_and_time()["now"])
            for event in unhandled():
                handle_stripe_event(event_id=event.pk, now=self.next_actor_and_time()["now"])
            under_way = open_calls().exclude(state=CallState.NEEDS_BUYER)
            if not self.stripe.webhooks.waiting and not unhandled().exists() and not under_way.exists():
                return
        raise AssertionError("the sweeps do not end")

    def _compare_payment(self, payment: Payment) -> None:
        calls = payment.calls.filter(operation=GatewayOperation.START_PAYMENT).exclude(reference="")
        intents = [intent for call in calls if (intent := self._intent(call.reference))]
        rows = [self.stripe.account.list_objects("charge", payment_intent=intent["id"]) for intent in intents]
        captured = sum(row["amount_captured"] - row["amount_refunded"] for charges in rows for row in charges)
        for intent in intents:
            disputes = self.stripe.account.list_objects("dispute", payment_intent=intent["id"])
            captured -= sum(row["amount"] for row in disputes if row["status"] != "won")
        ours = Payment.objects.filter(pk=payment.pk).sums().get(payment.pk, PaymentSums())
        assert ours.charged == captured, list(payment.calls.order_by("pk").values())
        assert ours.authorised == sum(intent["amount_capturable"] for intent in intents)
