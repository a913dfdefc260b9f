"""Store each Stripe event once, then handle it. Events may arrive in any order.

An event may be outdated when it arrives, so an event about our own call only makes us look up the current
state. Facts that we did not request, such as a refund that a bank rejects or that was made on Stripe's
dashboard, are recorded from the event, each under its own key.
"""

from __future__ import annotations

import datetime
import uuid

from celery import shared_task
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import locks
from orders.actions.gateway.card_disputes import DISPUTE_EVENT_PREFIX, record_dispute_event
from orders.actions.gateway.send_gateway_calls import look_up_call
from orders.actions.gateway_requests.intended_calls import read_payment_sums
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.models import EventKind, GatewayCall, GatewayOperation, Payment, PaymentEvent, WebhookEvent
from orders.notifications import refunds as refund_notifications
from orders.payments.stripe_events import StripeEvent, read_event
from orders.payments.stripe_messages import message_for_code
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit
from shop.core.errors import Missing
from shop.core.jobs.sweeps import run_one
from shop.core.models import record_change
from shop.core.texts.formatting import format_money

PROVIDER = "stripe"
MAX_TRIES = 20
_BATCH_SIZE = 200
_SWEEP_DELAY = datetime.timedelta(seconds=30)  # until then the event's own job is on its way
_ACTOR = Actor.system(PROVIDER)
_FAILED_STATUSES = frozenset({"failed", "canceled"})


@transaction.atomic(durable=True)
def store_stripe_event(*, event: StripeEvent, body: bytes, now: datetime.datetime) -> WebhookEvent:
    """Store a verified event, once for each id. It is handled after the commit."""
    webhook_event, is_new = WebhookEvent.objects.get_or_create(
        provider=PROVIDER,
        event_id=event.id,
        defaults={"kind": event.kind[:80], "body": body.decode(), "received_at": now},
    )
    if is_new:
        after_commit(handle_stripe_event_task.delay, event_id=webhook_event.pk)
    return webhook_event


def handle_stripe_event(*, event_id: int, now: datetime.datetime) -> None:
    """Handle a stored event once. A repeat does no harm. Events of unknown payments have no effect."""
    webhook_event = WebhookEvent.objects.filter(pk=event_id, handled_at=None, provider=PROVIDER).first()
    if webhook_event is None:
        return
    WebhookEvent.objects.filter(pk=event_id).update(tries=F("tries") + 1)
    event = read_event(webhook_event.body)
    gateway_call = _find_call(event)
    if event.kind.startswith(DISPUTE_EVENT_PREFIX):
        _record_dispute(event=event, now=now)
    elif event.kind.startswith("refund."):
        _handle_refund_event(event, gateway_call, now=now)
    elif event.kind == "payment_intent.payment_failed":
        _record_decline(event=event, gateway_call=gateway_call, now=now)
    if gateway_call is not None:
        look_up_call(call_id=gateway_call.pk, reference=_reference_to_look_up(gateway_call, event), now=now)
    problem = _describe_problem(event, gateway_call)
    WebhookEvent.objects.filter(pk=event_id).update(handled_at=now, problem=problem)


def _find_call(event: StripeEvent) -> GatewayCall | None:
    """Return our call that an event is about, by its idempotency key or by the payment it started."""
    if event.idempotency_key.startswith("call:"):
        try:
            return GatewayCall.objects.filter(
                pk=uuid.UUID(event.idempotency_key.removeprefix("call:"))
            ).first()
        except ValueError:
            return None
    return _find_start_call(event)


def _find_start_call(event: StripeEvent) -> GatewayCall | None:
    references = [reference for reference in (event.reference, event.session) if reference]
    if not references:
        return None
    return GatewayCall.objects.filter(
        operation=GatewayOperation.START_PAYMENT, reference__in=references
    ).first()


def _reference_to_look_up(gateway_call: GatewayCall, event: StripeEvent) -> str:
    """Return the id that a START created, for events that arrive before the response to our call."""
    if gateway_call.operation != GatewayOperation.START_PAYMENT:
        return ""
    return event.session if gateway_call.request_parameters.get("is_hosted") else event.reference


def _describe_problem(event: StripeEvent, gateway_call: GatewayCall | None) -> str:
    """Return id and amount of a reversal that we did not cause, or "" if the event reports none."""
    if event.kind != "transfer.reversed" or gateway_call is None or gateway_call.payout is None:
        return ""
    reversals = gateway_call.payout.calls.filter(operation=GatewayOperation.REVERSE_TRANSFER).exclude(
        state=CallState.FAILED
    )
    if event.refunded <= sum(reversals.values_list("amount", flat=True)):
        return ""
    return f"{event.subject}, {format_money(event.refunded, gateway_call.currency)}"


@transaction.atomic(durable=True)
def _record_dispute(*, event: StripeEvent, now: datetime.datetime) -> None:
    """Record a dispute event of one of our payments."""
    payment = _lock_card_payment(event)
    if payment is not None and payment.order is not None:
        record_dispute_event(payment.order, payment, event, actor=_ACTOR, now=now)


def _handle_refund_event(
    event: StripeEvent, gateway_call: GatewayCall | None, *, now: datetime.datetime
) -> None:
    if gateway_call is not None and gateway_call.operation == GatewayOperation.REFUND:
        if event.status in _FAILED_STATUSES:
            _record_rejected_refund(call_id=gateway_call.pk, event=event, now=now)
    else:
        _record_dashboard_refund(event=event, now=now)


