"""Raise alerts to cooperatives, and tell one member about an alert by one method."""

from __future__ import annotations

import datetime

from django.urls import translate_url
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Recall
from catalog.unit_labels import variant_count_label
from orders.models import Alert, AlertKind, AlertReading, OrderPart, StockWarning
from shop.accounts.models import User
from shop.core.texts.formatting import format_day, format_money
from shop.core.web.public_urls import page_url
from shop.notifications.models import NotificationMethod
from shop.notifications.push_subscriptions import queue_push, user_push_subscriptions
from shop.notifications.send import queue_notification

MAX_NAMED = 3  # in the text of an alert about stock


def raise_answer_alert(part: OrderPart, answer: str, *, now: datetime.datetime) -> None:
    """In a transaction: alert the cooperative that a buyer answered about its part, or did not in time."""
    alert = Alert(
        cooperative_id=part.cooperative_id,
        kind=AlertKind.ANSWER,
        occasion=answer,
        part=part,
        created_at=now,
        next_step_at=now,
    )
    Alert.objects.bulk_create([alert], ignore_conflicts=True)


def raise_recall_alert(recall: Recall, *, known_by: int | None, now: datetime.datetime) -> None:
    """In a transaction: alert the cooperative of a recall of its lot, except `known_by`, who started it."""
    alert = Alert.objects.create(
        cooperative_id=recall.lot.variant.cooperative_id,
        kind=AlertKind.RECALL,
        occasion=f"recall:{recall.pk}",
        recall=recall,
        created_at=now,
        next_step_at=now,
    )
    if known_by is not None:
        AlertReading.objects.create(alert=alert, user_id=known_by, seen_at=now)


def alert_title(alert: Alert) -> str:
    """Return what happened, in the active language."""
    if alert.kind == AlertKind.STOCK:
        return _stock_title(alert)
    if alert.recall is not None:
        return _("Lot %(lot)s is recalled") % {"lot": alert.recall.lot.code}
    assert alert.part is not None
    title = _("New order %(code)s")
    if alert.kind == AlertKind.ANSWER:
        title = _("Order %(code)s: the buyer's answer")
    return title % {"code": alert.part.order.code}


def alert_text(alert: Alert) -> str:
    """Return what the member should do, in the active language."""
    name = alert.cooperative.name
    if alert.kind == AlertKind.STOCK:
        return f"{name}: {_stock_text(alert)}"
    if alert.recall is not None:
        return _("%(name)s: do not sell, pack or hand over this lot.") % {"name": name}
    assert alert.part is not None
    if alert.kind == AlertKind.ANSWER:
        return _("%(name)s: open the order to see the answer.") % {"name": name}
    amount = format_money(alert.part.total_gross, alert.part.order.currency)
    return _("%(name)s, %(amount)s. Accept or decline it.") % {"name": name, "amount": amount}


def alert_path(alert: Alert) -> str:
    """Return the path that opens the alert, which records that the member has seen it."""
    return f"/xa-vien/bao-tin/{alert.pk}/"


def tell_member(alert: Alert, user: User, method: NotificationMethod, *, now: datetime.datetime) -> None:
    """In a transaction: queue the alert for one member by one method, in the member's language."""
    with translation.override(user.language):
        title, text = alert_title(alert), alert_text(alert)
    path = translate_url(alert_path(alert), user.language)
    key = alert_key(alert)
    if method == NotificationMethod.PUSH:
        subscriptions = list(user_push_subscriptions(user.pk))
        queue_push(subscriptions, key=key, title=title, body=text, url=path, now=now)
        return
    url = page_url(alert_path(alert), user.language)
    recipient = user.email if method == NotificationMethod.EMAIL else user.phone
    queue_notification(
        key=f"{key}:{method}:{user.pk}",
        contact_method=method,
        recipient=recipient or "",
        subject=title,
        text=f"{title}. {text} {url}",
        language=user.language,
        user_id=user.pk,
        now=now,
    )


def alert_key(alert: Alert) -> str:
    """Return the prefix that the keys of the alert's notifications share."""
    return f"alert:{alert.pk}"


def _stock_title(alert: Alert) -> str:
    warnings = alert.stock_warnings.all()
    lots = sum(1 for warning in warnings if warning.lot is not None)
    low = len(warnings) - lots
    texts = []
    if low:
        texts.append(
            ngettext("%(count)s option is running low", "%(count)s options are running low", low)
            % {"count": low}
        )
    if lots:
        texts.append(
            ngettext(
                "%(count)s lot is near its use-by date", "%(count)s lots are near their use-by date", lots
            )
            % {"count": lots}
        )
    return ", ".join(texts)


def _stock_text(alert: Alert) -> str:
    """Name the first things that are scarce, and say how many others there are."""
    warnings = sorted(alert.stock_warnings.all(), key=lambda warning: warning.pk)
    texts = [_stock_warning_text(warning) for warning in warnings[:MAX_NAMED]]
    others = len(warnings) - len(texts)
    if others:
        texts.append(ngettext("%(count)s other", "%(count)s others", others) % {"count": others})
    return f"{'; '.join(texts)}."


def _stock_warning_text(warning: StockWarning) -> str:
    if warning.lot is not None:
        goods, expires_on = warning.lot.variant, warning.lot.expires_on
        return _("lot %(lot)s (%(goods)s): use by %(day)s") % {
            "lot": warning.lot.code,
            "goods": goods.product.name,
            "day": format_day(expires_on) if expires_on else "",
        }
    assert warning.variant is not None
    goods, free = warning.variant, warning.free or 0
    name = f"{goods.product.name} {goods.name}".strip()
    if free <= 0:
        return _("%(goods)s is sold out") % {"goods": name}
    left = variant_count_label(goods, free)
    return _("%(goods)s: %(left)s left") % {"goods": name, "left": left}
