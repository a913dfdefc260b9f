"""Notices of recalled lots."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext_lazy

from catalog.models import Recall
from cooperatives.access import MemberRight
from orders.models import RecallNotice
from orders.notifications.member_mails import notify_members
from orders.notifications.send_notifications import notify_buyer
from orders.order_links import order_url, recall_notice_url
from shop.core.errors import StrOrPromise
from shop.core.models import show_in_language


def notify_recall(notice: RecallNotice, *, now: datetime.datetime) -> None:
    """Tell a buyer that they have goods of a recalled lot, what to do, and where to confirm reading it."""
    _notify_buyer(
        notice,
        "recall_notice",
        gettext_lazy("Recalled: %(product)s, lot %(lot)s"),
        sms_detail=gettext_lazy("Do not use it. What to do:"),
        now=now,
    )


def notify_recall_end(notice: RecallNotice, *, now: datetime.datetime) -> None:
    """Tell a buyer who was told of a recall that it has ended, and why."""
    _notify_buyer(notice, "recall_ended", gettext_lazy("Recall ended: %(product)s, lot %(lot)s"), now=now)


def notify_cooperative_of_recall(recall: Recall, *, now: datetime.datetime) -> None:
    """Tell the cooperative's managers that the desk recalls one of its lots."""
    _notify_managers(
        recall, "recall_started", gettext_lazy("The market recalls lot %(lot)s: %(product)s"), now=now
    )


def notify_cooperative_of_end(recall: Recall, *, now: datetime.datetime) -> None:
    """Tell the cooperative's managers that the desk ended a recall."""
    _notify_managers(recall, "recall_lifted", gettext_lazy("Recall ended: %(product)s, lot %(lot)s"), now=now)


def _notify_buyer(
    notice: RecallNotice,
    template: str,
    subject: StrOrPromise,
    *,
    sms_detail: StrOrPromise = "",
    now: datetime.datetime,
) -> None:
    order, recall = notice.order, notice.recall
    product = recall.lot.variant.product
    with translation.override(order.language):
        show_in_language([product], "name")
        notify_buyer(
            order,
            template,
            subject=str(subject) % {"product": product.name, "lot": recall.lot.code},
            sms_detail=str(sms_detail),
            includes_account=True,
            now=now,
            occasion=str(notice.pk),
            url=recall_notice_url(notice),
            order_link=order_url(order),
            recall=recall,
            product=product,
        )


def _notify_managers(recall: Recall, template: str, subject: StrOrPromise, *, now: datetime.datetime) -> None:
    lot = recall.lot
    product = lot.variant.product
    with translation.override("vi"):
        notify_members(
            product.cooperative,
            template,
            subject=str(subject) % {"lot": lot.code, "product": product.name},
            occasion=str(recall.pk),
            right=MemberRight.MANAGE,
            now=now,
            recall=recall,
            product=product,
            url=f"{settings.PUBLIC_URL}/xa-vien/lo/{lot.pk}/",
        )
