"""What buyers decide on their order page: cancel, confirm and undo a receipt, answer questions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from orders.actions.complaints.file_complaint import find_delivered_lines
from orders.actions.fulfilment.cancel_parts import cancel_order_as_buyer, cancel_part_as_buyer
from orders.actions.fulfilment.confirm_receipt import confirm_part_receipt
from orders.actions.fulfilment.undo_receipt import undo_part_receipt
from orders.actions.refunds.refund_preview import read_cancellation_route
from orders.models import Order, OrderPart, Parcel, WeightAnswer, WeightQuestion
from orders.notifications import read_short_amount_change
from orders.states import CANCELLED_BY_BUYER
from orders.views.buyer_answers import substitute_answer_action, weight_answer_action
from orders.views.current_basket import request_actor
from shop.core.errors import Refused
from shop.core.models import bind_idempotency_key, show_in_language
from shop.core.texts.formatting import format_money, format_weight, weekday_and_day
from shop.core.texts.marked_texts import sentence, translated
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post


@require_POST
def cancel_part(request: HttpRequest, order_id: uuid.UUID, number: int) -> HttpResponse:
    """Cancel a part on behalf of the buyer, which is possible until it is packed."""
    part = _find_part_or_404(order_id, number)
    try:
        cancel_part_as_buyer(
            part_id=part.pk,
            reason=CANCELLED_BY_BUYER,
            idempotency_key=bind_idempotency_key(
                request.POST.get("idempotency_key", ""), "buyer", "cancel", part.pk
            ),
            actor=request_actor(request),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        show_in_language([part.cooperative], "name")
        order = Order.objects.get(pk=order_id)
        if order.parts.count() == 1:
            text = _("You cancelled the order.")
        else:
            message = _("You cancelled the part from %(name)s.")
            text = sentence(message, name=translated(part.cooperative, "name"))
        change = read_short_amount_change(order)
        messages.success(request, format_html("{} {}", text, change) if change else text)
    return redirect("orders:order", order_id=order_id)


@require_safe_or_post
@never_cache
def cancel_order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Show what cancelling all parts of the order ends and returns, and cancel them once it is confirmed."""
    order = get_object_or_404(Order.objects.by_link_id(order_id))
    parts = list(order.parts.select_related("cooperative").active().order_by("number"))
    if request.method == "POST":
        cancel = partial(
            cancel_order_as_buyer,
            order_id=order.pk,
            reason=CANCELLED_BY_BUYER,
            actor=request_actor(request),
            now=timezone.now(),
        )
        url = reverse("orders:order", args=[order_id])
        return run_action(request, cancel, url=url, message=_("You cancelled the order."))
    parcels = Parcel.objects.active_outgoing().filter(part__in=parts)
    if not parts or not all(
        part.may_be_cancelled([row for row in parcels if row.part_id == part.pk], is_by_buyer=True)
        for part in parts
    ):
        return redirect("orders:order", order_id=order_id)
    show_in_language([part.cooperative for part in parts], "name")
    context = {"order": order, "parts": parts, "route": read_cancellation_route(order, parts)}
    return render(request, "orders/cancel_order.html", context)


@require_POST
def confirm_receipt(request: HttpRequest, order_id: uuid.UUID, number: int) -> HttpResponse:
    """Record the buyer's confirmation that a part's parcels have arrived."""
    part = _find_part_or_404(order_id, number)
    try:
        confirm_part_receipt(part_id=part.pk, actor=request_actor(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _read_receipt_text(part))
    return redirect("orders:order", order_id=order_id)


@require_POST
def undo_receipt(request: HttpRequest, order_id: uuid.UUID, number: int) -> HttpResponse:
    """Take back a receipt that the buyer confirmed by mistake within the last ten minutes."""
    part = _find_part_or_404(order_id, number)
    return run_action(
        request,
        partial(undo_part_receipt, part_id=part.pk, actor=request_actor(request), now=timezone.now()),
        url=reverse("orders:order", args=[order_id]),
        message=_("Taken back. The items count as on their way again."),
    )


def _read_receipt_text(part: OrderPart) -> str:
    """Return the message about items just received, with the deadline for reporting a problem."""
    last_moments = [line.last_moment for line in find_delivered_lines(part)]
    if not last_moments:
        return _("Thank you. The cooperative can see that the items have arrived.")
    return _("Thank you. Is something wrong with the items? You can report it here until %(day)s.") % {
        "day": weekday_and_day(min(last_moments))
    }


@require_POST
def record_weight_answer(request: HttpRequest, order_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    """Record whether the buyer agrees to pay for weight above the agreed bound."""
    orders = Order.objects.by_link_id(order_id)
    action = weight_answer_action(
        request, orders, question_id, actor=request_actor(request), now=timezone.now()
    )
    question = WeightQuestion.objects.select_related("line__order").get(pk=question_id)
    if request.POST["answer"] == WeightAnswer.AGREED:
        answer = _("You agreed to %(weight)s for %(amount)s.") % {
            "weight": format_weight(question.grams),
            "amount": format_money(question.cost_after, question.line.order.currency),
        }
    elif request.POST["answer"] == WeightAnswer.REFUSED:
        answer = _("You did not agree to %(weight)s.") % {"weight": format_weight(question.grams)}
    else:
        answer = _("You took this item off the order and do not pay for it.")
    return _run_answer(request, action, order_id, answer)


@require_POST
def record_substitute_answer(
    request: HttpRequest, order_id: uuid.UUID, substitute_id: uuid.UUID
) -> HttpResponse:
    """Record whether the buyer takes another product instead of missing items."""
    orders = Order.objects.by_link_id(order_id)
    action = substitute_answer_action(
        request, orders, substitute_id, actor=request_actor(request), now=timezone.now()
    )
    return _run_answer(request, action, order_id, _("Thank you."))


def _run_answer(
    request: HttpRequest, action: Callable[[], object], order_id: uuid.UUID, answer: str
) -> HttpResponse:
    """Run the action and show a message that begins with the buyer's answer."""
    return run_action(
        request,
        action,
        url=reverse("orders:order", args=[order_id]),
        message=_("%(answer)s The cooperative has received your answer.") % {"answer": answer},
    )


def _find_part_or_404(order_id: uuid.UUID, number: int) -> OrderPart:
    parts = OrderPart.objects.filter(order__in=Order.objects.by_link_id(order_id)).select_related(
        "cooperative"
    )
    return get_object_or_404(parts, number=number)
