"""The interface of payment gateways: requests and results.

The row of a call (`orders.models.GatewayCall`) is written before the call, and its result after the call, in
two transactions. A gateway knows neither rows nor transactions, and does not raise for failures. A refusal is
`FAILED`. A call that may or may not have arrived is `UNKNOWN`. It is looked up, and never repeated under
another key.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orders.models.gateway import Operation


class Outcome(StrEnum):
    """The outcome of a call. `PENDING` and `NEEDS_BUYER` may still change without another call."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NEEDS_BUYER = "needs_buyer"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class GatewayRequest:
    """The parameters of one call, the same for every attempt.

    `idempotency_key` is derived from our row. `amount` is in minor units of `currency`. `reference` is the
    gateway's own id of the call's subject. The subject is the payment, or the transfer for
    `reverse_transfer`. A start has none. An `is_authorisation_only` payment is captured later. `is_hosted`
    requests the gateway's own page instead of fields on our page. The buyer returns to `return_url`.
    `destination` is a cooperative's account at the gateway. `group` links a payment to its transfers.
    `created_at` is the time of the first attempt, which decides how long the key can be trusted.
    """

    idempotency_key: str
    amount: int
    currency: str
    reference: str = ""
    description: str = ""
    is_authorisation_only: bool = False
    is_hosted: bool = False
    return_url: str = ""
    email: str = ""
    language: str = "vi"
    destination: str = ""
    group: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class GatewayResult:
    """The gateway's result, with its whole view of the payment in three amounts of minor units.

    `authorised` is not captured yet, `charged` is captured in total, and `refunded` is returned out of
    `charged`. `reference` is the gateway's id of the payment, refund or transfer. `secret` initialises the
    gateway's fields on our page, and `url` is the gateway's own page. `message` is for people, in the
    request's language. `code` is for programs.
    """

    outcome: Outcome
    reference: str = ""
    authorised: int = 0
    charged: int = 0
    refunded: int = 0
    message: str = ""
    code: str = ""
    secret: str = ""
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
        operation: Operation,
        request: GatewayRequest,
        *,
        has_ended: bool = False,
        now: datetime.datetime,
    ) -> GatewayResult:
        """Look up the result of this call; `UNKNOWN` while it cannot be determined.

        If the gateway shows no trace of the call, it is repeated under its own key while the gateway still
        remembers keys, so it cannot take effect twice. After that time the call is `FAILED` with the code
        "never_arrived". A call that `has_ended` is only looked up, because something else may have replaced
        the call.
        """
