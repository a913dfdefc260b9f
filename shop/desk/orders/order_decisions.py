"""Decisions about orders at the desk: cancellations, answers given by phone, payment methods."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part
from orders.actions.payments.order_payments import change_payment_method
from orders.models import (
    Order,
    OrderPart,
    PaymentMethod,
)
from orders.views.buyer_answers import substitute_answer_action, weight_answer_action
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.web.action_results import run_action
from shop.desk.forms import submitted_reason
from shop.staff_pages import staff_only


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def cancel_order_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Cancel all active parts of an order."""
    order = get_object_or_404(Order.objects.placed(), pk=order_id)
    action = partial(
        cancel_order,
        order_id=order.pk,
        reason=submitted_reason(request.POST),
        actor=actor,
        now=timezone.now(),
    )
    page = reverse("desk:order", args=[order_id])
    return run_action(request, action, url=page, message=_("Order cancelled. The buyer has been notified."))


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def cancel_part_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID, number: int) -> HttpResponse:
    """Cancel one part."""
    part = get_object_or_404(OrderPart, order=order_id, order__placed_at__isnull=False, number=number)
    action = partial(
        cancel_part, part_id=part.pk, reason=submitted_reason(request.POST), actor=actor, now=timezone.now()
    )
    page = reverse("desk:order", args=[order_id])
    return run_action(
        request,
        action,
        url=page,
        message=_("The cooperative's part is cancelled. The buyer has been notified."),
    )


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def record_weight_answer(
    request: HttpRequest, actor: Actor, order_id: uuid.UUID, question_id: uuid.UUID
) -> HttpResponse:
    """Record a buyer's answer, given by phone, about weight above the agreed bound."""
    orders = Order.objects.placed().filter(pk=order_id)
    action = weight_answer_action(request, orders, question_id, actor=actor, now=timezone.now())
    return _run_answer(request, action, order_id)


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def record_substitute_answer(
    request: HttpRequest, actor: Actor, order_id: uuid.UUID, substitute_id: uuid.UUID
) -> HttpResponse:
    """Record a buyer's answer, given by phone, about a substitute."""
    orders = Order.objects.placed().filter(pk=order_id)
    action = substitute_answer_action(request, orders, substitute_id, actor=actor, now=timezone.now())
    return _run_answer(request, action, order_id)


def _run_answer(request: HttpRequest, action: Callable[[], object], order_id: uuid.UUID) -> HttpResponse:
    return run_action(
        request,
        action,
        url=reverse("desk:order", args=[order_id]),
        message=_("The cooperative has been notified."),
    )


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def change_payment_method_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Change the payment method for a buyer who asked by phone."""
    order = get_object_or_404(Order.objects.placed(), pk=order_id)
    chosen_method = request.POST.get("payment", "")
    if chosen_method not in PaymentMethod.values:
        raise Http404
    action = partial(
        change_payment_method,
        order_id=order.pk,
        method=PaymentMethod(chosen_method),
        actor=actor,
        now=timezone.now(),
    )
    page = f"{reverse('desk:order', args=[order_id])}#payments"
    return run_action(request, action, url=page, message=_("Payment method changed."))
