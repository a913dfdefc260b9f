"""Refusals in Stripe's words and shape."""


class StripeRefusal(Exception):
    """Answered as `{"error": {...}}`; `remembered` under an idempotency key unless validation failed."""

    def __init__(
        self, message, *, code="", param="", status=400, error_type="invalid_request_error", **extra
    ):
        super().__init__(message)
        self.status = status
        self.remembered = False
        self.body = {"type": error_type, "message": message, **extra}
        if code:
            self.body["code"] = code
        if param:
            self.body["param"] = param


class Declined(StripeRefusal):
    """The card's bank declined."""

    def __init__(self, decline_code, intent):
        code = {"generic_decline": "card_declined", "insufficient_funds": "card_declined"}.get(
            decline_code, decline_code
        )
        super().__init__(
            "Your card was declined.",
            code=code,
            status=402,
            error_type="card_error",
            decline_code=decline_code,
            payment_intent=intent,
        )
        self.remembered = True


def missing(object_type, key):
    return StripeRefusal(f"No such {object_type}: '{key}'", code="resource_missing", param="id", status=404)


def wrong_state(message, intent):
    refusal = StripeRefusal(message, code="payment_intent_unexpected_state", payment_intent=intent)
    refusal.remembered = True
    return refusal
