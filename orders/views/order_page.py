"""The buyer's order page."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from orders.actions.payments.confirm_order import is_awaiting_confirmation
from orders.actions.payouts.surplus_refunds import read_refundable_surplus
from orders.models import Order, Parcel, PaymentMethod, Refund, WeightQuestion
from orders.order_links import PAYMENT_RETURN_PARAMETER, order_url
from orders.payments.stripe_js import allow_card_fields, are_cards_enabled
from orders.payments.transfer_instructions import externally_refunded_amount, read_charged_back_amount
from orders.states import OrderStatus
from orders.views.card_payment import refresh_card_payment
from orders.views.order_access import has_proof
from orders.views.part_timelines import PartTimeline, load_part_timelines
from orders.views.payment_page import (
    amount_being_voided,
    authorised_amount,
    build_payment_display,
    build_prepayment_display,
    read_payment_state_hash,
)
from orders.views.refund_page import amount_awaiting_account, build_refund_displays
from orders.views.substitutes import find_waiting_substitutes
from orders.views.sum_rows import DISCOUNTS, totals_of_order
from orders.views.timeline import build_shared_timeline
from shop.core.identifiers.emails import suggest_email
from shop.core.web.offline_copies import OFFLINE_HEADER, OWN_COPY

PREPAYMENT_PARAMETER = "tratruoc"  # shows the transfer that pays a cash order


@require_safe
@never_cache
@allow_card_fields
def show_order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Show the order to every visitor with its unguessable URL. Only the buyer's device keeps the page.

    A buyer who returns from their bank or from Stripe's page sees the payment's current state.
    """
    if PAYMENT_RETURN_PARAMETER in request.GET:
        refresh_card_payment(get_object_or_404(Order.objects.by_link_id(order_id)))
        return redirect("orders:order", order_id=order_id)
    context = _build_order_context(order_id, timezone.now())
    is_prepaying = PREPAYMENT_PARAMETER in request.GET and context["prepayment"] is not None
    response = render(request, "orders/order.html", context | {"is_prepaying": is_prepaying})
    if has_proof(request, context["order"]):
        response.headers[OFFLINE_HEADER] = OWN_COPY
    return response


