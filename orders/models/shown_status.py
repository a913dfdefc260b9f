"""The status of orders and of their money as people see them, as a condition for lists."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from cooperatives.models import PICKUP_KINDS
from orders.models.part import OrderPart
from orders.models.payment import Payment, PaymentMethod
from orders.models.payment_state import PaymentState
from orders.states import (
    ACTIVE_PART_STATES,
    ARRIVED_PROGRESS,
    ENDED_ORDER_STATUSES,
    IN_TRANSIT_PROGRESS,
    SHOWN_STATUSES,
    Coverage,
    DerivedStatus,
    OrderStatus,
    Progress,
)


def shown_status_condition(status: str) -> Q:
    """Return the condition for orders that people see in this one of `SHOWN_STATUSES`."""
    assert status in SHOWN_STATUSES
    if status in (OrderStatus.UNCONFIRMED, DerivedStatus.WAITING_FOR_PAYMENT):
        is_waiting = _waits_for_money()
        condition = is_waiting if status == DerivedStatus.WAITING_FOR_PAYMENT else ~is_waiting
        return Q(status=OrderStatus.UNCONFIRMED) & condition
    if status not in (
        OrderStatus.ON_THE_WAY,
        DerivedStatus.READY_FOR_PICKUP,
        DerivedStatus.PARTLY_DELIVERED,
    ):
        return Q(status=status)
    parts = OrderPart.objects.filter(order=OuterRef("pk"), state__in=ACTIVE_PART_STATES)
    is_at_pickup_place = Q(
        delivery_kind__in=PICKUP_KINDS, progress__in=ARRIVED_PROGRESS | {Progress.DISPATCHED}
    )
    is_ready = ~Q(Exists(parts.exclude(is_at_pickup_place)))
    is_in_transit = Q(Exists(parts.filter(progress__in=IN_TRANSIT_PROGRESS)))
    conditions: dict[str, Q] = {
        DerivedStatus.READY_FOR_PICKUP: is_ready,
        DerivedStatus.PARTLY_DELIVERED: ~is_ready & ~is_in_transit,
        OrderStatus.ON_THE_WAY: ~is_ready & is_in_transit,
    }
    return Q(status=OrderStatus.ON_THE_WAY) & conditions[status]


def payment_state_condition(state: str) -> Q:
    """Return the condition for orders whose money is in this state."""
    is_over = Q(charge_coverage=Coverage.OVER)
    has_ended = Q(status__in=ENDED_ORDER_STATUSES)
    is_nothing_due = ~is_over & Q(current_total_gross=0)
    is_due = ~is_over & ~Q(current_total_gross=0)
    is_authorised = Q(authorize_coverage__in=[Coverage.FULL, Coverage.OVER])
    is_open = is_due & Q(charge_coverage=Coverage.NONE) & ~is_authorised
    conditions: dict[str, Q] = {
        PaymentState.REFUND_DUE: is_over & has_ended,
        PaymentState.OVERPAID: is_over & ~has_ended,
        PaymentState.NOTHING_DUE: is_nothing_due,
        PaymentState.PAID: is_due & Q(charge_coverage=Coverage.FULL),
        PaymentState.PARTLY_PAID: is_due & Q(charge_coverage=Coverage.PARTIAL),
        PaymentState.AUTHORISED: is_due & Q(charge_coverage=Coverage.NONE) & is_authorised,
        PaymentState.CASH_ON_DELIVERY: is_open & _is_cash_on_delivery(),
        PaymentState.WAITING: is_open & ~_is_cash_on_delivery(),
    }
    return conditions[state]


def _is_cash_on_delivery() -> Q:
    payments = Payment.objects.filter(order=OuterRef("pk")).order_by("-created_at", "-pk")
    return Q(Exact(Coalesce(Subquery(payments.values("method")[:1]), Value("")), PaymentMethod.COD))


def _waits_for_money() -> Q:
    return (
        Q(current_total_gross__gt=F("charged"))
        & ~Q(authorize_coverage__in=[Coverage.FULL, Coverage.OVER])
        & ~_is_cash_on_delivery()
    )
