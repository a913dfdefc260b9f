"""Turn alerts on this phone on and off."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from shop.accounts.sign_in.browser_names import browser_name
from shop.core.errors import Missing
from shop.core.web.action_results import run_action
from shop.members.member_access import for_members, render_page
from shop.members.shared_phones.phone_sessions import session_pin
from shop.notifications.models import PushSubscription
from shop.notifications.push_subscriptions import (
    add_push_subscription,
    remove_push_subscription,
    user_push_subscriptions,
)
from shop.notifications.vapid import read_vapid_public_key


@dataclass(frozen=True, slots=True)
class AlertDevice:
    """A browser that receives the member's alerts."""

    row: PushSubscription
    browser: str


@require_safe
@for_members(MemberRight.SEE_ORDERS)
def show_alert_devices(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show where the member gets alerts, and turn them on for this phone."""
    subscriptions = user_push_subscriptions(membership.user.pk)
    context = {
        "devices": [AlertDevice(row, browser_name(row.user_agent)) for row in subscriptions],
        "push_key": read_vapid_public_key(),
    }
    return render_page(request, membership, "members/alert_devices.html", context)


@require_POST
@for_members(MemberRight.COUNT_STOCK)
def add_alert_device(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Turn alerts on for the browser that sent this form. A shared phone gets nobody's alerts."""
    if session_pin(request) is not None:
        raise Missing()
    action = partial(
        add_push_subscription,
        user_id=membership.user.pk,
        endpoint=request.POST.get("endpoint", ""),
        public_key=request.POST.get("public_key", ""),
        auth_secret=request.POST.get("auth_secret", ""),
        user_agent=request.headers.get("User-Agent", ""),
        session_key=request.session.session_key or "",
        language=get_language() or "vi",
        actor=membership.actor,
        now=timezone.now(),
    )
    message = _("This device now gets alerts.")
    return run_action(request, action, url=reverse("members:alert-devices"), message=message)


@require_POST
@for_members(MemberRight.SEE_ORDERS)
def remove_alert_device(
    request: HttpRequest, membership: MembershipContext, subscription_id: int
) -> HttpResponse:
    """Turn alerts off for one of the member's browsers."""
    action = partial(
        remove_push_subscription,
        user_id=membership.user.pk,
        subscription_id=subscription_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    message = _("This device gets no more alerts.")
    return run_action(request, action, url=reverse("members:alert-devices"), message=message)
