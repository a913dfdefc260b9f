"""Grant refunds by quantity or amount, as external systems request them, and compute the amount per line."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from orders import locks
from orders.actions.fulfilment.substitute_holds import read_held_stock_ids
from orders.actions.order_records.reasons import Reason
from orders.actions.refunds.refund_decisions import (
    EmptyRefund,
    LineRefund,
    RefundDecision,
    RefundExceedsLimit,
    RefundLimits,
    read_refund_limits,
    refund_part,
)
from orders.models import CostBearer, Order, OrderPart, Refund
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.money import split_amount


class RefundExceedsOrdered(Refused):
    """`details["lines"]` lists the lines for which more was requested than was ordered."""

    code = "refund_exceeds_ordered"
    default_message = RefundExceedsLimit.default_message


@dataclass(frozen=True, slots=True)
class RefundGrant:
    """The requested refund: quantities of lines, the delivery, and a lower `amount` in minor units, if any.

    An amount alone is spread over everything that is still refundable. `line_reasons` holds the reasons of
    single lines. Of the quantities `returned` will come back and `unsent` are never sent. If `unsent` is
    None, all that are not packed are not sent.
    """

    quantities: Mapping[uuid.UUID, int]
    includes_delivery: bool = False
    amount: int | None = None
    line_reasons: Mapping[uuid.UUID, Reason] = field(default_factory=dict)
    returned: Mapping[uuid.UUID, int] = field(default_factory=dict)
    unsent: Mapping[uuid.UUID, int] | None = None

    def unsent_quantity(self, line_id: uuid.UUID, open_quantity: int) -> int:
        """Return how many sales units of a line are not sent, if `open_quantity` are not packed."""
        if self.unsent is not None:
            return self.unsent.get(line_id, 0)
        return min(self.quantities.get(line_id, 0), open_quantity)


@transaction.atomic(durable=True)
def grant_refund(
    *,
    order_id: uuid.UUID,
    granted: RefundGrant,
    part_ids: Collection[int],
    bearer: CostBearer,
    reason: Reason,
    actor: Actor,
    now: datetime.datetime,
) -> list[Refund]:
    """Create a refund for each affected part among `part_ids`. If one is refused, none is created.

    Unpacked items are not sent. The buyer keeps the others. Raises Missing, RefundExceedsOrdered,
    PartNotCharged, NoLinesLeftToSend, EmptyRefund, LinesNotWeighed, ReasonRequired, RefundExceedsLimit.
    """
    order = locks.lock_order(order_id)
    if order.is_draft:
        raise Missing()
    parts = list(order.parts.select_related("cooperative").filter(pk__in=part_ids).order_by("number"))
    return grant_locked_refund(
        order, parts, granted=granted, bearer=bearer, reason=reason, actor=actor, now=now
    )


def grant_locked_refund(
    order: Order,
    parts: Sequence[OrderPart],
    *,
    granted: RefundGrant,
    bearer: CostBearer,
    reason: Reason,
    actor: Actor,
    now: datetime.datetime,
) -> list[Refund]:
    """On a locked order: create a refund for each affected part. Raises as `grant_refund`.

    Also raises ReturnExceedsDelivered, UnsentExceedsOpen.
    """
    limits = {part.pk: read_refund_limits(order, part) for part in parts}
    _require_possible_quantities(granted, limits.values())
    items = [item for part in parts for item in _refundable_items(part, limits[part.pk], granted)]
    amounts = _split_amount(items, granted.amount)
    decisions = [
        (part, _build_decision(part, limits[part.pk], granted, items, amounts, bearer, reason))
        for part in parts
    ]
    decisions = [(part, decision) for part, decision in decisions if decision.amount or decision.lines]
    if len(decisions) > 1:
        _lock_rows_of_parts(order, [part for part, _decision in decisions], now=now)
    return [refund_part(order, part, decision, actor=actor, now=now) for part, decision in decisions]


def _lock_rows_of_parts(order: Order, parts: Sequence[OrderPart], *, now: datetime.datetime) -> None:
    """In a transaction: lock at once the rows that several refunds lock, so that orders cannot deadlock."""
    locks.lock_stock(read_held_stock_ids(parts))
    locks.lock_settlements([part.cooperative_id for part in parts], order.currency, now=now)


@dataclass(frozen=True, slots=True)
class _RefundableItem:
    """The most that may be refunded for a line or, without a line, for a part's delivery."""

    part_id: int
    line_id: uuid.UUID | None
    maximum: int


def _require_possible_quantities(granted: RefundGrant, limits: Collection[RefundLimits]) -> None:
    lines = {
        line_id: line_limit.line
        for part_limits in limits
        for line_id, line_limit in part_limits.lines.items()
    }
    if any(line_id not in lines for line_id in granted.quantities):
        raise Missing(field="lines")
    excessive = [
        key for key, quantity in granted.quantities.items() if not 1 <= quantity <= lines[key].quantity
    ]
    if excessive:
        raise RefundExceedsOrdered(lines=excessive)


def _refundable_items(part: OrderPart, limits: RefundLimits, granted: RefundGrant) -> list[_RefundableItem]:
    is_everything = not granted.quantities and not granted.includes_delivery
    items = []
    for line_id, line_limit in limits.lines.items():
        quantity = line_limit.line.quantity if is_everything else granted.quantities.get(line_id, 0)
        maximum = min(
            line_limit.refundable, line_limit.line.total_gross * quantity // line_limit.line.quantity
        )
        items.append(_RefundableItem(part.pk, line_id, maximum))
    is_affected = not granted.quantities or any(line_id in granted.quantities for line_id in limits.lines)
    if is_everything or (granted.includes_delivery and is_affected):
        items.append(_RefundableItem(part.pk, None, limits.delivery))
    return [item for item in items if item.maximum > 0]


def _split_amount(items: Sequence[_RefundableItem], amount: int | None) -> list[int]:
    maximums = [item.maximum for item in items]
    requested = sum(maximums) if amount is None else amount
    if requested <= 0:
        raise EmptyRefund(field="amount")
    if requested > sum(maximums):
        raise RefundExceedsLimit(field="amount")
    return split_amount(requested, maximums)


def _build_decision(
    part: OrderPart,
    limits: RefundLimits,
    granted: RefundGrant,
    items: Sequence[_RefundableItem],
    amounts: Sequence[int],
    bearer: CostBearer,
    reason: Reason,
) -> RefundDecision:
    amount_by_line = {
        item.line_id: amount
        for item, amount in zip(items, amounts, strict=True)
        if item.part_id == part.pk and amount
    }
    delivery = amount_by_line.pop(None, 0)
    moved_lines = {*granted.returned, *(granted.unsent or ())} & limits.lines.keys()
    lines = {
        line_id: LineRefund(
            amount=amount_by_line.get(line_id, 0),
            returned=granted.returned.get(line_id, 0),
            unsent=granted.unsent_quantity(line_id, limit.open),
            reason=granted.line_reasons.get(line_id),
        )
        for line_id, limit in limits.lines.items()
        if line_id in amount_by_line or line_id in moved_lines
    }
    return RefundDecision(
        bearer=bearer,
        reason=reason.text,
        reason_page_id=reason.page_id,
        lines=lines,
        delivery=delivery,
        is_received=False,
    )
