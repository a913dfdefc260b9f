"""Decide refunds: the amounts by line, who bears them, and what becomes of the items."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.cash_on_delivery.cash_collection import reduce_expected_cash
from orders.actions.fulfilment.pack_parcels import require_weighed
from orders.actions.fulfilment.parcel_returns import ReturnedQuantity, create_return
from orders.actions.fulfilment.substitute_holds import require_no_waiting_substitute
from orders.actions.fulfilment.unsent_items import mark_lines_unsent
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.reasons import Reason
from orders.actions.order_records.recalculate_order import read_unpacked_quantities, recalculate_columns
from orders.actions.payouts.refund_execution import announce_refund, execute_refund
from orders.actions.payouts.surplus_refunds import read_refundable_surplus
from orders.models import (
    Complaint,
    CostBearer,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Refund,
    RefundLine,
)
from orders.states import ParcelKind
from shop.core.actors import Actor
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import KeyReused


class EmptyRefund(Refused):
    code = "empty_refund"
    default_message = _("Enter the refund amount and what it is for.")


class RefundExceedsLimit(Refused):
    """More than is refundable of a line, a delivery or a surplus. `details["limits"]` holds the limits."""

    code = "refund_exceeds_limit"
    default_message = _("That is more than can still be refunded.")


class PartNotCharged(Refused):
    """The order awaits payment or the part has ended, so nothing is charged for it."""

    code = "part_not_charged"
    default_message = _("Nothing is charged for this part: it has ended or is waiting for payment.")


@dataclass(frozen=True, slots=True)
class LineRefund:
    """The refund of a line in minor units, and the fate of its items, in sales units.

    `returned` sales units come back, `damaged` of them not fit for resale. `unsent` ones are never sent.
    `reason` is only set if it differs from the decision's.
    """

    amount: int = 0
    returned: int = 0
    damaged: int = 0
    unsent: int = 0
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class RefundDecision:
    """The amounts to refund in minor units, who bears them, and the reason.

    Items are returned to `warehouse_id`, already (`is_received`) or later. If a till has paid the refund,
    `till_parcel` is the parcel that the buyer had paid for in cash.
    """

    bearer: CostBearer
    reason: str
    lines: Mapping[uuid.UUID, LineRefund] = field(default_factory=dict)
    delivery: int = 0
    surplus: int = 0
    warehouse_id: uuid.UUID | None = None
    is_received: bool = True
    reason_page_id: int | None = None
    till_parcel: Parcel | None = None

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines.values()) + self.delivery + self.surplus


@dataclass(frozen=True, slots=True)
class LineRefundLimit:
    """The limits of further refunds of a line.

    `refunded` is the amount refunded of its total. `returnable` sales units may be returned, `open` ones are
    not packed.
    """

    line: OrderLine
    refunded: int
    returnable: int
    open: int

    @property
    def refundable(self) -> int:
        return self.line.total_gross - self.refunded


@dataclass(frozen=True, slots=True)
class RefundLimits:
    """The limits of further refunds of a part, in minor units of `currency`."""

    currency: str
    lines: Mapping[uuid.UUID, LineRefundLimit]
    delivery: int
    surplus: int

    @property
    def has_refundable_money(self) -> bool:
        """Whether anything of the part is left to refund."""
        return self.delivery > 0 or any(limit.refundable > 0 for limit in self.lines.values())


@transaction.atomic(durable=True)
def decide_refund(
    *,
    order_id: uuid.UUID,
    decision: RefundDecision,
    part_id: int | None = None,
    complaint_id: uuid.UUID | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Refund:
    """Refund some or all of a part's cost or, if no part is given, a surplus of the order.

    Paid money goes back through its payment method. Unpaid money is no longer due. A repeated
    `idempotency_key` returns the first refund. Raises KeyReused, Missing, ReturnWarehouseRequired,
    PartNotCharged, NoLinesLeftToSend, EmptyRefund, ReturnExceedsDelivered, UnsentExceedsOpen,
    LinesNotWeighed, ReasonRequired, RefundExceedsLimit, SubstituteUnanswered.
    """
    order = locks.lock_order(order_id)
    existing = (
        Refund.objects.filter(idempotency_key=idempotency_key).first()
        if idempotency_key is not None
        else None
    )
    if existing is not None and existing.order_id != order.pk:
        raise KeyReused()
    if existing is not None:
        return existing
    part = None
    if part_id is not None:
        part = OrderPart.objects.select_related("cooperative").filter(order=order, pk=part_id).first()
        if part is None:
            raise Missing()
    complaint = None
    if complaint_id is not None:
        complaint = Complaint.objects.filter(part=part, pk=complaint_id).first()
        if complaint is None:
            raise Missing()
    return refund_part(
        order, part, decision, complaint=complaint, idempotency_key=idempotency_key, actor=actor, now=now
    )


def refund_part(
    order: Order,
    part: OrderPart | None,
    decision: RefundDecision,
    *,
    complaint: Complaint | None = None,
    substitute_total: int = 0,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Refund:
    """On a locked order: decide a refund. Raises as `decide_refund`, except Missing.

    `substitute_total` is the total of the line that the buyer agreed to instead. If no money goes back to a
    buyer who agreed, no notice is sent.
    """
    _require_possible_decision(order, part, decision)
    refund = _record_refund(
        order,
        part,
        decision,
        complaint=complaint,
        substitute_total=substitute_total,
        idempotency_key=idempotency_key,
        actor=actor,
        now=now,
    )
    if part is not None:
        refund.parcel = _create_item_parcels(order, part, decision, complaint, actor=actor, now=now)
        reduce_expected_cash(order, part, actor=actor, now=now)
    recalculate_columns(order)
    refund.repayment = min(refund.net_reduction, read_refundable_surplus(order))
    refund.save(update_fields=["parcel", "repayment"])
    execute_refund(refund, till_parcel=decision.till_parcel, actor=actor, now=now)
    finish_order_change(order, now=now)
    should_notify_buyer = bool(refund.repayment) or not substitute_total
    announce_refund(refund, should_notify_buyer=should_notify_buyer, actor=actor, now=now)
    return refund


def _record_refund(
    order: Order,
    part: OrderPart | None,
    decision: RefundDecision,
    *,
    complaint: Complaint | None,
    substitute_total: int,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> Refund:
    """Record the decision and its lines. The money follows once the order's columns are recalculated."""
    refund = Refund.objects.create(
        order=order,
        part=part,
        complaint=complaint,
        amount=decision.amount,
        delivery_amount=decision.delivery,
        surplus=decision.surplus,
        substitute_total=substitute_total,
        currency=order.currency,
        bearer=decision.bearer,
        reason=decision.reason.strip(),
        reason_page_id=decision.reason_page_id,
        decided_at=now,
        idempotency_key=idempotency_key,
        actor_kind=actor.kind,
        actor_key=actor.key,
    )
    RefundLine.objects.bulk_create(
        RefundLine(
            refund=refund,
            order_line_id=line_id,
            quantity=line_refund.returned + line_refund.unsent,
            amount=line_refund.amount,
            reason=line_refund.reason.text.strip() if line_refund.reason else "",
            reason_page_id=line_refund.reason.page_id if line_refund.reason else None,
        )
        for line_id, line_refund in decision.lines.items()
    )
    return refund


