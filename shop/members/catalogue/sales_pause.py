"""Pause the cooperative, and resume its sales."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog.actions.sellers.sales_pause import pause_cooperative_with_note
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.cooperative_lifecycle import resume_cooperative
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.work import PauseForm
from shop.members.member_access import for_members, render_page


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def pause_selling(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Pause the cooperative, for Tết or the harvest, until a day that buyers are shown."""
    now = timezone.now()
    form = PauseForm(request.POST or None, today=vietnam_date(now))
    if form.is_valid():
        try:
            pause_cooperative_with_note(
                cooperative_id=membership.cooperative.pk,
                until=form.cleaned_data["until"],
                note=form.cleaned_data["note"],
                today=vietnam_date(now),
                actor=membership.actor,
                now=now,
            )
        except Refused as refused:
            form.add_error(refused.field, str(refused.message))
        else:
            messages.success(request, _("Sales paused. You still need to send the orders you have."))
            return redirect("members:today")
    context = {"form": form, "is_paused": membership.cooperative.is_paused_on(vietnam_date(now))}
    return render_page(request, membership, "members/sales_pause.html", context)


@require_POST
@for_members(MemberRight.MANAGE)
def resume_selling(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Resume selling before the announced day."""
    action = partial(
        resume_cooperative,
        cooperative_id=membership.cooperative.pk,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("members:today"), message=_("Sales resumed."))
