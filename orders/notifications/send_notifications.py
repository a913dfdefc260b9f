"""Send notifications to a buyer, a cooperative or the platform."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from copy import copy
from functools import partial

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from orders.models import Order, OrderPart, translate_delivery_method_names
from orders.order_links import order_url
from shop.core.errors import StrOrPromise
from shop.core.models import shop_settings
from shop.notifications.models import ContactMethod
from shop.notifications.send import queue_notification


def notify_buyer(
    order: Order,
    template: str,
    *,
    subject: str,
    sms_detail: str = "",
    includes_account: bool = False,
    now: datetime.datetime,
    occasion: str = "",
    **context: object,
) -> None:
    """Send by email if there is an address, otherwise (or also) by SMS with a short text and the page's link.

    If `includes_account` is true, the email address and confirmed number of the buyer's account are included.
    A `url` in the context replaces the order's.
    """
    part = context.get("part")
    if isinstance(part, OrderPart):
        part = copy_part_for_reader(part)
        translate_delivery_method_names([part])
        context["part"] = part
    full_context = build_notification_context(order, subject=subject, **context)
    account = order.user if includes_account else None
    emails = {"email": order.email, "account-email": account.email if account else ""}
    phones = {
        "sms": order.phone if includes_account or not order.email else "",
        "account-sms": account.phone if account and account.phone_confirmed_at else "",
    }
    key = f"{template}:{order.pk}:{occasion}"
    queue = partial(queue_notification, language=order.language, user_id=order.user_id, now=now)
    for channel, email in _distinct_contacts(emails):
        queue(
            key=f"{key}:{channel}",
            contact_method=ContactMethod.EMAIL,
            recipient=email,
            subject=subject,
            text=render_to_string(f"emails/{template}.txt", full_context),
            html=render_to_string(f"emails/{template}.html", full_context),
        )
    opening = subject if subject.endswith("?") else f"{subject}."
    sms_text = " ".join(filter(None, (opening, sms_detail, str(full_context["url"]))))
    for channel, phone in _distinct_contacts(phones):
        queue(key=f"{key}:{channel}", contact_method=ContactMethod.SMS, recipient=phone, text=sms_text)


def _distinct_contacts(contacts: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Return the contacts that exist by their channel, each address or number once."""
    by_contact: dict[str, str] = {}
    for channel, contact in contacts.items():
        if contact:
            by_contact.setdefault(contact, channel)
    return [(channel, contact) for contact, channel in by_contact.items()]


def notify_cooperative(
    order: Order,
    part: OrderPart,
    template: str,
    *,
    now: datetime.datetime,
    occasion: str = "",
    **context: object,
) -> None:
    """Send by email, in Vietnamese, if the cooperative has an address."""
    if not part.cooperative.email:
        return
    with translation.override("vi"):
        queue_notification(
            key=":".join(filter(None, (template, str(part.pk), occasion))),
            contact_method=ContactMethod.EMAIL,
            recipient=part.cooperative.email,
            subject=_("Order %(code)s for %(cooperative)s")
            % {"code": order.code, "cooperative": part.cooperative.name},
            text=render_to_string(
                f"emails/{template}.txt", build_notification_context(order, part=part, **context)
            ),
            now=now,
        )


def notify_operator(
    key: str, subject: StrOrPromise, template: str, order: Order, *, now: datetime.datetime, **context: object
) -> None:
    """Send by email, in Vietnamese, if the platform has an address."""
    operator_email = shop_settings().operator_email
    if not operator_email:
        return
    with translation.override("vi"):
        queue_notification(
            key=key,
            contact_method=ContactMethod.EMAIL,
            recipient=operator_email,
            subject=str(subject) % {"code": order.code},
            text=render_to_string(f"emails/{template}.txt", build_notification_context(order, **context)),
            now=now,
        )


def copy_part_for_reader(part: OrderPart) -> OrderPart:
    """Copy a part to be shown in the reader's language, so that its translated names are not saved."""
    part_copy = copy(part)
    if part.delivery_method is not None:
        part_copy.delivery_method = copy(part.delivery_method)
    return part_copy


def build_notification_context(order: Order, **extra: object) -> dict[str, object]:
    shop = extra["shop"] if "shop" in extra else shop_settings()
    return {"order": order, "url": order_url(order), "site": settings.PUBLIC_URL, "shop": shop} | extra
