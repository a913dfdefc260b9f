"""What Stripe tells us by itself: kept once as it came, and worked on afterwards, in any order.

A notice shows its object as it was; so a notice about something of ours only makes us look it up. What we
asked nobody for (a bank that takes money back, a refund made at Stripe's own desk) is written down as it is
told of, each fact under a key of its own.
"""

from __future__ import annotations

import datetime
import uuid

from celery import shared_task
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import locks
from orders.actions.gateway.card_disputes import KINDS as DISPUTES
from orders.actions.gateway.card_disputes import hear_of_dispute
from orders.actions.gateway.gateway_calls import look_up_call
from orders.actions.gateway_requests.gateway_requests import sums_of
from orders.actions.ledger.payment_events import record_event
from orders.actions.order_records.recalculate_order import update_standing
from orders.models import EventKind, GatewayCall, GatewayEvent, Operation, Payment, PaymentEvent
from orders.notices import refunds as refund_notices
from orders.payments.stripe_events import StripeEvent, read_event
from orders.payments.stripe_messages import words_for
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.database.transactions import after_commit
from shop.core.errors import Missing
from shop.core.jobs.sweeps import run_one
from shop.core.models import record_change

PROVIDER = "stripe"
MOST_TRIES = 20
_AT_ONCE = 200
_PROMPT = datetime.timedelta(seconds=30)  # until then its own message is on its way
_ACTOR = Actor.system(PROVIDER)
_GONE = frozenset({"failed", "canceled"})


@transaction.atomic(durable=True)
def keep_event(*, event: StripeEvent, body: bytes, now: datetime.datetime) -> GatewayEvent:
    """Keep a proven notice, once however often it comes; it is worked on after the commit."""
    kept, is_new = GatewayEvent.objects.get_or_create(
        provider=PROVIDER,
        event_id=event.id,
        defaults={"kind": event.kind[:80], "body": body.decode(), "received_at": now},
    )
    if is_new:
        after_commit(handle_event_task.delay, event_id=kept.pk)
    return kept


def handle_event(*, event_id: int, now: datetime.datetime) -> None:
    """Do what follows from a kept notice: once, and harmless twice. What is none of ours follows nothing."""
    kept = GatewayEvent.objects.filter(pk=event_id, handled_at=None, provider=PROVIDER).first()
    if kept is None:
        return
    GatewayEvent.objects.filter(pk=event_id).update(tries=F("tries") + 1)
    event = read_event(kept.body)
    call = _call_of(event)
    if event.kind.startswith(DISPUTES):
        _disputed(event=event, now=now)
    elif event.kind.startswith("refund."):
        _refund(event, call, now=now)
    elif event.kind == "payment_intent.payment_failed":
        _declined(event=event, call=call, now=now)
    if call is not None:
        look_up_call(call_id=call.pk, reference=_reference_for(call, event), now=now)
    problem = _problem(event, call)
    GatewayEvent.objects.filter(pk=event_id).update(handled_at=now, problem=problem)


def _call_of(event: StripeEvent) -> GatewayCall | None:
    """Which call of ours it is about, by the key that we gave it, or by the payment that a call began."""
    if event.key.startswith("call:"):
        try:
            return GatewayCall.objects.filter(pk=uuid.UUID(event.key.removeprefix("call:"))).first()
        except ValueError:
            return None
    return _start_of(event)


def _start_of(event: StripeEvent) -> GatewayCall | None:
    known = [reference for reference in (event.reference, event.session) if reference]
    if not known:
        return None
    return GatewayCall.objects.filter(operation=Operation.START, reference__in=known).first()


def _reference_for(call: GatewayCall, event: StripeEvent) -> str:
    """What the beginning made, where Stripe tells us before its answer did."""
    if call.operation != Operation.START:
        return ""
    return event.session if call.terms.get("hosted") else event.reference


def _problem(event: StripeEvent, call: GatewayCall | None) -> str:
    """What a person should know that nothing of ours follows from."""
    if event.kind != "transfer.reversed" or call is None or call.payout is None:
        return ""
    asked = call.payout.calls.filter(operation=Operation.PULL_BACK).exclude(state=CallState.FAILED)
    if event.refunded <= sum(asked.values_list("amount", flat=True)):
        return ""
    return f"{event.subject}: {event.refunded} reversed at Stripe, and not by us"


@transaction.atomic(durable=True)
def _disputed(*, event: StripeEvent, now: datetime.datetime) -> None:
    """A bank asks for the money again, takes it, gives it back, or has decided."""
    payment = _locked_payment(event)
    if payment is not None and payment.order is not None:
        hear_of_dispute(payment.order, payment, event, actor=_ACTOR, now=now)


