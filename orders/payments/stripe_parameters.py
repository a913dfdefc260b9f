"""Build the parameters of Stripe calls."""

from __future__ import annotations

import datetime

from orders.payments.gateway import GatewayRequest

_STRIPE_CLOCK_TOLERANCE = datetime.timedelta(minutes=5)


def request_metadata(request: GatewayRequest) -> dict[str, str]:
    """Return the metadata of every created object, by which it is found again through our key."""
    return {**request.labels, "key": request.idempotency_key}


def read_payment_parameters(request: GatewayRequest) -> dict[str, object]:
    """Return the common parameters of a payment, on our page or on Stripe's."""
    params: dict[str, object] = {
        "capture_method": "manual" if request.is_authorisation_only else "automatic",
        "metadata": request_metadata(request),
    }
    if request.description:
        params["description"] = request.description
    if request.group:
        params["transfer_group"] = request.group
    return params


def created_since(request: GatewayRequest) -> dict[str, object]:
    """Return a filter for objects created after the first attempt.

    Late attempts create later objects.
    """
    if request.created_at is None:
        return {}
    return {"created": {"gte": int((request.created_at - _STRIPE_CLOCK_TOLERANCE).timestamp())}}


def is_session(reference: str) -> bool:
    """Return whether the reference is a Checkout Session and not a payment."""
    return reference.startswith("cs_")
