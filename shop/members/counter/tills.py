"""The cooperative's tills: which are open, by whom, and their names."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.counter.tills import close_till, create_till, rename_till
from orders.models import Shift, Till
from orders.models.counter import ShiftQuerySet
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.counter import TillForm
from shop.members.member_access import for_members, render_page, submitted_key

_MAX_CLOSED_SHIFTS = 10


@dataclass(frozen=True, slots=True)
class _TillRow:
    """A till with its open shift, if there is one."""

    till: Till
    open_shift: Shift | None


@require_safe_or_post
@for_members(MemberRight.SELL)
def list_tills(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the tills in use with their open shifts, and the latest closed shifts. Managers add tills."""
    may_manage = membership.may(MemberRight.MANAGE)
    if request.method == "POST":
        membership.require(MemberRight.MANAGE)
    form = TillForm(request.POST or None)
    if form.is_valid():
        with refusals_as_form_errors(form):
            till = create_till(
                cooperative=membership.cooperative,
                name=form.cleaned_data["name"],
                idempotency_key=submitted_key(request, "till", membership.cooperative.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
            return redirect("members:till", till.pk)
    closed_shifts = _closed_shifts(membership)
    context = {
        "rows": _load_till_rows(membership),
        "shifts_to_review": closed_shifts.awaiting_review() if may_manage else [],
        "closed_shifts": closed_shifts[:_MAX_CLOSED_SHIFTS],
        "form": form if may_manage else None,
        "idempotency_key": uuid.uuid4(),
    }
    status = 422 if request.method == "POST" else 200
    return render_page(request, membership, "members/counter.html", context, status=status)


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def edit_till(request: HttpRequest, membership: MembershipContext, till_id: int) -> HttpResponse:
    """Rename a till."""
    till = find_till(membership, till_id)
    form = TillForm(request.POST or None, initial={"name": till.name})
    if form.is_valid():
        with refusals_as_form_errors(form):
            rename_till(
                cooperative=membership.cooperative,
                till_id=till.pk,
                name=form.cleaned_data["name"],
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, _("Changes saved."))
            return redirect("members:counter")
    status = 422 if request.method == "POST" else 200
    return render_page(
        request, membership, "members/till_name.html", {"till": till, "form": form}, status=status
    )


@require_POST
@for_members(MemberRight.MANAGE)
def close_till_view(request: HttpRequest, membership: MembershipContext, till_id: int) -> HttpResponse:
    """Close a till for good."""
    return run_action(
        request,
        lambda: close_till(
            cooperative=membership.cooperative, till_id=till_id, actor=membership.actor, now=timezone.now()
        ),
        url=reverse("members:counter"),
        message=gettext_lazy("Till closed. Its shifts stay readable."),
        refused_url=reverse("members:edit-till", args=[till_id]),
    )


def find_till(membership: MembershipContext, till_id: int) -> Till:
    """Return a till of the member's cooperative that is in use. Raises Missing."""
    till = Till.objects.for_cooperative(membership.cooperative).in_use().filter(pk=till_id).first()
    if till is None:
        raise Missing()
    return till


def _closed_shifts(membership: MembershipContext) -> ShiftQuerySet:
    shifts = Shift.objects.for_cooperative(membership.cooperative).closed()
    return shifts.newest_first().select_related("till", "cashier")


def _load_till_rows(membership: MembershipContext) -> list[_TillRow]:
    open_shifts = Shift.objects.for_cooperative(membership.cooperative).open().select_related("cashier")
    by_till = {shift.till_id: shift for shift in open_shifts}
    tills = Till.objects.for_cooperative(membership.cooperative).in_use()
    return [_TillRow(till, by_till.get(till.pk)) for till in tills]
