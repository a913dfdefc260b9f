"""Alerts of the cooperative: who was told, who has seen them, and the rules for telling."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cooperatives.access import ROLE_RIGHTS, MemberRight, MembershipContext
from orders.actions.alerts.alert_rules import load_alert_rules, set_alert_rules
from orders.actions.alerts.escalate_alerts import alerted_right, mark_alert_seen
from orders.models import Alert, AlertKind
from orders.notifications.alerts import alert_path, alert_text, alert_title
from shop.core.errors import Missing
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.alerts import AlertRulesForm
from shop.members.member_access import (
    CHOSEN_KEY,
    find_admitted_ids,
    find_session_memberships,
    for_members,
    render_page,
)

_MAX_SHOWN = 30


@require_safe
@for_members(MemberRight.PACK)
def list_alerts(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the newest alerts with who was told and who has seen them."""
    alerts = (
        Alert.objects.for_cooperative(membership.cooperative)
        .newest_first()
        .select_related("cooperative", "part__order", "recall__lot")
        .prefetch_related(
            "steps__user",
            "readings__user",
            "stock_warnings__variant__product",
            "stock_warnings__lot__variant__product",
        )
    )
    shown = [
        {
            "row": alert,
            "title": alert_title(alert),
            "text": alert_text(alert),
            "url": alert_path(alert),
            "steps": sorted(alert.steps.all(), key=lambda step: step.pk),
            "readings": sorted(alert.readings.all(), key=lambda reading: reading.pk),
        }
        for alert in alerts[:_MAX_SHOWN]
    ]
    context = {"alerts": shown, "may_manage": membership.may(MemberRight.MANAGE)}
    return render_page(request, membership, "members/alerts.html", context)


@require_safe
@never_cache
def open_alert(request: HttpRequest, alert_id: int) -> HttpResponse:
    """Record that the member has seen the alert, and lead on to what it is about.

    Alerts come from all cooperatives for which the member packs or counts, so the alert chooses the
    cooperative.
    """
    rights = {row.cooperative_id: ROLE_RIGHTS[row.role] for row in find_session_memberships(request)}
    alert = Alert.objects.filter(pk=alert_id, cooperative__in=rights).first()
    if alert is not None and alerted_right(alert.kind) not in rights[alert.cooperative_id]:
        alert = None
    if alert is not None and alert.cooperative_id in find_admitted_ids(request):
        request.session[CHOSEN_KEY] = alert.cooperative_id
    response: HttpResponse = _open_alert_of_chosen(request, alert_id=alert_id)
    return response


@for_members(MemberRight.COUNT_STOCK)
def _open_alert_of_chosen(request: HttpRequest, membership: MembershipContext, alert_id: int) -> HttpResponse:
    alert = Alert.objects.for_cooperative(membership.cooperative).filter(pk=alert_id).first()
    if alert is None or not membership.may(alerted_right(alert.kind)):
        raise Missing()
    mark_alert_seen(
        cooperative_id=membership.cooperative.pk,
        alert_id=alert_id,
        user_id=membership.user.pk,
        now=timezone.now(),
    )
    if alert.kind == AlertKind.STOCK:
        return redirect("members:today")
    if alert.recall is not None:
        return redirect("members:lot", alert.recall.lot_id)
    return redirect("members:part", alert.part_id)


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def edit_alert_rules(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Set after how many minutes the next person is told, the quiet hours, and the limits of stock."""
    cooperative = membership.cooperative
    rules = load_alert_rules(cooperative.pk)
    names = ("minutes", "quiet_from", "quiet_until")
    initial = {name: getattr(rules, name) for name in names} | {
        "low_stock_at": cooperative.low_stock_threshold,
        "near_expiry_days": cooperative.days_near_expiry,
    }
    form = AlertRulesForm(request.POST or None, initial=initial)
    if form.is_valid():
        action = partial(
            set_alert_rules,
            cooperative_id=cooperative.pk,
            **form.cleaned_data,
            actor=membership.actor,
            now=timezone.now(),
        )
        return run_action(request, action, url=reverse("members:alerts"), message=_("Changes saved."))
    return render_page(request, membership, "members/alert_rules.html", {"form": form})
