"""Withdraw or correct notifications about steps that were undone."""

from __future__ import annotations

import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from orders.models import Order, OrderPart, Parcel
from orders.notifications import HANDOVER_TEMPLATES, failure_occasion, handover_occasion
from orders.notifications.send_notifications import notify_buyer
from shop.notifications.send import withdraw_notifications


def withdraw_handover_notification(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    handed_over_at: datetime.datetime,
    *,
    now: datetime.datetime,
) -> None:
    """Withdraw the notice of a hand-over. If it may have been sent, tell the buyer that it was a mistake."""
    occasion = handover_occasion(parcel, handed_over_at)
    prefixes = [f"{template}:{order.pk}:{occasion}:" for template in HANDOVER_TEMPLATES]
    may_have_been_sent = [withdraw_notifications(key_prefix=prefix, now=now) for prefix in prefixes]
    if not any(may_have_been_sent):
        return
    with translation.override(order.language):
        notify_buyer(
            order,
            "handover_undone",
            subject=_("Order %(code)s: the parcel has not left yet") % {"code": order.code},
            now=now,
            part=part,
            parcel=parcel,
            occasion=occasion,
        )


def withdraw_failure_notification(
    order: Order,
    part: OrderPart,
    parcel: Parcel,
    failed_at: datetime.datetime,
    *,
    now: datetime.datetime,
) -> None:
    """Withdraw the notice of a failed delivery. If it may have been sent, tell the buyer of the mistake."""
    occasion = failure_occasion(parcel, failed_at)
    if not withdraw_notifications(key_prefix=f"delivery_failed:{order.pk}:{occasion}:", now=now):
        return
    with translation.override(order.language):
        notify_buyer(
            order,
            "failure_undone",
            subject=_("Order %(code)s: the parcel is still on its way") % {"code": order.code},
            now=now,
            part=part,
            parcel=parcel,
            occasion=occasion,
        )


def withdraw_shortage_notification(
    order: Order, part: OrderPart, refund_id: str, *, now: datetime.datetime
) -> None:
    """Withdraw the notice of missing items. If it may have been sent, tell the buyer of the mistake."""
    if not withdraw_notifications(key_prefix=f"refund_decided:{order.pk}:{refund_id}:", now=now):
        return
    with translation.override(order.language):
        notify_buyer(
            order,
            "shortage_undone",
            subject=_("Order %(code)s: no items are missing") % {"code": order.code},
            now=now,
            part=part,
            occasion=refund_id,
        )
