"""How a call is said to Stripe: the parameters that are made from it."""

from __future__ import annotations

import datetime
from typing import Any

from orders.payments.gateway import Ask

_CLOCKS = datetime.timedelta(minutes=5)  # by which theirs may be behind ours


def labels(ask: Ask) -> dict[str, str]:
    """What whatever it makes carries, so that it is found by our key."""
    return {**ask.labels, "key": ask.key}


def described(ask: Ask) -> dict[str, Any]:
    """What a payment carries, on our page or on Stripe's."""
    params: dict[str, Any] = {
        "capture_method": "manual" if ask.hold else "automatic",
        "metadata": labels(ask),
    }
    if ask.description:
        params["description"] = ask.description
    if ask.group:
        params["transfer_group"] = ask.group
    return params


def since(ask: Ask) -> dict[str, Any]:
    """When what it made was made: at any time since it was asked for, since a call may be made late."""
    if ask.asked_at is None:
        return {}
    return {"created": {"gte": int((ask.asked_at - _CLOCKS).timestamp())}}


def is_session(reference: str) -> bool:
    """Whether it names a Checkout Session, and no payment yet."""
    return reference.startswith("cs_")
