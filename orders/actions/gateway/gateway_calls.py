"""Making the calls that were asked for, and finding out what became of them.

Each is three steps: take the call (a transaction), speak with the gateway (none), write down what it said
(another). Killed in between, nothing is lost: the row says that it was asked for, the sweep looks it up, and
a call that left no trace is made again under the same key.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from orders import locks
from orders.actions.gateway.gateway_results import pause, record_answer
from orders.actions.gateway.transfer_reversals import pull_back_what_is_owed, who_owes
from orders.actions.gateway_requests.card_capture import held_too_long, unused
from orders.actions.gateway_requests.gateway_requests import ask_cancel
from orders.actions.order_records.recalculate_order import update_standing
from orders.models import GatewayCall, Operation
from orders.payments.gateway import Answer, Ask
from orders.payments.stripe_gateway import stripe_gateway
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.jobs.sweeps import run_each, run_one

_AT_ONCE = 100
_ENDED = frozenset({CallState.SUCCEEDED, CallState.FAILED})


@dataclass(frozen=True, slots=True)
class Said:
    """A call as it is now, and what the gateway said just now: its secret is kept nowhere."""

    call: GatewayCall
    answer: Answer


def make_call(*, call_id: uuid.UUID, now: datetime.datetime) -> Said | None:
    """Make a call that was asked for. None where somebody else makes it, or no gateway is set up any more.

    Raises Missing.
    """
    gateway = stripe_gateway()
    taken = _take(call_id=call_id, now=now) if gateway else None
    if gateway is None or taken is None:
        return None
    operation, ask = taken
    ways: dict[Operation, Callable[[Ask], Answer]] = {
        Operation.START: gateway.start,
        Operation.CAPTURE: gateway.capture,
        Operation.CANCEL: gateway.cancel,
        Operation.REFUND: gateway.refund,
        Operation.PAY_OUT: gateway.pay_out,
        Operation.PULL_BACK: gateway.pull_back,
    }
    answer = ways[operation](ask)
    return Said(record_answer(call_id=call_id, answer=answer, now=now), answer)


def look_up_call(*, call_id: uuid.UUID, reference: str = "", now: datetime.datetime) -> Said | None:
    """Ask what became of a call, whatever is known of it, and write it down.

    `reference` is the gateway's own id of a payment, where somebody told us before our own answer did. None
    where no gateway is set up any more. Raises Missing.
    """
    gateway = stripe_gateway()
    if gateway is None:
        return None
    operation, ask, has_ended = _take_up(call_id=call_id, now=now)
    ask = replace(ask, reference=ask.reference or reference)
    answer = gateway.look_up(operation, ask, has_ended=has_ended, now=now)
    return Said(record_answer(call_id=call_id, answer=answer, now=now), answer)


def terms_of(call: GatewayCall) -> Ask:
    """The call as it is asked, the same each time; a beginning is known by what it made."""
    terms = dict(call.terms)
    if call.operation == Operation.START:
        terms["reference"] = call.reference
    return Ask(key=call.key, amount=call.amount, currency=call.currency, asked_at=call.asked_at, **terms)


@transaction.atomic(durable=True)
def _take(*, call_id: uuid.UUID, now: datetime.datetime) -> tuple[Operation, Ask] | None:
    """For the one who makes the call first; later ones look it up."""
    _order, call = locks.lock_call(call_id)
    if call.state != CallState.INTENDED or call.tries:
        return None
    return _taken(call, now=now)


@transaction.atomic(durable=True)
def _take_up(*, call_id: uuid.UUID, now: datetime.datetime) -> tuple[Operation, Ask, bool]:
    """The call, and whether it has ended: nobody makes it any more. A beginning goes on with its buyer."""
    _order, call = locks.lock_call(call_id)
    has_ended = call.state in _ENDED and call.operation != Operation.START
    return *_taken(call, now=now), has_ended


def _taken(call: GatewayCall, *, now: datetime.datetime) -> tuple[Operation, Ask]:
    call.tries += 1
    if call.look_at is not None:
        call.look_at = now + pause(call.tries)
    call.save(update_fields=["tries", "look_at"])
    return Operation(call.operation), terms_of(call)


@transaction.atomic(durable=True)
def take_held_money(*, call_id: uuid.UUID, now: datetime.datetime) -> None:
    """Take what a card has held for days, before its bank lets go of it. Raises Missing."""
    order, _call = locks.lock_call(call_id)
    if order is None:
        raise Missing()
    update_standing(order, now=now)


@transaction.atomic(durable=True)
def release_unused(*, call_id: uuid.UUID, now: datetime.datetime) -> None:
    """Let go of what a card holds for a basket that nobody has ordered. Raises Missing."""
    order, call = locks.lock_call(call_id)
    payment = call.payment
    if order is None and payment is not None and unused(now).filter(pk=call_id).exists():
        ask_cancel(payment.basket, payment, actor=Actor.system("cards"), now=now)


@shared_task(name="orders.make_call")
def make_call_task(*, call_id: str) -> None:
    make_call(call_id=uuid.UUID(call_id), now=timezone.now())


@shared_task(name="orders.look_up_call")
def look_up_call_task(*, call_id: str) -> None:
    now = timezone.now()
    run_one(uuid.UUID(call_id), lambda key: look_up_call(call_id=key, now=now), sweep="orders.look_up_calls")


@shared_task(name="orders.look_up_calls")
def look_up_calls_task() -> None:
    """Calls of which nobody knows how they ended. Each by a message: one that fails holds up none."""
    waiting = GatewayCall.objects.to_look_up(timezone.now()).values_list("pk", flat=True)
    for call_id in waiting[:_AT_ONCE]:
        look_up_call_task.delay(call_id=str(call_id))


@shared_task(name="orders.follow_cards")
def follow_cards_task() -> None:
    """What time brings for cards: holds that end soon are taken, those of baskets that nobody orders are let
    go, what cooperatives owe is pulled back."""
    now, actor = timezone.now(), Actor.system("cards")
    run_each(
        held_too_long(now).values_list("pk", flat=True),
        lambda call_id: take_held_money(call_id=call_id, now=now),
        sweep="orders.follow_cards:held",
        at_most=_AT_ONCE,
    )
    run_each(
        unused(now).values_list("pk", flat=True),
        lambda call_id: release_unused(call_id=call_id, now=now),
        sweep="orders.follow_cards:unused",
        at_most=_AT_ONCE,
    )
    run_each(
        who_owes(),
        lambda owing: pull_back_what_is_owed(
            cooperative_id=owing[0], currency=owing[1], actor=actor, now=now
        ),
        sweep="orders.follow_cards:owed",
    )