def _refund(event: StripeEvent, call: GatewayCall | None, *, now: datetime.datetime) -> None:
    if call is not None and call.operation == Operation.REFUND:
        if event.status in _GONE:
            _came_back(call_id=call.pk, event=event, now=now)
    else:
        _refunded_elsewhere(event=event, now=now)


@transaction.atomic(durable=True)
def _came_back(*, call_id: uuid.UUID, event: StripeEvent, now: datetime.datetime) -> None:
    """A bank sent a refund back that had gone through: the money is ours again, and the buyer's due."""
    order, call = locks.lock_call(call_id)
    payment = call.payment
    if order is None or payment is None:
        raise Missing()
    if call.state != CallState.SUCCEEDED:
        return
    written = record_event(
        payment,
        EventKind.REFUND_REVERSE,
        call.amount,
        key=f"call:{call.pk}:reversed",
        reference=call.reference,
        message=str(words_for("refund_failed")),
        refund=call.refund,
        actor=_ACTOR,
        now=now,
    )
    if written is not None:
        data = {"amount": call.amount, "method": payment.method, "code": event.reason}
        record_change("payment.refund_failed", order, actor=_ACTOR, now=now, data=data)
        update_standing(order, now=now)


@transaction.atomic(durable=True)
def _refunded_elsewhere(*, event: StripeEvent, now: datetime.datetime) -> None:
    """Somebody gave money back at Stripe's own desk: that is how it is, and a refund that failed is none."""
    payment = _locked_payment(event)
    if payment is None or payment.order is None:
        return
    key = f"stripe:{event.subject}"
    if event.status in _GONE:
        kinds = [(EventKind.REFUND_FAILURE, f"{key}:failed", 0)]
        if PaymentEvent.objects.filter(key=f"{key}:given").exists():
            kinds.append((EventKind.REFUND_REVERSE, f"{key}:reversed", event.amount))
    elif event.status == "succeeded" and not PaymentEvent.objects.filter(key=f"{key}:failed").exists():
        kinds = [(EventKind.REFUND_SUCCESS, f"{key}:given", event.amount)]
    else:
        return
    rows = [
        record_event(payment, kind, amount, key=name, reference=event.subject, actor=_ACTOR, now=now)
        for kind, name, amount in kinds
    ]
    if not any(rows):
        return
    data = {"amount": event.amount, "reference": event.subject, "status": event.status}
    record_change("payment.refunded_elsewhere", payment.order, actor=_ACTOR, now=now, data=data)
    update_standing(payment.order, now=now)
    if event.status == "succeeded":
        refund_notices.given_back_elsewhere(payment.order, event.amount, event.subject, now=now)


@transaction.atomic(durable=True)
def _declined(*, event: StripeEvent, call: GatewayCall | None, now: datetime.datetime) -> None:
    """A card was refused: a try is over, and the payment waits for another one."""
    if call is None:
        return
    order, call = locks.lock_call(call.pk)
    payment = call.payment
    if payment is None:
        raise Missing()
    hold, sums = bool(call.terms.get("hold")), sums_of(payment)
    kind = EventKind.AUTHORIZATION_FAILURE if hold else EventKind.CHARGE_FAILURE
    amount = sums.authorise_pending if hold else sums.charge_pending
    written = record_event(
        payment,
        kind,
        amount,
        key=f"stripe:{event.id}",
        reference=event.reference,
        message=str(words_for(event.reason)),
        actor=_ACTOR,
        now=now,
    )
    if written is None:
        return
    if hold and amount:
        again = EventKind.AUTHORIZATION_REQUEST
        record_event(payment, again, amount, key=f"stripe:{event.id}:again", actor=_ACTOR, now=now)
    if order is not None:  # else it is for a basket, which has no history
        data = {"amount": call.amount, "code": event.reason}
        record_change("payment.declined", order, actor=_ACTOR, now=now, data=data)
        update_standing(order, now=now)


def _locked_payment(event: StripeEvent) -> Payment | None:
    """The payment that Stripe speaks of, under its order's lock; None where it is none of ours."""
    start = _start_of(event)
    if start is None:
        return None
    order, call = locks.lock_call(start.pk)
    payment = call.payment
    if payment is not None and order is not None:
        payment.order = order
    return payment


@shared_task(name="orders.handle_stripe_event")
def handle_event_task(*, event_id: int) -> None:
    now = timezone.now()
    run_one(event_id, lambda key: handle_event(event_id=key, now=now), sweep="orders.handle_stripe_events")


@shared_task(name="orders.handle_stripe_events")
def handle_events_task() -> None:
    """Those whose message was lost, or whose work failed. Each by a message of its own."""
    waiting = GatewayEvent.objects.to_handle().filter(
        provider=PROVIDER, received_at__lt=timezone.now() - _PROMPT, tries__lt=MOST_TRIES
    )
    for event_id in waiting.values_list("pk", flat=True)[:_AT_ONCE]:
        handle_event_task.delay(event_id=event_id)
