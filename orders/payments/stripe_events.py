"""Parse Stripe's webhook events (docs.stripe.com/api/events)."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

_JsonObject = Mapping[str, Any]
_PAYMENT = "payment_intent"


class InvalidStripeEvent(Refused):
    """The signature is missing, wrong or too old, or the body is not an event."""

    code = "invalid_stripe_event"
    default_message = _("This notification does not come from Stripe.")


@dataclass(frozen=True, slots=True)
class StripeEvent:
    """A signed event, which shows its object as of `created`.

    Events come late, repeatedly and in any order, so the current state is looked up by `reference`.

    `reference` is the PaymentIntent, and empty if there is none yet. `session` is the Checkout Session.
    `subject` is the object itself: a payment, charge, refund, dispute, session or transfer. `idempotency_key`
    is that of our call, if we created the subject. Amounts are minor units. `reason` says why something
    failed or is disputed. A dispute may be answered until `evidence_by`.
    """

    id: str
    kind: str
    created: datetime.datetime
    is_live: bool
    subject: str
    reference: str
    session: str
    idempotency_key: str
    labels: Mapping[str, str]
    amount: int
    currency: str
    status: str
    authorised: int
    charged: int
    refunded: int
    reason: str
    evidence_by: datetime.datetime | None


def read_event(body: str | bytes) -> StripeEvent:
    """Parse a body whose signature was verified before. Raises InvalidStripeEvent for anything else."""
    try:
        event = json.loads(body)
        row: Mapping[str, object] = event["data"]["object"]
        return _build_event(event, row, str(row["object"]))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InvalidStripeEvent from error


def _build_event(event: _JsonObject, row: _JsonObject, object_type: str) -> StripeEvent:
    labels = {str(name): str(value) for name, value in (row.get("metadata") or {}).items()}
    failure = row.get("last_payment_error") or {}
    reason = (
        failure.get("decline_code")
        or failure.get("code")
        or row.get("failure_reason")
        or row.get("failure_code")
        or row.get("cancellation_reason")
        or row.get("reason")
    )
    return StripeEvent(
        id=str(event["id"]),
        kind=str(event["type"]),
        created=_parse_time(event["created"]),
        is_live=bool(event.get("livemode")),
        subject=str(row.get("id") or ""),
        reference=_object_id(row["id"] if object_type == _PAYMENT else row.get(_PAYMENT)),
        session=str(row["id"]) if object_type == "checkout.session" else "",
        idempotency_key=labels.get("key", ""),
        labels=labels,
        amount=int(row.get("amount") or row.get("amount_total") or 0),
        currency=str(row.get("currency") or "").upper(),
        status=str(row.get("status") or ""),
        authorised=_authorised_amount(row, object_type),
        charged=int(row.get("amount_received") or row.get("amount_captured") or 0),
        refunded=int(row.get("amount_refunded") or row.get("amount_reversed") or 0),
        reason=str(reason or ""),
        evidence_by=_parse_time(evidence_due)
        if (evidence_due := (row.get("evidence_details") or {}).get("due_by"))
        else None,
    )


def _parse_time(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)


def _authorised_amount(row: _JsonObject, object_type: str) -> int:
    if object_type == "charge" and row.get("status") == "succeeded" and not row.get("captured"):
        return int(row["amount"])
    return int(row.get("amount_capturable") or 0)


def _object_id(value: object) -> str:
    """Return an id, or the id of the expanded object in its place."""
    return str(value["id"] if isinstance(value, Mapping) else value or "")
