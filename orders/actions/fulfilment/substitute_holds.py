"""Lines that wait for the buyer's answer about a substitute, and the stock held for them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from orders.models import Allocation, OrderPart, Substitute, SubstituteHold
from orders.states import SUBSTITUTE_TRANSITIONS, SubstituteState
from shop.core.errors import Refused
from shop.core.states import change_states


class SubstituteUnanswered(Refused):
    """The line waits for the buyer's answer. `details["lines"]` lists such lines."""

    code = "substitute_unanswered"
    default_message = _(
        "The buyer has been asked about a substitute. Wait for the answer, or withdraw the offer."
    )


def require_no_waiting_substitute(line_ids: Iterable[uuid.UUID]) -> None:
    """Raise SubstituteUnanswered if one of these lines waits for the buyer's answer."""
    waiting_lines = list(
        Substitute.objects.waiting().filter(line__in=list(line_ids)).values_list("line", flat=True)
    )
    if waiting_lines:
        raise SubstituteUnanswered(lines=waiting_lines)


def read_held_stock_ids(parts: Iterable[OrderPart]) -> set[int]:
    """Return ids of the stock allocated to the lines of these parts or held for their substitutes."""
    part_ids = [part.pk for part in parts]
    allocated = Allocation.objects.filter(line__part__in=part_ids).values_list("stock_id", flat=True)
    held = SubstituteHold.objects.filter(substitute__line__part__in=part_ids)
    return {*allocated, *held.values_list("stock_id", flat=True)}


def close_substitutes(part: OrderPart, *, now: datetime.datetime) -> None:
    """In a transaction: withdraw the unanswered offers of a part that ends. The caller releases the stock."""
    waiting_substitutes = list(Substitute.objects.waiting().filter(line__part=part).order_by("pk"))
    change_states(waiting_substitutes, SubstituteState.WITHDRAWN, SUBSTITUTE_TRANSITIONS)
    Substitute.objects.filter(pk__in=[substitute.pk for substitute in waiting_substitutes]).update(
        answered_at=now
    )
