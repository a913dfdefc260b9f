"""What members read about an order: its contents, its totals, its steps, and when it must be ready."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import gettext as _

from catalog.models import Lot
from cooperatives.models import DeliveryKind
from orders.actions.cash_on_delivery.cash_collection import read_cash_of_unpacked_items
from orders.models import Discount, OrderLine, OrderPart, Refund
from shop.core.dates.calendar import vietnam_date
from shop.core.texts.formatting import format_day, format_time, weekday_and_day


def sorted_lines(part: OrderPart) -> list[OrderLine]:
    """Return a part's prefetched lines, sorted."""
    return sorted(part.lines.all(), key=lambda line: (line.position, str(line.pk)))


def read_part_totals(part: OrderPart, refunds: Sequence[Refund]) -> dict[str, object]:
    """Return what the part cost, what was taken off or refunded, what is left, and the cash to collect."""
    reduction = sum(refund.amount for refund in refunds if refund.is_for_unsent_items)
    refunded = sum(refund.amount - refund.surplus for refund in refunds) - reduction
    return {
        "discounts": list(Discount.objects.on_part(part)),
        "listed": sum(line.list_gross for line in part.lines.all()),
        "unsent": [refund.unsent_label for refund in refunds if refund.is_for_unsent_items],
        "reduction": reduction,
        "refunded": refunded,
        "due": part.total_gross - reduction - refunded,
        "unpacked_cash": read_cash_of_unpacked_items([part])[part.pk],
    }


def ready_time(
    part: OrderPart,
    now: datetime.datetime,
    *,
    format_day: Callable[[datetime.date], str] = weekday_and_day,
    should_name_today: bool = True,
) -> tuple[str, bool]:
    """Return when the part must be ready, in words, and whether that is today.

    If the words are kept for another day, they need dates, and `should_name_today` is False.
    """
    today = vietnam_date(now)
    if part.is_pickup and part.pickup_day:
        hour = format_time(part.pickup_starts)
        is_today = part.pickup_day <= today
        if is_today and should_name_today:
            return _("Pickup today, %(hour)s") % {"hour": hour}, True
        return _("Pickup %(day)s, %(hour)s") % {
            "day": format_day(part.pickup_day),
            "hour": hour,
        }, is_today
    delivery_method = part.delivery_method
    if (
        part.delivery_kind == DeliveryKind.COACH
        and delivery_method is not None
        and delivery_method.departs_at
    ):
        hour, weekday = format_time(delivery_method.departs_at), delivery_method.departs_weekday
        is_today = weekday in (None, today.weekday())
        if weekday is None or (is_today and should_name_today):
            return _("Coach departs at %(hour)s") % {"hour": hour}, True
        ahead = (weekday - today.weekday()) % 7
        day = format_day(today + datetime.timedelta(days=ahead))
        return _("Coach departs %(day)s, %(hour)s") % {"day": day, "hour": hour}, is_today
    if part.expected_until:
        return _("Deliver by %(day)s") % {
            "day": format_day(part.expected_until)
        }, part.expected_until <= today
    return _("Send today"), False


def step_names(part: OrderPart) -> list[str]:
    """Return the names of the steps of packing a part, from acceptance to its departure."""
    return [_("Accept"), _("Pick"), _("Label"), _("Ready") if part.is_pickup else _("Hand over")]


def contents_labels(lines: Sequence[OrderLine], unsent: Mapping[uuid.UUID, int]) -> list[str]:
    """Name the items to send, without missing and replaced ones."""
    to_send = [(line, line.quantity - unsent.get(line.pk, 0)) for line in lines]
    return [line.contents_label(quantity) for line, quantity in to_send if quantity > 0]


def lot_texts(line: OrderLine, picks: Sequence[tuple[Lot | None, int]]) -> list[str]:
    """Say from which lots to take a line's items, as "Take 2 kg from lot L1 (use by 27/05/2027)"."""
    return [_lot_text(line.count_label(quantity), lot) for lot, quantity in picks]


def _lot_text(amount: str, lot: Lot | None) -> str:
    if lot is None:
        return _("Take %(quantity)s without a lot") % {"quantity": amount}
    text = _("Take %(quantity)s from lot %(code)s") % {"quantity": amount, "code": lot.code}
    if lot.expires_on is None:
        return text
    return f"{text} ({_('use by %(day)s') % {'day': format_day(lot.expires_on)}})"
