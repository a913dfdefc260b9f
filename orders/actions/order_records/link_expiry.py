"""Expiry of an order's secret link, which opens the order without signing in."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db.models import Max

from orders.models import Order, OrderLine, OrderPart, Parcel
from orders.states import OUTGOING_KINDS, ParcelState
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.core.models import shop_settings

DAYS_AFTER_COMPLAINTS = 90


def find_link_expiry(order: Order, parts: Sequence[OrderPart]) -> datetime.datetime | None:
    """Return the moment 90 days after the complaint period ends, or None while something is still to come.

    The complaint period starts at the last delivery or the end of the last part. The longest of the market's
    days, the lines' return days and the cooperatives' hours counts.
    """
    if not order.is_finished:
        return None
    delivered = Parcel.objects.filter(part__order=order, kind__in=OUTGOING_KINDS, state=ParcelState.DELIVERED)
    last_delivered = delivered.aggregate(last=Max("delivered_at"))["last"]
    ends = [order.cancelled_at, order.expired_at, last_delivered, *(part.ended_at for part in parts)]
    last = max((end for end in ends if end is not None), default=order.placed_at)
    if last is None:
        return None
    lines = OrderLine.objects.filter(order=order)
    maximums = lines.aggregate(days=Max("return_days"), hours=Max("part__cooperative__complaint_hours"))
    days = max(shop_settings().complaint_days, maximums["days"] or 0)
    complaints_end = max(
        start_of_day(vietnam_date(last) + datetime.timedelta(days=days + 1)),
        last + datetime.timedelta(hours=maximums["hours"] or 0),
    )
    return complaints_end + datetime.timedelta(days=DAYS_AFTER_COMPLAINTS)
