"""Refund amounts paid beyond the current total."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from types import MappingProxyType

from celery import shared_task
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_noop

from orders import locks
from orders.actions.cash_on_delivery.cash_collection import read_cash_to_collect
from orders.actions.payouts.refund_execution import announce_refund, execute_refund
from orders.models import CostBearer, EventKind, Order, OrderPart, PaymentEvent, Refund
from orders.states import ENDED_ORDER_STATUSES, Coverage
from shop.core.actors import Actor
from shop.core.jobs.sweeps import run_each

_SWEEP_SIZE = 200


def read_refundable_surplus(
    order: Order, *, planned_refunds: Mapping[int, int] = MappingProxyType({})
) -> int:
    """Return the surplus: the amount paid beyond the current total and the promised refunds, in minor units.

    Cash that parcels still have to collect does not reduce the surplus of another part. `planned_refunds`
    gives by part the amounts that are about to be refunded.
    """
    promised = Refund.objects.filter(order=order).total_unpaid()
    current_total = order.current_total_gross - sum(planned_refunds.values())
    cash = read_cash_to_collect(order, planned_refunds=planned_refunds)
    return max(0, order.charged - promised - (current_total - cash))


def overpaid_orders() -> QuerySet[Order]:
    """Return orders that were charged more than the current total plus the promised refunds."""
    promised = Refund.objects.filter(order=OuterRef("pk")).order_by().values("order")
    executed = PaymentEvent.objects.filter(refund__order=OuterRef("pk")).order_by().values("refund__order")
    succeeded = Sum("amount", filter=Q(kind=EventKind.REFUND_SUCCESS), default=0)
    reversed_ = Sum("amount", filter=Q(kind=EventKind.REFUND_REVERSE), default=0)
    return Order.objects.filter(charge_coverage=Coverage.OVER).filter(
        charged__gt=F("current_total_gross")
        + Coalesce(Subquery(promised.annotate(total=Sum("repayment")).values("total")), 0)
        - Coalesce(Subquery(executed.annotate(total=succeeded - reversed_).values("total")), 0)
    )


def refund_surplus(
    order: Order, *, part: OrderPart | None = None, reason: str, actor: Actor, now: datetime.datetime
) -> Refund | None:
    """On a locked and recalculated order: refund the surplus over the current total.

    Returns None if there is no surplus.
    """
    surplus = read_refundable_surplus(order)
    if not surplus:
        return None
    refund = Refund.objects.create(
        order=order,
        part=part,
        amount=surplus,
        surplus=surplus,
        repayment=surplus,
        currency=order.currency,
        bearer=CostBearer.PLATFORM,
        reason=reason,
        decided_at=now,
        actor_kind=actor.kind,
        actor_key=actor.key,
    )
    execute_refund(refund, actor=actor, now=now)
    announce_refund(refund, actor=actor, now=now)
    return refund


@transaction.atomic(durable=True)
def refund_ended_order_surplus(*, order_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Refund | None:
    """Refund money that arrived for a cancelled or expired order. Raises Missing."""
    order = locks.lock_order(order_id)
    if order.status not in ENDED_ORDER_STATUSES:
        return None
    reason = gettext_noop("The payment arrived after the order had ended.")
    return refund_surplus(order, reason=reason, actor=actor, now=now)


@shared_task(name="orders.refund_ended_orders")
def refund_ended_orders_task() -> None:
    """Sweep: refund the balance of cancelled and expired orders, for all payment methods."""
    now, actor = timezone.now(), Actor.system("refund_surplus")
    ended_orders = overpaid_orders().filter(status__in=ENDED_ORDER_STATUSES).order_by("placed_at", "pk")
    run_each(
        ended_orders.values_list("pk", flat=True),
        lambda order_id: refund_ended_order_surplus(order_id=order_id, actor=actor, now=now),
        sweep="orders.refund_ended_orders",
        max_count=_SWEEP_SIZE,
    )
