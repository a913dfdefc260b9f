"""Faults between the shop and Stripe, set per operation."""

import threading
from dataclasses import dataclass, field
from enum import Enum


class Fault(Enum):
    REFUSE = "an error is answered, nothing is done"
    HANG = "no answer ever, nothing is done"
    HANG_WITHIN = "no answer; it is done only when the double releases it"
    HANG_AFTER = "it is done, no answer ever"
    CUT_BEFORE = "the connection is cut, nothing is done"
    CUT_AFTER = "it is done, the connection is cut"


@dataclass
class Trouble:
    fault: Fault
    times: int
    status: int = 500
    body: dict = field(default_factory=dict)


class Faults:
    """Faults of the double. `plan` sets the fault that the next `times` calls of an operation meet."""

    def __init__(self):
        self.released = threading.Event()
        self._troubles = {}

    def plan(
        self, operation, fault, *, times=1, status=500, code="", message="Something went wrong", error_type=""
    ):
        error_type = error_type or (
            "card_error" if status == 402 else "api_error" if status >= 500 else "invalid_request_error"
        )
        body = {"error": {"type": error_type, "message": message, **({"code": code} if code else {})}}
        self._troubles[operation] = Trouble(fault, times, status, body)

    @property
    def will_hang(self):
        """Whether some call will get no answer, so that a test can use a short timeout."""
        return any(trouble.fault.name.startswith("HANG") for trouble in self._troubles.values())

    def take(self, operation):
        """Take the fault of this call, if any."""
        trouble = self._troubles.get(operation)
        if trouble is None:
            return None
        trouble.times -= 1
        if trouble.times == 0:
            del self._troubles[operation]
        return trouble

    def release(self):
        """Release all hanging calls; later ones may hang again."""
        hanging, self.released = self.released, threading.Event()
        hanging.set()
