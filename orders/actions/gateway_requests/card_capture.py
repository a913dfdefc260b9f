"""What follows for cards: money that is held is taken once it is known what is due, and released where
nothing is; what has begun for an order that has ended is stopped.

A step of `update_standing`, so that whatever changes what is due (the scale, a part called off, time) is
followed. What the gateway refused is not asked for again by itself: a person looks at it on the desk.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable

from django.db.models import Exists, OuterRef, QuerySet

from orders.actions.gateway_requests.gateway_requests import ask_cancel, ask_capture, start_of, sums_of
from orders.models import OVERTAKEN, GatewayCall, Operation, Order, Payment
from orders.states import CALL_MOVES, CallState
from shop.core.actors import Actor
from shop.core.states import advance

# A card holds an amount for seven days (docs.stripe.com/payments/place-a-hold-on-a-payment-method); what is
# not weighed by then is taken as estimated, and put right afterwards.
HELD_FOR = datetime.timedelta(days=6)
UNUSED_FOR = datetime.timedelta(days=1)  # that long whoever paid for a basket may still order it
_ENDS = (Operation.CAPTURE, Operation.CANCEL)


def follow_cards(
    order: Order, payments: Iterable[Payment], *, is_packed: Callable[[], bool], now: datetime.datetime
) -> None:
    """Step, on a locked order: take or release what its card payments hold, as far as that is known."""
    actor = Actor.system("cards")
    left = order.still_due
    for payment in payments:
        start = start_of(payment)
        if start is None or not start.reference:
            continue
        if _has_end(order, payment, now=now):
            left -= _being_taken(payment)
            continue
        held = sums_of(payment).authorised
        if held and left <= 0:
            ask_cancel(order, payment, actor=actor, now=now)
        elif held and (is_packed() or now - (start.answered_at or now) >= HELD_FOR):
            ask_capture(order, payment, min(left, held), actor=actor, now=now)
        elif start.state == CallState.NEEDS_BUYER and _is_over(order, start):
            ask_cancel(order, payment, actor=actor, now=now)
        left -= held


def held_too_long(now: datetime.datetime) -> QuerySet[GatewayCall]:
    """Card holds for orders that expire soon and whose capture or release nobody has asked for.

    Holds for baskets are not captured; `unused` releases them.
    """
    ends = GatewayCall.objects.filter(payment=OuterRef("payment"), operation__in=_ENDS)
    return GatewayCall.objects.filter(
        ~Exists(ends),
        operation=Operation.START,
        payment__order__isnull=False,
        state=CallState.SUCCEEDED,
        terms__hold=True,
        answered_at__lte=now - HELD_FOR,
    ).order_by("answered_at", "pk")


def unused(now: datetime.datetime) -> QuerySet[GatewayCall]:
    """Beginnings for baskets that nobody has made an order of since the day before."""
    ends = GatewayCall.objects.filter(payment=OuterRef("payment"), operation__in=_ENDS)
    return GatewayCall.objects.filter(
        ~Exists(ends),
        operation=Operation.START,
        payment__order=None,
        state__in=[CallState.SUCCEEDED, CallState.NEEDS_BUYER],
        asked_at__lte=now - UNUSED_FOR,
    ).order_by("asked_at", "pk")


def _being_taken(payment: Payment) -> int:
    """What is asked of its gateway, and not answered yet: it is counted neither as held nor as paid."""
    asked = GatewayCall.objects.filter(payment=payment, operation=Operation.CAPTURE).unanswered()
    return sum(asked.values_list("amount", flat=True))


def _has_end(order: Order, payment: Payment, *, now: datetime.datetime) -> bool:
    """Whether taking or releasing it was asked for; one that was refused is for a person to repeat.

    What was to be taken and is not due any more is not taken, as long as nobody has made the call.
    """
    ends = GatewayCall.objects.filter(payment=payment, operation__in=_ENDS).exclude(code=OVERTAKEN)
    for call in ends.filter(state=CallState.INTENDED, tries=0, amount__gt=order.still_due):
        if call.operation == Operation.CAPTURE:
            advance(call, CallState.FAILED, CALL_MOVES)
            call.code, call.answered_at, call.look_at = OVERTAKEN, now, None
            call.save(update_fields=["code", "answered_at", "look_at"])
    return ends.exists()


def _is_over(order: Order, start: GatewayCall) -> bool:
    """Whether nobody is to pay this any more: the order has ended, is paid, or costs another sum by now."""
    if order.cancelled_at or order.expired_at or not order.still_due:
        return True
    return not start.terms.get("hold") and start.amount != order.still_due
