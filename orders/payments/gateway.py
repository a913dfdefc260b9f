"""The interface of payment gateways: requests and results.

The row of a call (`orders.models.GatewayCall`) is written before the call, and its result after the call, in
two transactions. A gateway knows neither rows nor transactions, and does not raise for failures. A refusal is
`FAILED`. A call that may or may not have arrived is `UNKNOWN`. Such a call is looked up, and never repeated
under another key.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orders.models.gateway import GatewayOperation


class GatewayOutcome(StrEnum):
    """The outcome of a call. `PENDING` and `NEEDS_BUYER` may still change without another call."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NEEDS_BUYER = "needs_buyer"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """The parameters of one call, the same for every attempt."""

    # Derived from the id of the recorded call.
    idempotency_key: str
    # In minor units of `currency`.
    amount: int
    currency: str
    # The gateway's id of the payment, or of the transfer to reverse. Empty for the start of a payment.
    reference: str = ""
    description: str = ""
    # Such a payment is captured later.
    is_authorisation_only: bool = False
    # Whether the buyer pays on the gateway's own page instead of in fields on ours.
    is_hosted: bool = False
    # Where the buyer returns to.
    return_url: str = ""
    email: str = ""
    language: str = "vi"
    # A cooperative's account at the gateway.
    destination: str = ""
    # Links a payment to its transfers.
    group: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    # The time of the first attempt, which decides how long the idempotency key can be trusted.
    created_at: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class GatewayResult:
    """The gateway's result, with its whole view of the payment in three amounts of minor units."""

    outcome: GatewayOutcome
    # The gateway's id of the payment, refund or transfer.
    reference: str = ""
    # Authorised but not captured yet.
    authorised: int = 0
    # Captured in total.
    charged: int = 0
    # Paid back out of `charged`.
    refunded: int = 0
    # For people, in the request's language.
    message: str = ""
    # For programs.
    code: str = ""
    # Initialises the gateway's fields on our page.
    secret: str = ""
    # The gateway's own page.
    url: str = ""


class Gateway(Protocol):
    """A payment gateway."""

    name: str

    def start(self, request: GatewayRequest) -> GatewayResult:
        """Start a payment (authorise only, if `request.is_authorisation_only`)."""

    def capture(self, request: GatewayRequest) -> GatewayResult:
        """Capture `request.amount` of the authorised amount. The rest is voided."""

    def void(self, request: GatewayRequest) -> GatewayResult:
        """Void the authorisation, or cancel a payment that has started."""

    def refund(self, request: GatewayRequest) -> GatewayResult:
        """Refund `request.amount` of the charged amount."""

    def pay_out(self, request: GatewayRequest) -> GatewayResult:
        """Transfer `request.amount` to a cooperative's account."""

    def reverse_transfer(self, request: GatewayRequest) -> GatewayResult:
        """Reverse `request.amount` of an earlier `pay_out`."""

    def look_up(
        self,
        operation: GatewayOperation,
        request: GatewayRequest,
        *,
        has_ended: bool = False,
        now: datetime.datetime,
    ) -> GatewayResult:
        """Look up the result of this call. It is `UNKNOWN` while it cannot be determined.

        If the gateway does not know the call, the call is repeated under its own key while the gateway still
        remembers keys, so it cannot take effect twice. After that time the call is `FAILED` with the code
        "never_arrived". A call that `has_ended` is only looked up, because something else may have replaced
        the call.
        """
