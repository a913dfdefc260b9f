"""Notices about substitutes for missing items."""

from __future__ import annotations

import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from orders.models import Order, OrderPart, Substitute
from orders.notifications.alerts import raise_answer_alert
from orders.notifications.send_notifications import notify_buyer, notify_cooperative
from shop.core.texts.formatting import format_day, format_time


def notify_substitute_offer(
    order: Order, part: OrderPart, substitute: Substitute, *, now: datetime.datetime
) -> None:
    """Ask the buyer whether they take another product instead of missing items, with the deadline."""
    with translation.override(order.language):
        until = {"hour": format_time(substitute.answer_by), "day": format_day(substitute.answer_by)}
        notify_buyer(
            order,
            "substitute_offered",
            subject=_("Order %(code)s: items missing, do you want something else?") % {"code": order.code},
            sms_detail=_("Answer before %(hour)s on %(day)s.") % until,
            now=now,
            part=part,
            substitute=substitute,
            line=substitute.line,
            occasion=str(substitute.pk),
        )


def notify_substitute_withdrawn(
    order: Order, part: OrderPart, substitute: Substitute, *, now: datetime.datetime
) -> None:
    """Tell the buyer that they need not answer any more."""
    with translation.override(order.language):
        notify_buyer(
            order,
            "substitute_withdrawn",
            subject=_("Order %(code)s: no answer needed any more") % {"code": order.code},
            now=now,
            part=part,
            substitute=substitute,
            line=substitute.line,
            occasion=str(substitute.pk),
        )


def notify_substitute_answer(
    order: Order, part: OrderPart, substitute: Substitute, *, now: datetime.datetime
) -> None:
    """Tell the cooperative the buyer's answer, or that none came, so that packing can continue."""
    raise_answer_alert(part, f"substitute:{substitute.pk}", now=now)
    notify_cooperative(
        order,
        part,
        "substitute_answered",
        now=now,
        occasion=str(substitute.pk),
        substitute=substitute,
        line=substitute.line,
    )
