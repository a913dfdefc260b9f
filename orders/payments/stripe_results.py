"""Convert Stripe's objects into results of our gateway interface."""

from __future__ import annotations

from typing import Any

from django.utils import translation

from orders.models.gateway import GatewayOperation
from orders.payments.gateway import GatewayOutcome, GatewayRequest, GatewayResult
from orders.payments.stripe_messages import message_for_code

_REFUND_OUTCOMES = {
    "succeeded": GatewayOutcome.SUCCEEDED,
    "failed": GatewayOutcome.FAILED,
    "canceled": GatewayOutcome.FAILED,
}


def convert_intent(
    intent: Any, request: GatewayRequest, *, operation: GatewayOperation = GatewayOperation.START_PAYMENT
) -> GatewayResult:
    """Convert a PaymentIntent with its `latest_charge` to the result of the `operation`.

    A cancelled PaymentIntent means that a start failed and a void succeeded. An authorised one means that a
    start succeeded, and says nothing about a capture.
    """
    outcome, code = _outcome_of_intent(intent, operation)
    return GatewayResult(
        outcome,
        reference=intent.id,
        authorised=intent.amount_capturable,
        charged=intent.amount_received,
        refunded=getattr(intent.latest_charge, "amount_refunded", 0),
        code=code,
        message=_message_of_code(code, request),
        secret=(intent.client_secret or "") if outcome is GatewayOutcome.NEEDS_BUYER else "",
    )


def _outcome_of_intent(intent: Any, operation: GatewayOperation) -> tuple[GatewayOutcome, str]:
    is_void = operation is GatewayOperation.VOID
    match intent.status:
        case "succeeded":
            outcome_of_void = (GatewayOutcome.FAILED, "payment_intent_unexpected_state")
            return outcome_of_void if is_void else (GatewayOutcome.SUCCEEDED, "")
        case "canceled":
            return (GatewayOutcome.SUCCEEDED, "") if is_void else (GatewayOutcome.FAILED, "canceled")
        case "requires_capture":
            return (
                GatewayOutcome.SUCCEEDED
                if operation is GatewayOperation.START_PAYMENT
                else GatewayOutcome.UNKNOWN
            ), ""
        case "processing":
            return GatewayOutcome.PENDING, ""
    return GatewayOutcome.NEEDS_BUYER, decline_code(intent.last_payment_error)


def convert_session(
    session: Any, request: GatewayRequest, *, operation: GatewayOperation = GatewayOperation.START_PAYMENT
) -> GatewayResult:
    """Convert a Checkout Session. Once it is complete, its payment determines the result."""
    intent = session.payment_intent
    if session.status == "complete" and intent is not None:
        return convert_intent(intent, request, operation=operation)
    if session.status == "expired":
        if operation is GatewayOperation.VOID:
            return GatewayResult(GatewayOutcome.SUCCEEDED, reference=session.id)
        return GatewayResult(
            GatewayOutcome.FAILED,
            reference=session.id,
            code="expired",
            message=_message_of_code("expired", request),
        )
    code = decline_code(getattr(intent, "last_payment_error", None))
    return GatewayResult(
        GatewayOutcome.NEEDS_BUYER,
        reference=session.id,
        code=code,
        message=_message_of_code(code, request),
        url=session.url or "",
    )


def convert_refund(refund: Any, request: GatewayRequest) -> GatewayResult:
    """Convert a refund, with the amounts of its payment."""
    outcome = _REFUND_OUTCOMES.get(refund.status or "", GatewayOutcome.PENDING)
    code = "refund_failed" if outcome is GatewayOutcome.FAILED else ""
    sums = convert_intent(refund.payment_intent, request)
    return GatewayResult(
        outcome,
        reference=refund.id,
        charged=sums.charged,
        refunded=sums.refunded,
        code=code,
        message=_message_of_code(code, request),
    )


def failed_result(request: GatewayRequest, code: str) -> GatewayResult:
    return GatewayResult(
        GatewayOutcome.FAILED, reference=request.reference, code=code, message=_message_of_code(code, request)
    )


def unknown_result(request: GatewayRequest, code: str) -> GatewayResult:
    return GatewayResult(
        GatewayOutcome.UNKNOWN,
        reference=request.reference,
        code=code,
        message=_message_of_code("unknown", request),
    )


def never_arrived_result(request: GatewayRequest) -> GatewayResult:
    """Return the result of a call that left no trace and is too old to arrive."""
    return failed_result(request, "never_arrived")


def decline_code(error: object) -> str:
    """Return the bank's decline code, else Stripe's code, or an empty text if there is no error."""
    return str(getattr(error, "decline_code", None) or getattr(error, "code", None) or "")


def _message_of_code(code: str, request: GatewayRequest) -> str:
    if not code:
        return ""
    with translation.override(request.language):
        return str(message_for_code(code))
