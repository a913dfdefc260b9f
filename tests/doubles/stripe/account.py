"""One Stripe account: its objects, their events, and settings for tests."""

import copy
import itertools
import threading
import time

from tests.doubles.stripe.errors import StripeRefusal, missing

SMALLEST = {"vnd": 13_000, "usd": 50}  # about 0.50 USD
LARGEST = 99_999_999
_PREFIXES = {
    "payment_intent": "pi",
    "charge": "ch",
    "refund": "re",
    "checkout.session": "cs_test",
    "transfer": "tr",
    "transfer_reversal": "trr",
    "dispute": "du",
    "event": "evt",
}


class Account:
    """The rows of one Stripe account. Every change happens under `lock`.

    Notable changes write an event and call `on_event`. `clock` gives seconds since 1970, and tests may
    replace it.
    """

    def __init__(self, on_event=lambda event: None):
        self.lock = threading.RLock()
        self.clock = time.time
        self.rows = {}
        self.connected = set()
        self.balance = None  # limit of transfers without a source; None: unlimited
        self.next_refund = "succeeded"
        self.next_payment = "succeeded"  # or "processing"
        self._on_event = on_event
        self._numbers = itertools.count(1)

    def add(self, object_type, **fields):
        """Return a new object with its id and instant."""
        key = f"{_PREFIXES[object_type]}_{next(self._numbers):06d}Double"
        row = {"id": key, "object": object_type, "created": int(self.clock()), "livemode": False, **fields}
        self.rows[key] = row
        return row

    def get(self, object_type, key):
        """Return the object with this id, else Stripe's 404."""
        row = self.rows.get(key)
        if row is None or row["object"] != object_type:
            raise missing(object_type, key)
        return row

    def list_objects(self, object_type, **where):
        """Return all objects of a kind with these values, newest first."""
        return [
            row
            for row in reversed(self.rows.values())
            if row["object"] == object_type and all(row.get(name) == value for name, value in where.items())
        ]

    def emit(self, object_type, row, **previous):
        """Write an event with the object as it is now."""
        event = self.add(
            "event",
            type=object_type,
            api_version="2026-10-28.endive",
            data={"object": copy.deepcopy(row), **({"previous_attributes": previous} if previous else {})},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        self._on_event(event)
        return event

    def listed(self, object_type, params, path, **where):
        """Return a page of a list, as Stripe pages."""
        rows = self.list_objects(
            object_type, **{name: value for name, value in where.items() if value is not None}
        )
        rows = [row for row in rows if _within(row["created"], params.get("created"))]
        after = params.get("starting_after")
        if after:
            keys = [row["id"] for row in rows]
            rows = rows[keys.index(after) + 1 :] if after in keys else []
        limit = params.get("limit", 10)
        return {"object": "list", "url": path, "data": rows[:limit], "has_more": len(rows) > limit}

    def expanded(self, row, paths):
        """Return a copy in which the ids at these paths are replaced by their objects."""
        row = copy.deepcopy(row)
        for path in paths:
            self._expand(row, path.split("."))
        return row

    def _expand(self, row, path):
        name, *remaining_path = path
        if isinstance(row, list):
            for item in row:
                self._expand(item, path)
            return
        if isinstance(row.get(name), str):
            row[name] = copy.deepcopy(self.rows[row[name]])
        if remaining_path and row.get(name):
            self._expand(row[name], remaining_path)


def require_allowed_amount(amount, currency):
    """Check Stripe's limits: about half a dollar, and eight digits. VND has no decimals."""
    if amount < SMALLEST.get(currency, 1):
        raise StripeRefusal(
            "Amount must convert to at least 50 cents.", code="amount_too_small", param="amount"
        )
    if amount > LARGEST:
        raise StripeRefusal(
            "Amount must be no more than 99,999,999.", code="amount_too_large", param="amount"
        )


def _within(created, limits):
    if isinstance(limits, int):
        return created == limits
    limits = limits or {}
    return limits.get("gte", created) <= created <= limits.get("lte", created)
