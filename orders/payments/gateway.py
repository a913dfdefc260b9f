"""The one interface to whoever moves money for us: what is asked, and what came of it.

The row of an intent (`orders.models.GatewayCall`) is written before a call and its outcome after it, in
transactions of their own; a gateway knows no row and no transaction. It never raises for what happens on
the way: a refusal is `FAILED`, and where nobody can know whether the call arrived, `UNKNOWN`. What is
unknown is looked up, and never asked again under another key.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from orders.models.gateway import Operation


class Outcome(StrEnum):
    """What came of a call. `PENDING` and `NEEDS_BUYER` will still change by themselves."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NEEDS_BUYER = "needs_buyer"
    PENDING = "pending"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ask:
    """One call. `key` is made from our row and is the same for every try of it, and so is all the rest.

    `amount` is minor units of `currency`. `reference` is the gateway's own id of what the call is about:
    the payment, or for `pull_back` the transfer; empty for a start. `hold` asks for an authorisation that
    is captured later. `hosted` asks for the gateway's own page instead of fields on ours; the buyer comes
    back to `return_url`. `destination` is a cooperative's account at the gateway. `group` ties a payment to
    the transfers made of it. `asked_at` is when the call was first made: how long its key can be trusted.
    """

    key: str
    amount: int
    currency: str
    reference: str = ""
    description: str = ""
    hold: bool = False
    hosted: bool = False
    return_url: str = ""
    email: str = ""
    language: str = "vi"
    destination: str = ""
    group: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    asked_at: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the gateway said. The three sums are its whole view of the payment, in minor units:
    `authorised` is held and not yet taken, `charged` was taken in all, `refunded` was given back of that.

    `reference` is its id of the payment, refund or transfer; `secret` opens its fields on our page and
    `url` its own page. `message` is for people, in the language of the ask; `code` for programs.
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
    """Somebody who moves money for us."""

    name: str

    def start(self, ask: Ask) -> Answer:
        """Begin a payment (authorise where `ask.hold`)."""

    def capture(self, ask: Ask) -> Answer:
        """Take `ask.amount` of what is authorised; the rest is released."""

    def cancel(self, ask: Ask) -> Answer:
        """Release what is authorised, or stop what has begun."""

    def refund(self, ask: Ask) -> Answer:
        """Give `ask.amount` of what is charged back."""

    def pay_out(self, ask: Ask) -> Answer:
        """Pass `ask.amount` on to a cooperative's account."""

    def pull_back(self, ask: Ask) -> Answer:
        """Take `ask.amount` of an earlier `pay_out` back."""

    def look_up(
        self, operation: Operation, ask: Ask, *, has_ended: bool = False, now: datetime.datetime
    ) -> Answer:
        """What became of this call; `UNKNOWN` while nobody can tell.

        A call that left no trace is made once more under its own key, which cannot act twice, as long as
        the gateway remembers keys; after that it is `FAILED` with the code `never_arrived`. One that
        `has_ended` is only looked for: something else may have been done in its place since.
        """
