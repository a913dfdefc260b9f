"""Record card disputes that Stripe reports, and the chargebacks that follow from them."""

from __future__ import annotations

import datetime

from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.models import Dispute, EventKind, Order, Payment
from orders.payments.stripe_events import StripeEvent
from orders.states import DISPUTE_ENDED_STATES, DISPUTE_TRANSITIONS, DisputeState
from shop.core.actors import Actor
from shop.core.models import record_change
from shop.core.states import change_state

DISPUTE_EVENT_PREFIX = "charge.dispute."
_MONEY_EVENTS = {
    "funds_withdrawn": (EventKind.CHARGE_BACK, "payment.disputed"),
    "funds_reinstated": (EventKind.CHARGE_SUCCESS, "payment.dispute_repaid"),
}
_CHANGES = {
    DisputeState.TO_ANSWER: "payment.dispute_opened",
    DisputeState.ANSWERED: "payment.dispute_answered",
    DisputeState.WON: "payment.dispute_won",
    DisputeState.LOST: "payment.dispute_lost",
}
# These are Stripe's statuses (docs.stripe.com/api/disputes/object). An inquiry ("warning_…") takes no money.
_STATES = {
    "needs_response": DisputeState.TO_ANSWER,
    "warning_needs_response": DisputeState.TO_ANSWER,
    "under_review": DisputeState.ANSWERED,
    "warning_under_review": DisputeState.ANSWERED,
    "won": DisputeState.WON,
    "warning_closed": DisputeState.WON,
    "prevented": DisputeState.WON,
    "lost": DisputeState.LOST,
}


def record_dispute_event(
    order: Order, payment: Payment, event: StripeEvent, *, actor: Actor, now: datetime.datetime
) -> Dispute:
    """On a locked order: record a dispute's state and the money that the bank took or returned.

    Events may repeat or come out of order, so a dispute that has ended stays ended.
    """
    dispute, is_new = Dispute.objects.get_or_create(
        reference=event.subject,
        defaults={
            "payment": payment,
            "reason": event.reason[:80],
            "amount": event.amount,
            "currency": payment.currency,
            "state": _STATES.get(event.status, DisputeState.TO_ANSWER),
            "evidence_by": event.evidence_by,
            "received_at": event.created,
        },
    )
    data = {"amount": event.amount, "reason": event.reason, "reference": event.subject}
    if is_new or _change_dispute_state(dispute, event):
        action = _CHANGES[DisputeState(dispute.state)]
        record_change(action, order, actor=actor, now=now, data=data)
    _record_chargeback(order, payment, event, data, actor=actor, now=now)
    return dispute


def _change_dispute_state(dispute: Dispute, event: StripeEvent) -> bool:
    """Change the state of the dispute, and return whether it changed."""
    state = _STATES.get(event.status, DisputeState(dispute.state))
    if dispute.is_over or (event.created < dispute.received_at and state not in DISPUTE_ENDED_STATES):
        return False
    dispute.received_at, dispute.amount = event.created, event.amount
    dispute.evidence_by = event.evidence_by or dispute.evidence_by
    dispute.save(update_fields=["received_at", "amount", "evidence_by"])
    if state == dispute.state:
        return False
    change_state(dispute, state, DISPUTE_TRANSITIONS)
    return True


def _record_chargeback(
    order: Order,
    payment: Payment,
    event: StripeEvent,
    data: dict[str, object],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    name = event.kind.removeprefix(DISPUTE_EVENT_PREFIX)
    if name not in _MONEY_EVENTS:
        return
    kind, action = _MONEY_EVENTS[name]
    payment_event = record_payment_event(
        payment,
        kind,
        event.amount,
        idempotency_key=f"stripe:{event.subject}:{name}",
        reference=event.subject,
        message=event.reason,
        actor=actor,
        now=now,
    )
    if payment_event is not None:
        record_change(action, order, actor=actor, now=now, data=data)
        finish_order_change(order, now=now)
