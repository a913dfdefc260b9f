"""A parcel's state changes: packed, handed over, delivered, failed, voided."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.fulfilment.deliver_parcels import (
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.pack_parcels import close_parcel
from orders.actions.fulfilment.undo_steps import ParcelStep, undo_parcel_step
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import DeliveryRun, Parcel
from orders.states import ParcelState
from shop.core.errors import Missing, StrOrPromise
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.fields import MembersForm, ReasonForm
from shop.members.forms.work import (
    FAILURE_REASONS,
    RETURNED_PARCEL_REASONS,
    VOID_REASONS,
    CashForm,
    DeliveryForm,
    HandOverForm,
)
from shop.members.fulfilment.parts import ParcelForm, find_part, part_url, render_part
from shop.members.member_access import for_members, render_page, submitted_key


@require_safe
@for_members(MemberRight.PACK)
def redirect_to_part(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Redirect from a label's QR code to the page of the parcel's part."""
    return redirect(part_url(_find_parcel(membership, parcel_id).part_id))


@require_POST
@for_members(MemberRight.PACK)
def close_parcel_view(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Mark a parcel as packed."""
    return _run_transition(
        request,
        membership,
        _find_parcel(membership, parcel_id),
        close_parcel,
        _("Packed. Next, hand over the parcel."),
    )


@require_safe_or_post
@for_members(MemberRight.PACK)
def hand_over_parcel_view(
    request: HttpRequest, membership: MembershipContext, parcel_id: int
) -> HttpResponse:
    """Hand a parcel over, the first time or again after a failed delivery."""
    parcel = _find_parcel(membership, parcel_id)
    form = HandOverForm(
        request.POST if request.method == "POST" else None,
        parcel=parcel,
        delivery_kind=parcel.part.delivery_kind,
        run=DeliveryRun.objects.open().filter(run_parcels__parcel=parcel).first(),
    )
    if not form.is_bound:
        return _render_form(request, membership, parcel, form, "handover")
    if not form.is_valid():
        return _render_part(request, membership, parcel, form)
    message = (
        _("Ready for pickup. The buyer has been notified.")
        if parcel.part.is_pickup
        else _("Parcel handed over.")
    )
    return _run_transition(request, membership, parcel, hand_over_parcel, message, dispatch=form.dispatch)


@require_safe_or_post
@for_members(MemberRight.PACK)
def confirm_delivery(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Mark a parcel as delivered, with or without its cash. A pickup needs the buyer's code."""
    parcel = _find_parcel(membership, parcel_id)
    form = DeliveryForm(request.POST if request.method == "POST" else None, parcel=parcel)
    if form.is_valid():
        with refusals_as_form_errors(form):
            deliver_parcel(
                parcel_id=parcel.pk,
                is_cash_collected=form.is_cash_collected,
                cash=form.collected_cash,
                code=form.pickup_code,
                idempotency_key=submitted_key(request, "deliver_parcel", parcel.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
    if not form.is_bound:
        return _render_form(request, membership, parcel, form, "delivery")
    if not form.is_valid():
        return _render_part(request, membership, parcel, form)
    messages.success(request, _("Delivered."))
    return redirect(part_url(parcel.part_id))


@require_POST
@for_members(MemberRight.PACK)
def collect_parcel_cash(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Record the cash of a delivered parcel, in full or in part."""
    parcel = _find_parcel(membership, parcel_id)
    form = CashForm(request.POST, parcel=parcel)
    if not form.is_valid():
        return _render_part(request, membership, parcel, form)
    return _run_transition(
        request, membership, parcel, report_collected_cash, _("Cash collected."), cash=form.collected_cash
    )


@require_safe_or_post
@for_members(MemberRight.PACK)
def report_failed_delivery(
    request: HttpRequest, membership: MembershipContext, parcel_id: int
) -> HttpResponse:
    """Record a failed delivery."""
    parcel = _find_parcel(membership, parcel_id)
    form = ReasonForm(request.POST or None, reasons=list(FAILURE_REASONS))
    if not form.is_valid():
        return _render_form(request, membership, parcel, form, "failure")
    return _run_transition(
        request, membership, parcel, fail_delivery, _("The buyer has been notified."), reason=form.reason
    )


@require_safe_or_post
@for_members(MemberRight.PACK)
def void_parcel_view(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Void a parcel. Its items are to be packed again."""
    parcel = _find_parcel(membership, parcel_id)
    is_returned = parcel.state == ParcelState.FAILED_DELIVERY
    reasons = RETURNED_PARCEL_REASONS if is_returned else VOID_REASONS
    form = ReasonForm(request.POST or None, reasons=list(reasons))
    if not form.is_valid():
        return _render_form(request, membership, parcel, form, "voiding")
    return _run_transition(
        request,
        membership,
        parcel,
        void_parcel,
        _("Parcel undone. The items must be packed again."),
        reason=form.reason,
    )


@require_POST
@for_members(MemberRight.PACK)
def undo_parcel_step_view(
    request: HttpRequest, membership: MembershipContext, parcel_id: int, step: str
) -> HttpResponse:
    """Undo the parcel's hand-over, delivery, failed delivery or collected cash."""
    parcel = _find_parcel(membership, parcel_id)
    if step not in ParcelStep.values:
        raise Missing()
    return _run_transition(request, membership, parcel, undo_parcel_step, _("Undone."), step=ParcelStep(step))


def _find_parcel(membership: MembershipContext, parcel_id: int) -> Parcel:
    """Return the cooperative's parcel. Raises Missing."""
    parcel = (
        Parcel.objects.for_cooperative(membership.cooperative)
        .filter(pk=parcel_id)
        .select_related("part__order__shipping_address")
        .first()
    )
    if parcel is None:
        raise Missing()
    return parcel


def _render_part(
    request: HttpRequest, membership: MembershipContext, parcel: Parcel, form: ParcelForm
) -> HttpResponse:
    """Show the errors of a parcel's form where it was filled in, on the page of its part."""
    part = find_part(membership, parcel.part_id)
    return render_part(request, membership, part, now=timezone.now(), parcel_form=(parcel, form))


def _render_form(
    request: HttpRequest, membership: MembershipContext, parcel: Parcel, form: MembersForm, transition: str
) -> HttpResponse:
    context = {
        "parcel": parcel,
        "part": parcel.part,
        "order": parcel.part.order,
        "form": form,
        "transition": transition,
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/parcel.html", context)


def _run_transition(
    request: HttpRequest,
    membership: MembershipContext,
    parcel: Parcel,
    action: Callable[..., object],
    message: StrOrPromise,
    **arguments: object,
) -> HttpResponse:
    idempotency_key = submitted_key(request, action.__name__, parcel.pk)
    bound_action = partial(
        action,
        parcel_id=parcel.pk,
        idempotency_key=idempotency_key,
        actor=membership.actor,
        now=timezone.now(),
        **arguments,
    )
    return run_action(request, bound_action, url=part_url(parcel.part_id), message=message)
