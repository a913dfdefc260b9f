"""A till's shift: opened with counted cash, cash paid in and out, closed by a count, handed over."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cooperatives.access import ROLE_RIGHTS, MemberRight, MembershipContext
from cooperatives.models import Membership
from orders.actions.counter.cash_movements import record_cash_movement
from orders.actions.counter.shifts import (
    REVIEWED_DIFFERENCE,
    CashCount,
    close_shift,
    open_shift,
    read_expected_cash,
    review_shift,
)
from orders.models import CashDirection, CounterSale, Shift
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.counter.tills import find_till
from shop.members.forms.counter import CashMovementForm, ShiftClosingForm, ShiftOpeningForm
from shop.members.forms.fields import Choice
from shop.members.member_access import bind_form_key, for_members, render_page


@require_safe_or_post
@for_members(MemberRight.SELL)
def open_shift_view(request: HttpRequest, membership: MembershipContext, till_id: int) -> HttpResponse:
    """Open a shift at a till, or go on to the open one."""
    till = find_till(membership, till_id)
    opened = till.shifts.open().first()
    if opened is not None and request.method != "POST":
        return redirect("members:shift", opened.pk)
    last = till.shifts.closed().newest_first().select_related("cashier", "next_cashier").first()
    form = ShiftOpeningForm(request.POST or None, initial={"idempotency_key": uuid.uuid4()})
    if form.is_valid():
        with refusals_as_form_errors(form):
            shift = open_shift(
                cooperative=membership.cooperative,
                till_id=till.pk,
                counted=CashCount.of_sum(form.cleaned_data["counted"]),
                note=form.cleaned_data["note"],
                idempotency_key=bind_form_key(str(form.cleaned_data["idempotency_key"]), "shift", till.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
            return redirect("members:counter-sale", shift.till_id)
    context = {"till": till, "last": last, "form": form}
    status = 422 if request.method == "POST" else 200
    return render_page(request, membership, "members/shift_opening.html", context, status=status)


@require_safe_or_post
@for_members(MemberRight.SELL)
def show_shift(request: HttpRequest, membership: MembershipContext, shift_id: int) -> HttpResponse:
    """Show what the till must hold and close the shift by a count, or show the report of a closed shift."""
    shift = _find_shift(membership, shift_id)
    if not shift.is_open and request.method != "POST":
        return _render_report(request, membership, shift)
    form = ShiftClosingForm(
        request.POST or None,
        till=shift.till,
        cashiers=_load_cashier_choices(membership),
        initial={"idempotency_key": uuid.uuid4(), "left_cash": shift.opening_cash},
    )
    if form.is_valid():
        with refusals_as_form_errors(form):
            close_shift(
                cooperative=membership.cooperative,
                shift_id=shift.pk,
                counted=form.counted_cash,
                left_cash=form.cleaned_data["left_cash"],
                explanation=form.explanation,
                next_cashier_id=form.next_cashier_id,
                idempotency_key=bind_form_key(
                    str(form.cleaned_data["idempotency_key"]), "close-shift", shift.pk
                ),
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, _("Shift closed."))
            return redirect("members:shift", shift.pk)
    expected = read_expected_cash(shift)
    counted = form.counted_cash.total if form.is_bound and not form.has_invalid_count else 0
    difference = counted - expected if form.is_bound else 0
    context = {
        "shift": shift,
        "form": form,
        "sales": CounterSale.objects.filter(shift=shift).read_cash(),
        "movements": shift.cash_movements.in_order(),
        "expected": expected,
        "counted": counted,
        "missing": max(0, -difference),
        "surplus": max(0, difference),
        "reviewed_difference": REVIEWED_DIFFERENCE,
    }
    status = 422 if request.method == "POST" else 200
    return render_page(request, membership, "members/shift.html", context, status=status)


@require_safe_or_post
@for_members(MemberRight.SELL)
def record_shift_cash(request: HttpRequest, membership: MembershipContext, shift_id: int) -> HttpResponse:
    """Record cash paid into the till of an open shift, or out of it."""
    shift = _find_shift(membership, shift_id)
    direction = CashDirection.PAID_OUT if request.GET.get("chieu") == "ra" else CashDirection.PAID_IN
    form = CashMovementForm(
        request.POST or None, initial={"idempotency_key": uuid.uuid4(), "direction": direction}
    )
    if form.is_valid():
        values = form.cleaned_data
        with refusals_as_form_errors(form):
            record_cash_movement(
                cooperative=membership.cooperative,
                shift_id=shift.pk,
                direction=CashDirection(values["direction"]),
                amount=values["amount"],
                reason=values["reason"],
                confirmation_token=values["confirmed"],
                idempotency_key=bind_form_key(str(values["idempotency_key"]), "shift-cash", shift.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, _("Recorded."))
            return redirect("members:shift", shift.pk)
    status = 422 if request.method == "POST" else 200
    context = {"shift": shift, "form": form}
    return render_page(request, membership, "members/cash_movement.html", context, status=status)


@require_POST
@for_members(MemberRight.MANAGE)
def review_shift_view(request: HttpRequest, membership: MembershipContext, shift_id: int) -> HttpResponse:
    """Record that a manager has looked at a shift's difference."""
    return run_action(
        request,
        lambda: review_shift(
            cooperative=membership.cooperative,
            shift_id=shift_id,
            actor=membership.actor,
            now=timezone.now(),
        ),
        url=reverse("members:shift", args=[shift_id]),
        message=gettext_lazy("Marked as reviewed."),
    )


def _render_report(request: HttpRequest, membership: MembershipContext, shift: Shift) -> HttpResponse:
    counts = sorted(((int(value), count) for value, count in shift.note_counts.items()), reverse=True)
    context = {
        "shift": shift,
        "sales": CounterSale.objects.filter(shift=shift).read_cash(),
        "movements": shift.cash_movements.in_order(),
        "notes": [(value, count, value * count) for value, count in counts],
        "may_review": shift.awaits_review and membership.may(MemberRight.MANAGE),
    }
    return render_page(request, membership, "members/shift_report.html", context)


def _find_shift(membership: MembershipContext, shift_id: int) -> Shift:
    """Return a shift of the member's cooperative with its people. Raises Missing."""
    shifts = Shift.objects.for_cooperative(membership.cooperative)
    people = ("cashier", "closed_by", "next_cashier", "reviewed_by")
    shift = shifts.select_related("till", *people).filter(pk=shift_id).first()
    if shift is None:
        raise Missing()
    return shift


def _load_cashier_choices(membership: MembershipContext) -> list[Choice]:
    """Return the members whose role may sell, by name, and how they are shown."""
    roles = [role for role, rights in ROLE_RIGHTS.items() if MemberRight.SELL in rights]
    members = Membership.objects.filter(cooperative=membership.cooperative, is_active=True, role__in=roles)
    users = [row.user for row in members.select_related("user").order_by("user__first_name", "user")]
    return [(str(user.pk), user.name) for user in users]
