"""Stripe's objects as answers of our gateway interface."""

from __future__ import annotations

from typing import Any

from django.utils import translation

from orders.models.gateway import Operation
from orders.payments.gateway import Answer, Ask, Outcome
from orders.payments.stripe_messages import words_for

_REFUNDS = {"succeeded": Outcome.SUCCEEDED, "failed": Outcome.FAILED, "canceled": Outcome.FAILED}


def of_intent(intent: Any, ask: Ask, *, ended: Operation = Operation.START) -> Answer:
    """A PaymentIntent with its `latest_charge`. `ended` is what was asked for: a cancelled payment is a
    failed start and a successful cancel; one that is held is a successful start and no capture yet."""
    outcome, code = _outcome(intent, ended)
    return Answer(
        outcome,
        reference=intent.id,
        authorised=intent.amount_capturable,
        charged=intent.amount_received,
        refunded=getattr(intent.latest_charge, "amount_refunded", 0),
        code=code,
        message=_said(code, ask),
        secret=(intent.client_secret or "") if outcome is Outcome.NEEDS_BUYER else "",
    )


def _outcome(intent: Any, ended: Operation) -> tuple[Outcome, str]:
    cancelling = ended is Operation.CANCEL
    match intent.status:
        case "succeeded":
            paid = (Outcome.FAILED, "payment_intent_unexpected_state")
            return paid if cancelling else (Outcome.SUCCEEDED, "")
        case "canceled":
            return (Outcome.SUCCEEDED, "") if cancelling else (Outcome.FAILED, "canceled")
        case "requires_capture":
            return (Outcome.SUCCEEDED if ended is Operation.START else Outcome.UNKNOWN), ""
        case "processing":
            return Outcome.PENDING, ""
    return Outcome.NEEDS_BUYER, decline_code(intent.last_payment_error)


def of_session(session: Any, ask: Ask, *, ended: Operation = Operation.START) -> Answer:
    """A Checkout Session with its payment; once that is complete, the payment speaks for it."""
    intent = session.payment_intent
    if session.status == "complete" and intent is not None:
        return of_intent(intent, ask, ended=ended)
    if session.status == "expired":
        if ended is Operation.CANCEL:
            return Answer(Outcome.SUCCEEDED, reference=session.id)
        return Answer(Outcome.FAILED, reference=session.id, code="expired", message=_said("expired", ask))
    code = decline_code(getattr(intent, "last_payment_error", None))
    return Answer(
        Outcome.NEEDS_BUYER,
        reference=session.id,
        code=code,
        message=_said(code, ask),
        url=session.url or "",
    )


def of_refund(refund: Any, ask: Ask) -> Answer:
    """A refund with its payment, whose sums are told too."""
    outcome = _REFUNDS.get(refund.status or "", Outcome.PENDING)
    code = "refund_failed" if outcome is Outcome.FAILED else ""
    sums = of_intent(refund.payment_intent, ask)
    return Answer(
        outcome,
        reference=refund.id,
        charged=sums.charged,
        refunded=sums.refunded,
        code=code,
        message=_said(code, ask),
    )


def failed(ask: Ask, code: str) -> Answer:
    return Answer(Outcome.FAILED, reference=ask.reference, code=code, message=_said(code, ask))


def unknown(ask: Ask, code: str) -> Answer:
    return Answer(Outcome.UNKNOWN, reference=ask.reference, code=code, message=_said("unknown", ask))


def never_arrived(ask: Ask) -> Answer:
    """Nothing was left behind by a call too old to be on its way."""
    return failed(ask, "never_arrived")


def decline_code(error: Any) -> str:
    """The bank's own reason where it gave one, else Stripe's; empty without an error."""
    return str(getattr(error, "decline_code", None) or getattr(error, "code", None) or "")


def _said(code: str, ask: Ask) -> str:
    if not code:
        return ""
    with translation.override(ask.language):
        return str(words_for(code))
