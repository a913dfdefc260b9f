"""Decide who bears cash on delivery that was collected short.

The cooperative is credited in full when its parcel is delivered, and the buyer owes the rest. The parcel
stays listed (`orders.models.parcel.ParcelQuerySet.with_cash_shortfall`) until the buyer pays or the
platform's staff decide here.
"""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.refunds.refund_decisions import (
    LineRefund,
    RefundDecision,
    RefundLimits,
    read_refund_limits,
    refund_part,
)
from orders.models import CostBearer, Order, Parcel, Refund
from shop.core.actors import Actor
from shop.core.errors import ReasonRequired, Refused
from shop.core.models import record_change


class NoCashShortfall(Refused):
    code = "no_cash_shortfall"
    default_message = _("No cash is missing for this parcel any more.")


@transaction.atomic(durable=True)
def resolve_cash_shortfall(
    *, parcel_id: int, bearer: CostBearer, reason: str, actor: Actor, now: datetime.datetime
) -> Refund:
    """Waive the buyer's open amount of a parcel, at the platform's or the cooperative's cost.

    The waived amount is a refund decision that pays nothing out. Raises Missing, NoCashShortfall,
    ReasonRequired.
    """
    order, part, parcel = locks.lock_parcel(parcel_id)
    if not Parcel.objects.with_cash_shortfall().filter(pk=parcel.pk).exists():
        raise NoCashShortfall()
    if not reason.strip():
        raise ReasonRequired(field="reason")
    amount = read_amount_to_waive(order, parcel)
    lines, delivery = _spread_amount(amount, read_refund_limits(order, part))
    parcel.cod_shortfall_resolved_at = now
    parcel.save(update_fields=["cod_shortfall_resolved_at"])
    decision = RefundDecision(bearer=bearer, reason=reason, lines=lines, delivery=delivery)
    refund = refund_part(
        order, part, decision, idempotency_key=f"cash-shortfall:{parcel.pk}", actor=actor, now=now
    )
    record_change(
        "parcel.cash_shortfall_resolved",
        parcel,
        root=order,
        cooperative_id=part.cooperative_id,
        actor=actor,
        now=now,
        reason=reason.strip(),
        data={"part": part.number, "amount": refund.amount, "bearer": bearer},
    )
    return refund


def read_amount_to_waive(order: Order, parcel: Parcel) -> int:
    """Return what the buyer still owes of a parcel's missing cash, in minor units.

    A later transfer or a partial refund reduces it.
    """
    return min(parcel.cash_shortfall, order.amount_due)


def _spread_amount(amount: int, limits: RefundLimits) -> tuple[dict[uuid.UUID, LineRefund], int]:
    """Spread an amount over the part's lines in their order, then its delivery. Raises NoCashShortfall."""
    lines, remaining = {}, amount
    for line_id, limit in limits.lines.items():
        if refunded := min(remaining, limit.refundable):
            lines[line_id] = LineRefund(refunded)
            remaining -= refunded
    delivery = min(remaining, limits.delivery)
    if amount <= 0 or remaining > delivery:
        raise NoCashShortfall()
    return lines, delivery
