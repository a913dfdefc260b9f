"""Create the demo's settlements: commission rates, and one paid, one closed and one open period.

The rates are illustrative.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.models import Category
from cooperatives.models import Cooperative
from orders.actions.cash_on_delivery.cash_offset import offset_collected_cash
from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.actions.settlement.close_settlement import close_settlement
from orders.actions.settlement.commission_rates import add_commission_rate, add_withholding_rate
from orders.models import CommissionRate, LedgerEntry, Payout, Settlement
from shop.core.actors import Actor
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.management.demo.order_plan import DAYS, PlannedOrder
from shop.notifications.models import Notification

# The first period has been paid.
FIRST_CLOSED_DAYS_AGO, SECOND_CLOSED_DAYS_AGO = 35, 6
_PAYMENT_DELAY = datetime.timedelta(days=2, hours=10)
_DEFAULT_RATE, _CRAFT_RATE, _NEARBY_RATE = Decimal(5), Decimal(8), Decimal(4)
_CRAFT_CATEGORY, _NEARBY_COOPERATIVE = "tho-cam-goi-thao-duoc", "htx-yen-duong"


@dataclass(frozen=True, slots=True)
class Period:
    """Orders finished before a period was closed. An open period has no `closed_at`."""

    orders: Sequence[PlannedOrder]
    closed_at: datetime.datetime | None = None
    paid_at: datetime.datetime | None = None


def create_rates(*, actor: Actor, now: datetime.datetime) -> None:
    """Create commission rates from before the first order, and sample withholding rates."""
    if CommissionRate.objects.exists():
        return
    first = vietnam_date(now) - datetime.timedelta(days=DAYS + 1)
    category = Category.objects.filter(slug=_CRAFT_CATEGORY).first()
    cooperative = Cooperative.objects.filter(slug=_NEARBY_COOPERATIVE).first()
    rates: list[tuple[int | None, int | None, Decimal]] = [(None, None, _DEFAULT_RATE)]
    rates += [(None, category.pk, _CRAFT_RATE)] if category else []
    rates += [(cooperative.pk, None, _NEARBY_RATE)] if cooperative else []
    for cooperative_id, category_id, percent in rates:
        add_commission_rate(
            cooperative_id=cooperative_id,
            category_id=category_id,
            percent=percent,
            valid_from=first,
            actor=actor,
            now=now,
        )
    for name, percent in (("Thuế GTGT", Decimal(1)), ("Thuế TNCN", Decimal("0.5"))):
        add_withholding_rate(name=name, percent=percent, valid_from=first, actor=actor, now=now)


def split_into_periods(planned: Sequence[PlannedOrder], *, now: datetime.datetime) -> list[Period]:
    """Assign orders to the first period that closed after their end."""
    midnight = start_of_day(vietnam_date(now))
    first_closed_at = midnight - datetime.timedelta(days=FIRST_CLOSED_DAYS_AGO)
    second_closed_at = midnight - datetime.timedelta(days=SECOND_CLOSED_DAYS_AGO)
    end_times = {id(order): _last_delivery_time(order, now=now) for order in planned if order.is_over}
    first = [order for order in planned if order.is_over and end_times[id(order)] < first_closed_at]
    second = [
        order
        for order in planned
        if order.is_over and first_closed_at <= end_times[id(order)] < second_closed_at
    ]
    assigned = {id(order) for order in (*first, *second)}
    return [
        Period(first, first_closed_at, first_closed_at + _PAYMENT_DELAY),
        Period(second, second_closed_at),
        Period([order for order in planned if id(order) not in assigned]),
    ]


def close_period(period: Period, *, actor: Actor) -> None:
    """Close the period of each cooperative and, with a `paid_at`, pay it. Repeating it changes nothing."""
    if period.closed_at is None:
        return
    booked = LedgerEntry.objects.filter(settlement__opened_at__lt=period.closed_at).values("settlement")
    open_settlements = Settlement.objects.open().filter(pk__in=booked).order_by("pk")
    closed_cooperatives = Settlement.objects.filter(closed_at=period.closed_at).values("cooperative")
    for settlement in list(open_settlements.exclude(cooperative__in=closed_cooperatives)):
        close_settlement(settlement_id=settlement.pk, actor=actor, now=period.closed_at)
        offset_collected_cash(settlement_id=settlement.pk, actor=actor, now=period.closed_at)
    if period.paid_at is not None:
        due_payouts = Payout.objects.due().filter(settlement__closed_at=period.closed_at)
        for number, payout in enumerate(list(due_payouts), start=1):
            reference = f"FT{period.paid_at:%y%m%d}{number:04}"
            mark_payout_paid(payout_id=payout.pk, reference=reference, actor=actor, now=period.paid_at)
    _mark_notifications_sent(period.closed_at)


def _last_delivery_time(planned: PlannedOrder, *, now: datetime.datetime) -> datetime.datetime:
    """Return when the order's last part was delivered."""
    return max(planned.times(part, now=now).delivered for part in planned.parts)


def _mark_notifications_sent(at: datetime.datetime) -> None:
    """Mark past notifications as sent."""
    period = (at, at + _PAYMENT_DELAY)
    Notification.objects.filter(created_at__range=period, sent_at=None).update(sent_at=at)