@transaction.atomic(durable=True)
def _record_rejected_refund(*, call_id: uuid.UUID, event: StripeEvent, now: datetime.datetime) -> None:
    """Record that a bank rejected a completed refund. The money is back with us, and owed to the buyer.

    Raises Missing.
    """
    order, gateway_call = locks.lock_gateway_call(call_id)
    payment = gateway_call.payment
    if order is None or payment is None:
        raise Missing()
    if gateway_call.state != CallState.SUCCEEDED:
        return
    payment_event = record_payment_event(
        payment,
        EventKind.REFUND_REVERSE,
        gateway_call.amount,
        idempotency_key=f"call:{gateway_call.pk}:reversed",
        reference=gateway_call.reference,
        message=str(message_for_code("refund_failed")),
        refund=gateway_call.refund,
        actor=_ACTOR,
        now=now,
    )
    if payment_event is not None:
        data = {"amount": gateway_call.amount, "method": payment.method, "code": event.reason}
        record_change("payment.refund_failed", order, actor=_ACTOR, now=now, data=data)
        finish_order_change(order, now=now)


@transaction.atomic(durable=True)
def _record_dashboard_refund(*, event: StripeEvent, now: datetime.datetime) -> None:
    """Record a refund made, or failed, on Stripe's dashboard."""
    payment = _lock_card_payment(event)
    if payment is None or payment.order is None:
        return
    key = f"stripe:{event.subject}"
    if event.status in _FAILED_STATUSES:
        events_to_record = [(EventKind.REFUND_FAILURE, f"{key}:failed", 0)]
        if PaymentEvent.objects.filter(idempotency_key=f"{key}:given").exists():
            events_to_record.append((EventKind.REFUND_REVERSE, f"{key}:reversed", event.amount))
    elif (
        event.status == "succeeded"
        and not PaymentEvent.objects.filter(idempotency_key=f"{key}:failed").exists()
    ):
        events_to_record = [(EventKind.REFUND_SUCCESS, f"{key}:given", event.amount)]
    else:
        return
    recorded_events = [
        record_payment_event(
            payment, kind, amount, idempotency_key=event_key, reference=event.subject, actor=_ACTOR, now=now
        )
        for kind, event_key, amount in events_to_record
    ]
    if not any(recorded_events):
        return
    data = {"amount": event.amount, "reference": event.subject, "status": event.status}
    record_change("payment.refunded_at_gateway", payment.order, actor=_ACTOR, now=now, data=data)
    finish_order_change(payment.order, now=now)
    if event.status == "succeeded":
        refund_notifications.notify_external_refund(payment.order, event.amount, event.subject, now=now)


@transaction.atomic(durable=True)
def _record_decline(*, event: StripeEvent, gateway_call: GatewayCall | None, now: datetime.datetime) -> None:
    """Record that a card was declined. The payment waits for another try. Raises Missing."""
    if gateway_call is None:
        return
    order, gateway_call = locks.lock_gateway_call(gateway_call.pk)
    payment = gateway_call.payment
    if payment is None:
        raise Missing()
    is_authorisation = bool(gateway_call.request_parameters.get("is_authorisation_only"))
    sums = read_payment_sums(payment)
    kind = EventKind.AUTHORIZATION_FAILURE if is_authorisation else EventKind.CHARGE_FAILURE
    amount = sums.authorise_pending if is_authorisation else sums.charge_pending
    payment_event = record_payment_event(
        payment,
        kind,
        amount,
        idempotency_key=f"stripe:{event.id}",
        reference=event.reference,
        message=str(message_for_code(event.reason)),
        actor=_ACTOR,
        now=now,
    )
    if payment_event is None:
        return
    if is_authorisation and amount:
        request_kind = EventKind.AUTHORIZATION_REQUEST
        record_payment_event(
            payment, request_kind, amount, idempotency_key=f"stripe:{event.id}:again", actor=_ACTOR, now=now
        )
    if order is not None:  # a basket has no history to record it in
        data = {"amount": gateway_call.amount, "code": event.reason}
        record_change("payment.declined", order, actor=_ACTOR, now=now, data=data)
        finish_order_change(order, now=now)


def _lock_card_payment(event: StripeEvent) -> Payment | None:
    """Lock and return the payment that an event concerns, or None if it is not ours."""
    start_call = _find_start_call(event)
    if start_call is None:
        return None
    order, gateway_call = locks.lock_gateway_call(start_call.pk)
    payment = gateway_call.payment
    if payment is not None and order is not None:
        payment.order = order
    return payment


@shared_task(name="orders.handle_stripe_event")
def handle_stripe_event_task(*, event_id: int) -> None:
    now = timezone.now()
    run_one(
        event_id, lambda key: handle_stripe_event(event_id=key, now=now), sweep="orders.handle_stripe_events"
    )


@shared_task(name="orders.handle_stripe_events")
def handle_stripe_events_task() -> None:
    """Handle events whose job was lost or whose handling failed. Each event has a job of its own."""
    waiting_events = WebhookEvent.objects.unhandled().filter(
        provider=PROVIDER, received_at__lt=timezone.now() - _SWEEP_DELAY, tries__lt=MAX_TRIES
    )
    for event_id in waiting_events.values_list("pk", flat=True)[:_BATCH_SIZE]:
        handle_stripe_event_task.delay(event_id=event_id)
