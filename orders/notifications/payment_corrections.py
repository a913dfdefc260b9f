"""Notices to buyers about payments that were recorded by mistake."""

from __future__ import annotations

import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from orders.models import Order, TransferInstructions
from orders.notifications import short_transfer_change
from orders.notifications.send_notifications import notify_buyer


def notify_payment_taken_off(
    order: Order,
    amount: int,
    transfer: TransferInstructions | None,
    *,
    is_cash: bool,
    occasion: str,
    now: datetime.datetime,
) -> None:
    """Tell the buyer that a transfer of `amount` was recorded for the order by mistake, and what is due.

    `is_cash` says that the order is paid in cash on receipt again.
    """
    with translation.override(order.language):
        notify_buyer(
            order,
            "payment_taken_off",
            subject=_("Order %(code)s: a payment was recorded by mistake") % {"code": order.code},
            sms_detail=short_transfer_change(order) if transfer else "",
            now=now,
            amount=amount,
            is_cash=is_cash,
            transfer=transfer,
            occasion=occasion,
        )