def read_refund_limits(order: Order, part: OrderPart | None) -> RefundLimits:
    """Return the amounts that may still be refunded of a part and of the order's surplus."""
    surplus = read_refundable_surplus(order)
    if part is None or not part.is_active or order.confirmed_at is None:
        return RefundLimits(order.currency, {}, 0, surplus)
    lines = list(part.lines.order_by("position", "pk"))
    refunded = RefundLine.objects.filter(order_line__in=lines).by_line()
    returnable, still_open = ParcelLine.objects.delivered_quantities(part), read_unpacked_quantities(lines)
    refunded_delivery: int = part.refunds.aggregate(total=Sum("delivery_amount", default=0))["total"]
    return RefundLimits(
        order.currency,
        {
            line.pk: LineRefundLimit(
                line, refunded.get(line.pk, 0), returnable.get(line.pk, 0), still_open[line.pk]
            )
            for line in lines
        },
        part.delivery_gross - refunded_delivery,
        surplus,
    )


def _require_possible_decision(order: Order, part: OrderPart | None, decision: RefundDecision) -> None:
    if not decision.reason.strip():
        raise ReasonRequired(field="reason")
    needs_charge = bool(decision.lines) or decision.delivery > 0
    if needs_charge and (part is None or not part.is_active or order.confirmed_at is None):
        raise PartNotCharged()
    limits = read_refund_limits(order, part)
    sums = [
        decision.delivery,
        decision.surplus,
        *(line_refund.amount for line_refund in decision.lines.values()),
    ]
    if decision.amount <= 0 or min(sums) < 0:
        raise EmptyRefund(field="amount")
    if any(line_id not in limits.lines for line_id in decision.lines):
        raise Missing()
    is_within_limits = all(
        line_refund.amount <= limits.lines[line_id].refundable
        for line_id, line_refund in decision.lines.items()
    )
    if not is_within_limits or decision.delivery > limits.delivery or decision.surplus > limits.surplus:
        raise RefundExceedsLimit(field="amount", limits=limits)
    require_weighed(limits.lines[line_id].line for line_id in decision.lines)
    require_no_waiting_substitute(decision.lines)


def _create_item_parcels(
    order: Order,
    part: OrderPart,
    decision: RefundDecision,
    complaint: Complaint | None,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel | None:
    """Create the parcel of returned items or else of unsent ones, or None if the buyer keeps everything."""
    parcel = None
    unsent = {
        line_id: line_refund.unsent for line_id, line_refund in decision.lines.items() if line_refund.unsent
    }
    if unsent:
        parcel = mark_lines_unsent(order, part, unsent, actor=actor, now=now)
    returned = {
        line_id: ReturnedQuantity(line_refund.returned, line_refund.damaged, line_refund.reason)
        for line_id, line_refund in decision.lines.items()
        if line_refund.returned
    }
    if returned:
        parcel = create_return(
            order,
            part,
            returned,
            kind=ParcelKind.RETURN_AND_REFUND,
            warehouse_id=decision.warehouse_id,
            is_received=decision.is_received,
            reason=Reason(decision.reason, decision.reason_page_id),
            complaint=complaint,
            actor=actor,
            now=now,
        )
    return parcel