@require_safe
@never_cache
def poll_payment_status(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Answer the page's polling with 204 while nothing has changed, else with the current state."""
    now = timezone.now()
    if request.GET.get("seen") == read_payment_state_hash(
        get_object_or_404(Order.objects.by_link_id(order_id)), now=now
    ):
        return HttpResponse(status=204)
    return render(request, "orders/order.html", _build_order_context(order_id, now) | {"is_news": True})


def _build_order_context(order_id: uuid.UUID, now: datetime.datetime) -> dict[str, Any]:
    order = get_object_or_404(
        Order.objects.by_link_id(order_id)
        .select_related("shipping_address", "channel", "invoice")
        .prefetch_related(DISCOUNTS)
    )
    url = order_url(order)
    refund_displays = build_refund_displays(Refund.objects.filter(order=order))
    payment_display = build_payment_display(order, now=now)
    has_transfer_in_review = bool(payment_display and payment_display.transfers_in_review)
    timelines = load_part_timelines(
        order, refund_displays, has_transfer_in_review=has_transfer_in_review, now=now
    )
    return {
        "order": order,
        "timelines": timelines,
        "is_paid_by_part": _is_paid_by_part(order, timelines),
        "may_cancel_all": _may_cancel_all(timelines),
        "may_still_complain": any(timeline.may_still_complain for timeline in timelines),
        "is_complaint_period_over": any(timeline.complaint_period_ended_at for timeline in timelines),
        **_shared_timeline_context(order, timelines, has_transfer_in_review),
        **_build_totals_context(order, timelines),
        **_build_reduction_context(order, timelines),
        **_build_payments_context(order),
        "refund_displays": refund_displays,
        "awaiting_account_amount": amount_awaiting_account(refund_displays),
        "should_save_link": order.user_id is None,
        "likely_email": suggest_email(order.email),
        "is_fresh": order.status in (OrderStatus.UNCONFIRMED, OrderStatus.PLACED),
        "url": url,
        "questions": _load_questions_with_sums(order, timelines),
        "substitutes": find_waiting_substitutes(order, now),
        "idempotency_key": uuid.uuid4(),
        "payment_display": payment_display,
        "prepayment": None if payment_display else build_prepayment_display(order, now=now),
        "is_under_way": order.status in (OrderStatus.PLACED, OrderStatus.IN_PREPARATION),
        "code_drawing": partial(_draw_code, url, title=order.code),
    }


def _shared_timeline_context(
    order: Order, timelines: Sequence[PartTimeline], has_transfer_in_review: bool
) -> dict[str, object]:
    """Return the timelines that one replaces until the order is confirmed, and its steps."""
    shared = [timeline for timeline in timelines if timeline.part.is_active]
    if not shared or not is_awaiting_confirmation(order):
        return {"shared_timelines": [], "shared_entries": []}
    entries = (
        shared[0].entries
        if len(shared) == 1
        else build_shared_timeline(order, has_transfer_in_review=has_transfer_in_review)
    )
    return {"shared_timelines": shared, "shared_entries": entries}


def _build_totals_context(order: Order, timelines: Sequence[PartTimeline]) -> dict[str, object]:
    """Return the order's totals, and the highest ones that weighing may still lead to."""
    possible_increase = sum(timeline.possible_increase for timeline in timelines)
    # Sums of unpaid parts that have ended stay as agreed, so that they add up with the sums shown before.
    agreed_timelines = [timeline for timeline in timelines if timeline.has_agreed_sum]
    agreed_increase = sum(timeline.agreed_increase for timeline in agreed_timelines)
    return {
        "is_maximum": possible_increase > 0,
        "possible_increase": possible_increase,
        "maximum_total": order.total_gross + agreed_increase,
        "maximum_current_total": order.current_total_gross + possible_increase,
        "maximum_amount_due": order.amount_due + possible_increase,
        "reduction": order.cancelled_or_refunded_amount + agreed_increase - possible_increase,
        "sums": totals_of_order(
            order,
            {timeline.part.cooperative_id: timeline.part.cooperative for timeline in timelines},
            [line for timeline in agreed_timelines for line in timeline.unweighed_lines],
        ),
    }


def _build_payments_context(order: Order) -> dict[str, object]:
    """Return what was authorised, charged back, refunded and paid too much."""
    return {
        "is_cash_being_checked": order.status == OrderStatus.DELIVERED
        and Parcel.objects.filter(part__order=order).is_cash_being_checked(),
        "authorised": authorised_amount(order),
        "amount_being_voided": amount_being_voided(order),
        "charged_back": read_charged_back_amount(order),
        "externally_refunded": externally_refunded_amount(order),
        "surplus": read_refundable_surplus(order) if order.charged > order.current_total_gross else 0,
        "has_cards": are_cards_enabled(),
    }


@lru_cache(maxsize=100)  # encoding takes 15 ms, and buyers open their page again and again
def _draw_code(url: str, *, title: str) -> SafeString:
    """Return a QR code as inline SVG."""
    code = segno.make(url, error="m")
    return SafeString(
        code.svg_inline(border=3, omitsize=True, light="#fff", svgclass="qr-small", lineclass="", title=title)
    )


def _is_paid_by_part(order: Order, timelines: Sequence[PartTimeline]) -> bool:
    """Return whether each part that is still to come is paid in full, in cash, when it arrives."""
    payment = order.payments.current()
    if payment is None or payment.method != PaymentMethod.COD:
        return False
    cash = sum(timeline.part.total_gross for timeline in timelines if timeline.is_awaiting_cash)
    return 0 < cash == order.amount_due


def _may_cancel_all(timelines: Sequence[PartTimeline]) -> bool:
    """Return whether several parts are left and the buyer may still cancel each."""
    active = [timeline for timeline in timelines if timeline.part.is_active]
    return len(active) > 1 and all(timeline.may_cancel for timeline in active)


def _load_questions_with_sums(
    order: Order, timelines: Sequence[PartTimeline]
) -> list[tuple[WeightQuestion, int]]:
    """Return the open questions about weights, each with the cash for its whole part if the buyer agrees.

    The cash is 0 if the part is not paid in cash on receipt.
    """
    questions = WeightQuestion.objects.of_order(order).open().in_order()
    if not _is_paid_by_part(order, timelines):
        return [(question, 0) for question in questions]
    sums = {timeline.part.pk: timeline.maximum_gross for timeline in timelines}
    return [
        (question, sums[question.line.part_id] - question.line.maximum_gross + question.cost_after)
        for question in questions
    ]


def _build_reduction_context(order: Order, timelines: Sequence[PartTimeline]) -> dict[str, bool]:
    """Return why the order costs less than when it was placed, and whether the rest is still unpaid."""
    ended_parts = [timeline.part for timeline in timelines if not timeline.part.is_active]
    is_unpaid = not order.charged
    has_arrived = order.status in (OrderStatus.DELIVERED, OrderStatus.RETURNED)
    return {
        "is_reduced": order.current_total_gross != order.total_gross,
        "is_reduced_by_ended_parts": is_unpaid
        and order.cancelled_or_refunded_amount == sum(part.total_gross for part in ended_parts),
        "is_reduced_before_payment": is_unpaid,
        "has_amount_due": is_unpaid and order.amount_due > 0 and not has_arrived,
        "is_original_total_estimated": any(
            line.is_to_weigh for part in ended_parts for line in part.lines.all()
        ),
    }
