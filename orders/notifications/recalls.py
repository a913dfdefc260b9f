"""Notices of recalled lots."""

from __future__ import annotations

import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from orders.models import RecallNotice
from orders.notifications.send_notifications import notify_buyer
from orders.order_links import order_url, recall_notice_url
from shop.core.models import show_in_language


def notify_recall(notice: RecallNotice, *, now: datetime.datetime) -> None:
    """Tell a buyer that they have goods of a recalled lot, what to do, and where to confirm reading it."""
    order, recall = notice.order, notice.recall
    product = recall.lot.variant.product
    with translation.override(order.language):
        show_in_language([product], "name")
        notify_buyer(
            order,
            "recall_notice",
            subject=_("Recalled: %(product)s, lot %(lot)s")
            % {"product": product.name, "lot": recall.lot.code},
            sms_detail=_("Do not use it. What to do:"),
            includes_account=True,
            now=now,
            occasion=str(notice.pk),
            url=recall_notice_url(notice),
            order_link=order_url(order),
            recall=recall,
            product=product,
        )
