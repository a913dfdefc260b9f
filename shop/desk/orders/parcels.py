"""Record deliveries on behalf of members who cannot use the app, and undo steps recorded by mistake."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from orders.actions.fulfilment.deliver_parcels import deliver_parcel
from orders.actions.fulfilment.undo_steps import ParcelStep, undo_acceptance, undo_parcel_step
from orders.models import OrderPart, Parcel
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.web.action_results import run_action
from shop.desk.forms import DeliveryForm, submitted_reason
from shop.staff_pages import staff_only


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def record_delivery(request: HttpRequest, actor: Actor, order_id: uuid.UUID, parcel_id: int) -> HttpResponse:
    """Record a delivery. Without the buyer's code it needs a reason."""
    parcel = get_object_or_404(
        Parcel, pk=parcel_id, part__order=order_id, part__order__placed_at__isnull=False
    )
    page = reverse("desk:order", args=[order_id])
    form = DeliveryForm(request.POST, parcel=parcel)
    if not form.is_valid():
        messages.error(request, form.first_error)
        return redirect(page)
    action = partial(
        deliver_parcel,
        parcel_id=parcel.pk,
        is_cash_collected=form.is_cash_collected,
        reason=form.cleaned_data.get("reason", ""),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=page, message=_("Marked as delivered."))


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def undo_parcel_step_view(
    request: HttpRequest, actor: Actor, order_id: uuid.UUID, parcel_id: int, step: str
) -> HttpResponse:
    """Undo a parcel's hand-over, delivery, failed delivery or collected cash, with a reason."""
    parcel = get_object_or_404(
        Parcel, pk=parcel_id, part__order=order_id, part__order__placed_at__isnull=False
    )
    if step not in ParcelStep.values:
        raise Http404
    action = partial(
        undo_parcel_step,
        parcel_id=parcel.pk,
        step=ParcelStep(step),
        reason=submitted_reason(request.POST),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("desk:order", args=[order_id]), message=_("Undone."))


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def undo_acceptance_view(
    request: HttpRequest, actor: Actor, order_id: uuid.UUID, number: int
) -> HttpResponse:
    """Take back a cooperative's acceptance, with a reason."""
    part = get_object_or_404(OrderPart, order=order_id, order__placed_at__isnull=False, number=number)
    action = partial(
        undo_acceptance,
        part_id=part.pk,
        reason=submitted_reason(request.POST),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("desk:order", args=[order_id]), message=_("Undone."))
