"""Send fewer of some items than were ordered, or none. The buyer pays less or gets the money back."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from orders import locks
from orders.actions.fulfilment.cancel_parts import end_and_refund_part
from orders.actions.fulfilment.unsent_items import NoLinesLeftToSend, is_nothing_left_to_send
from orders.actions.order_records.pricing_by_weight import record_weight_of_unsent_line
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.refunds.refund_decisions import (
    LineRefund,
    LineRefundLimit,
    RefundDecision,
    read_refund_limits,
    refund_part,
)
from orders.models import CostBearer, Order, OrderPart, Refund
from orders.states import PartState
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import KeyReused
from shop.core.states import TransitionNotAllowed

SHORTAGE_REASON = gettext_noop("The cooperative has fewer of these items than you ordered.")


class NothingShort(Refused):
    """No line is short, or an entry is not between zero and the line's open sales units."""

    code = "nothing_short"
    default_message = _("Enter how many you have: fewer than are still to be packed for at least one item.")


class OpenQuantityChanged(Refused):
    """A line's open sales units differ from those that the member saw, so the missing ones are unknown."""

    code = "open_quantity_changed"
    default_message = _(
        "The quantity still to be packed is not the one that you saw on the phone. "
        "Look at the order and report what is missing again."
    )


@transaction.atomic(durable=True)
def report_shortage(
    *,
    part_id: int,
    available: Mapping[uuid.UUID, int],
    seen_open: Mapping[uuid.UUID, int] | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Refund:
    """Report how many of the still unpacked sales units of these lines the cooperative can send.

    The missing ones are refunded at their share of the line's total, at the cooperative's cost, and the buyer
    is notified. If nothing is left to send, the part has to be cancelled instead. `seen_open` is how many
    the member saw as still to be packed, and None if the member saw the current rows. A repeated
    `idempotency_key` gives the first refund. Raises KeyReused, LinesNotWeighed, Missing, NoLinesLeftToSend,
    NothingShort, OpenQuantityChanged, SubstituteUnanswered, TransitionNotAllowed.
    """
    order, part = locks.lock_part(part_id)
    existing = (
        Refund.objects.filter(idempotency_key=idempotency_key).first()
        if idempotency_key is not None
        else None
    )
    if existing is not None and existing.part_id != part.pk:
        raise KeyReused()
    if existing is not None:
        return existing
    limits = read_refund_limits(order, part).lines
    lines = refunds_of_shortage(part, limits, available, seen_open)
    for line_id, refund in lines.items():
        record_weight_of_missing(limits[line_id], refund.unsent, now=now)
    decision = RefundDecision(CostBearer.COOPERATIVE, SHORTAGE_REASON, lines=lines)
    return refund_part(order, part, decision, idempotency_key=idempotency_key, actor=actor, now=now)


def refunds_of_shortage(
    part: OrderPart,
    limits: Mapping[uuid.UUID, LineRefundLimit],
    available: Mapping[uuid.UUID, int],
    seen_open: Mapping[uuid.UUID, int] | None = None,
) -> dict[uuid.UUID, LineRefund]:
    """Return the refunds of the lines that are short.

    Raises Missing, NothingShort, OpenQuantityChanged, TransitionNotAllowed.
    """
    if part.state != PartState.ACCEPTED:
        raise TransitionNotAllowed(from_state=part.state, to_state="shortage")
    if any(line_id not in limits for line_id in available):
        raise Missing()
    if seen_open is not None and any(limits[line_id].open != seen_open.get(line_id) for line_id in available):
        raise OpenQuantityChanged()
    lines = {}
    for line_id, count in available.items():
        limit = limits[line_id]
        if not 0 <= count <= limit.open:
            raise NothingShort(field=f"available-{line_id}")
        if limit.open > count:
            lines[line_id] = refund_of_missing(limit, limit.open - count)
    if not lines:
        raise NothingShort(field=f"available-{next(iter(available), '')}")
    return lines


def preview_shortage(part: OrderPart, available: Mapping[uuid.UUID, int]) -> dict[uuid.UUID, LineRefund]:
    """Return the refunds that `report_shortage` would make, without making them.

    Raises Missing, NoLinesLeftToSend, NothingShort, TransitionNotAllowed.
    """
    limits = read_refund_limits(part.order, part).lines
    lines = refunds_of_shortage(part, limits, available)
    unsent = sum(refund.unsent for refund in lines.values())
    if is_nothing_left_to_send(part, unsent, sum(limit.open for limit in limits.values())):
        raise NoLinesLeftToSend()
    return lines


def refund_unsent_items(
    order: Order,
    part: OrderPart,
    line_id: uuid.UUID,
    quantity: int,
    *,
    reason: str,
    end_reason: str,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """On a locked order: refund unpacked sales units of a line, or cancel a part left with nothing.

    `end_reason` is the reason of the cancellation. Raises EmptyRefund, SubstituteUnanswered.
    """
    still_open = sum(read_unpacked_quantities(part.lines.all()).values())
    if is_nothing_left_to_send(part, quantity, still_open):
        end_and_refund_part(order, part, PartState.CANCELLED, end_reason, actor=actor, now=now)
        return
    limit = read_refund_limits(order, part).lines[line_id]
    record_weight_of_missing(limit, quantity, now=now)
    decision = RefundDecision(
        CostBearer.COOPERATIVE, reason, lines={line_id: refund_of_missing(limit, quantity)}
    )
    refund_part(order, part, decision, actor=actor, now=now)


def refund_of_missing(limit: LineRefundLimit, missing: int) -> LineRefund:
    """Return the refund of units not sent, which is their share of the line's total as far as refundable."""
    # The share is rounded up, so that the buyer pays nothing for missing items, in any order of reports.
    share = -(-limit.line.total_gross * missing // limit.line.quantity)
    return LineRefund(amount=min(limit.refundable, share), unsent=missing)


def record_weight_of_missing(limit: LineRefundLimit, missing: int, *, now: datetime.datetime) -> None:
    """In a transaction: set the estimate as the weight of an unweighed line that sends nothing."""
    if limit.line.is_to_weigh and missing == limit.line.quantity:
        record_weight_of_unsent_line(limit.line, now=now)


def read_unpacked_of_part(part: OrderPart) -> dict[uuid.UUID, int]:
    """Return how many sales units of an accepted part's lines are still to be packed, without zeros."""
    if part.state != PartState.ACCEPTED:
        return {}
    limits = read_refund_limits(part.order, part).lines
    return {line_id: limit.open for line_id, limit in limits.items() if limit.open}
