"""The progress of seeding the demo."""

from __future__ import annotations

from shop.core.models import Change, Channel

# Completed steps, recorded as changes of the channel, in this order.
SELLERS_CREATED = "demo.begun"
STOCK_RECEIVED = "demo.stocked"
PAST_ORDERS_SEEDED = "demo.filled"
OPEN_ORDERS_SEEDED = "demo.set_out"


def has_begun() -> bool:
    """Return whether the demo's sellers exist."""
    return find_marker(SELLERS_CREATED) is not None


def is_interrupted() -> bool:
    """Return whether the demo was started and not completed."""
    return has_begun() and find_marker(OPEN_ORDERS_SEEDED) is None


def find_marker(step: str) -> Change | None:
    """Return the change that marks a completed step."""
    return Change.objects.filter(action=step, kind=Channel._meta.label_lower).first()
