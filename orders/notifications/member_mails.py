"""Mails to the members of a cooperative who have a right."""

from __future__ import annotations

import datetime

from django.template.loader import render_to_string

from cooperatives.access import ROLE_RIGHTS, MemberRight
from cooperatives.models import Cooperative, Membership
from shop.core.models import shop_settings
from shop.notifications.models import ContactMethod
from shop.notifications.send import queue_notification


def notify_members(
    cooperative: Cooperative,
    template: str,
    *,
    subject: str,
    occasion: str,
    right: MemberRight,
    now: datetime.datetime,
    **context: object,
) -> None:
    """Send to the cooperative and to each member whose role has the right, once to each address."""
    roles = [role for role, rights in ROLE_RIGHTS.items() if right in rights]
    members = Membership.objects.filter(cooperative=cooperative, role__in=roles, is_active=True)
    mails = members.order_by("pk").values_list("user__email", flat=True)
    full_context = {"cooperative": cooperative, "shop": shop_settings()} | context
    text = render_to_string(f"emails/{template}.txt", full_context)
    readers = dict.fromkeys(mail for mail in (cooperative.email, *mails) if mail)
    for position, email in enumerate(readers):
        queue_notification(
            key=f"{template}:{occasion}:{position}",
            contact_method=ContactMethod.EMAIL,
            recipient=email,
            subject=subject,
            text=text,
            now=now,
        )
