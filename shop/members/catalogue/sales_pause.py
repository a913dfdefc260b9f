"""Pause the cooperative, and resume its sales."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from catalog.actions.sellers.sales_pause import pause_cooperative_with_note, require_allowed_pause
from catalog.models import Listing
from catalog.states import ListingState
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.cooperative_lifecycle import resume_cooperative
from cooperatives.models import Cooperative
from orders.models import Basket
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Change
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.form_review import is_edited, is_reviewed, submitted_fields
from shop.core.web.http_methods import require_safe_or_post
from shop.members.actor_names import actor_name, member_names
from shop.members.forms.work import PauseForm
from shop.members.member_access import for_members, render_page


@dataclass(frozen=True, slots=True)
class RunningPause:
    """Since when sales are paused, and who paused them. The name is empty if no change says it."""

    since: datetime.datetime
    actor_name: str


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def pause_selling(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Pause the cooperative, for Tết or the harvest, after a review. A pause that runs changes its day."""
    now = timezone.now()
    today, cooperative = vietnam_date(now), membership.cooperative
    is_paused = cooperative.is_paused_on(today)
    running = {"until": cooperative.paused_until, "note": cooperative.pause_note} if is_paused else None
    form = PauseForm(request.POST or None, initial=running)
    if form.is_valid() and not is_edited(request):
        until, note = form.cleaned_data["until"], form.cleaned_data["note"]
        with refusals_as_form_errors(form):
            if is_paused or is_reviewed(request):
                pause_cooperative_with_note(
                    cooperative_id=cooperative.pk,
                    until=until,
                    note=note,
                    today=today,
                    actor=membership.actor,
                    now=now,
                )
                messages.success(request, _build_paused_message(cooperative, is_paused))
                return redirect("members:pause-selling")
            require_allowed_pause(until=until, note=note, today=today)
            return _render_review(request, membership, form)
    context = {
        "form": form,
        "is_paused": is_paused,
        "pause": _read_pause(cooperative) if is_paused else None,
        "product_count": _count_products_on_sale(cooperative),
    }
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
    count = _count_products_on_sale(membership.cooperative)
    text = ngettext("%(count)d product is on sale again.", "%(count)d products are on sale again.", count)
    return run_action(request, action, url=reverse("members:today"), message=text % {"count": count})


def _render_review(request: HttpRequest, membership: MembershipContext, form: PauseForm) -> HttpResponse:
    """Show what a pause stops, before it begins."""
    cooperative = membership.cooperative
    context = {
        "fields": submitted_fields(request),
        "until": form.cleaned_data["until"],
        "note": form.cleaned_data["note"],
        "product_count": _count_products_on_sale(cooperative),
        "basket_count": Basket.objects.filter(lines__variant__cooperative=cooperative).distinct().count(),
    }
    return render_page(request, membership, "members/sales_pause_review.html", context)


def _count_products_on_sale(cooperative: Cooperative) -> int:
    """Count the products that the cooperative sells, or would sell without the pause."""
    published = Listing.objects.for_cooperative(cooperative).filter(state=ListingState.PUBLISHED)
    return published.values("product").distinct().count()


def _read_pause(cooperative: Cooperative) -> RunningPause | None:
    """Return since when and by whom sales are paused."""
    since = cooperative.paused_from
    if since is None:
        return None
    changes = Change.objects.filter(cooperative=cooperative.pk, action="cooperative.paused", created_at=since)
    change = changes.order_by("pk").first()
    return RunningPause(since, actor_name(change, member_names(cooperative)) if change else "")


def _build_paused_message(cooperative: Cooperative, is_changed: bool) -> str:
    if is_changed:
        return _("Date changed.")
    count = _count_products_on_sale(cooperative)
    text = ngettext(
        "%(count)d product is paused. You still need to send the orders you have.",
        "%(count)d products are paused. You still need to send the orders you have.",
        count,
    )
    return text % {"count": count}
