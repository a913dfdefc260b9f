"""Decisions about orders at the desk: cancellations, answers given by phone, payment methods."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part, read_seen_part
from orders.actions.payments.order_payments import change_payment_method
from orders.actions.refunds.refund_preview import read_cancellation_route
from orders.models import (
    Order,
    OrderPart,
    PaymentMethod,
    Refund,
)
from orders.views.buyer_answers import substitute_answer_action, weight_answer_action
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.texts.formatting import format_money, format_phone_number
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_reviewed_as_shown
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import submitted_reason
from shop.desk.review_page import render_review
from shop.staff_pages import staff_only


@require_safe_or_post
@staff_only(Permission.MANAGE_ORDERS)
def cancel_order_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Cancel all active parts of an order, after a review of its money and of who is told."""
    if request.method != "POST":
        return redirect("desk:order", order_id=order_id)
    order = get_object_or_404(Order.objects.placed(), pk=order_id)
    reason, parts = submitted_reason(request.POST), _load_active_parts(order)
    if reason.strip() and parts and not _is_reviewed_unchanged(request, order, parts):
        return _review_cancellation(request, order, parts, reason)
    action = partial(cancel_order, order_id=order.pk, reason=reason, actor=actor, now=timezone.now())
    page = reverse("desk:order", args=[order_id])
    return run_action(request, action, url=page, message=_build_cancelled_order_message)


@require_safe_or_post
@staff_only(Permission.MANAGE_ORDERS)
def cancel_part_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID, number: int) -> HttpResponse:
    """Cancel one part, after a review of its money and of who is told."""
    if request.method != "POST":
        return redirect("desk:order", order_id=order_id)
    part = get_object_or_404(
        OrderPart.objects.select_related("order", "cooperative"),
        order=order_id,
        order__placed_at__isnull=False,
        number=number,
    )
    order, reason = part.order, submitted_reason(request.POST)
    if reason.strip() and part.is_active and not _is_reviewed_unchanged(request, order, [part]):
        return _review_cancellation(request, order, [part], reason, part=part)
    action = partial(cancel_part, part_id=part.pk, reason=reason, actor=actor, now=timezone.now())
    page = reverse("desk:order", args=[order_id])
    return run_action(request, action, url=page, message=_build_cancelled_part_message)


def _load_active_parts(order: Order) -> list[OrderPart]:
    return list(order.parts.active().select_related("cooperative").order_by("number"))


def _is_reviewed_unchanged(request: HttpRequest, order: Order, parts: Sequence[OrderPart]) -> bool:
    return is_reviewed_as_shown(request, _read_shown_state(order, parts))


def _read_shown_state(order: Order, parts: Sequence[OrderPart]) -> str:
    """Return what the review says of the money and of the parts, to notice a change since."""
    route = read_cancellation_route(order, parts)
    seen_parts = [(part.number, read_seen_part(part)) for part in parts]
    states = [f"{number}:{seen.state}:{seen.parcel_count}" for number, seen in seen_parts]
    return " ".join([str(route.card + route.bank), *states])


def _review_cancellation(
    request: HttpRequest,
    order: Order,
    parts: Sequence[OrderPart],
    reason: str,
    *,
    part: OrderPart | None = None,
) -> HttpResponse:
    """Show what is cancelled, what the buyer has paid, and how the money goes back."""
    route = read_cancellation_route(order, parts)
    repaid = format_money(route.card + route.bank, order.currency)
    texts = {"code": order.code, "amount": repaid, "name": part.cooperative.name if part else ""}
    facts = [
        (gettext("Buyer"), ", ".join(filter(None, [order.buyer_name, format_phone_number(order.phone)]))),
        *((row.cooperative.name, format_money(row.total_gross, order.currency)) for row in parts),
        (gettext("Paid"), format_money(order.charged, order.currency)),
        (gettext("Reason"), reason),
    ]
    effects = [
        gettext("The buyer and %(names)s are told at once, with your reason.")
        % {"names": ", ".join(row.cooperative.name for row in parts)},
        gettext("This cannot be undone: to buy again, the buyer orders again."),
    ]
    if not route.card + route.bank:
        effects.insert(0, gettext("The buyer has paid nothing for this: no money goes back."))
    if part:
        title = gettext("Cancel the part from %(name)s in order %(code)s")
        label = gettext("Cancel this part, give back %(amount)s") if route.card + route.bank else ""
        label = label or gettext("Cancel this part")
    else:
        title = gettext("Cancel order %(code)s")
        label = gettext("Cancel the order, give back %(amount)s") if route.card + route.bank else ""
        label = label or gettext("Cancel the order")
    return render_review(
        request,
        title=title % texts,
        facts=facts,
        effects=effects,
        label=label % texts,
        back_url=reverse("desk:order", args=[order.pk]),
        back_label=order.code,
        shown=_read_shown_state(order, parts),
        is_unusual=True,
        is_stop=True,
        order=order,
        route=route if route.card + route.bank else None,
    )


def _build_cancelled_order_message(order: Order) -> str:
    unpaid = Refund.objects.filter(order=order).total_unpaid()
    texts = {"code": order.code, "amount": format_money(unpaid, order.currency)}
    if unpaid:
        return (
            gettext(
                "Order %(code)s cancelled, %(amount)s to give back. The buyer and cooperatives were notified."
            )
            % texts
        )
    return gettext("Order %(code)s cancelled. The buyer and cooperatives were notified.") % texts


def _build_cancelled_part_message(part: OrderPart) -> str:
    order = part.order
    unpaid = Refund.objects.filter(part=part).total_unpaid()
    texts = {
        "name": part.cooperative.name,
        "code": order.code,
        "amount": format_money(unpaid, order.currency),
    }
    if unpaid:
        return (
            gettext(
                "The part from %(name)s in order %(code)s is cancelled, %(amount)s to give back. "
                "The buyer was notified."
            )
            % texts
        )
    return gettext("The part from %(name)s in order %(code)s is cancelled. The buyer was notified.") % texts


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
