"""The buyer's order page, and the search for an order by phone and code."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Sequence

import segno
from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Variant
from orders.actions.complaints.file_complaint import complaint_deadline
from orders.actions.fulfilment.cancel_parts import cancel_part_as_buyer
from orders.actions.fulfilment.confirm_receipt import confirm_part_receipt
from orders.actions.fulfilment.weigh_lines import answer_weight_question
from orders.actions.payouts.surplus_refunds import refundable_surplus
from orders.actions.refunds.answer_substitute import answer_substitute
from orders.forms.checkout import FindForm
from orders.models import (
    Complaint,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    RefundLine,
    Substitute,
    WeightAnswer,
    WeightQuestion,
    translate_delivery_method_names,
)
from orders.order_links import PAYMENT_RETURN_PARAMETER, order_url
from orders.payments.stripe_js import allow_card_fields, are_cards_enabled
from orders.payments.transfer_requests import charged_back_amount, externally_refunded_amount
from orders.states import OrderStatus, ParcelState, SubstituteState
from orders.views.card_payment import refresh_card_payment
from orders.views.current_basket import request_actor
from orders.views.order_list import orders_at_hand
from orders.views.payment_page import (
    amount_being_released,
    authorised_amount,
    payment_state_hash,
    payment_view,
)
from orders.views.refund_page import RefundView, amount_awaiting_account, refund_views
from orders.views.substitutes import waiting_substitutes
from orders.views.sum_rows import DISCOUNTS, totals_of_order
from orders.views.timeline import PartTimeline, Step, build_timeline
from shop.core.errors import Refused
from shop.core.models import (
    Picture,
    bind_idempotency_key,
    shop_settings,
    show_in_language,
    untranslated_fields,
)
from shop.core.texts.marked_texts import sentence, translated
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import Limit, TooManyTries, client_network

FIND_LIMIT_BY_NETWORK = Limit("find-order-network", tries=30, seconds=15 * 60)
FIND_LIMIT_BY_PHONE = Limit("find-order-phone", tries=10, seconds=15 * 60)
FIND_LIMIT_BY_ORDER = Limit("find-order-code", tries=10, seconds=15 * 60)


@require_safe
@never_cache
@allow_card_fields
def order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Show the order to every visitor with its unguessable URL.

    A buyer who returns from their bank or from Stripe's page sees the payment's current state.
    """
    if PAYMENT_RETURN_PARAMETER in request.GET:
        refresh_card_payment(get_object_or_404(Order.objects.by_link_id(order_id)))
        return redirect("orders:order", order_id=order_id)
    return render(request, "orders/order.html", _order_context(order_id, timezone.now()))


@require_safe
@never_cache
def poll(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Answer the page's polling: 204 while nothing has changed, else the current state."""
    now = timezone.now()
    if request.GET.get("seen") == payment_state_hash(
        get_object_or_404(Order.objects.by_link_id(order_id)), now=now
    ):
        return HttpResponse(status=204)
    return render(request, "orders/order.html", _order_context(order_id, now) | {"is_news": True})


@require_POST
def cancellation(request: HttpRequest, order_id: uuid.UUID, number: int) -> HttpResponse:
    """Cancel a part on behalf of the buyer, which is possible until it is packed."""
    part = _part_or_404(order_id, number)
    try:
        cancel_part_as_buyer(
            part_id=part.pk,
            reason=gettext_noop("The buyer cancelled."),
            key=bind_idempotency_key(request.POST.get("key", ""), "buyer", "cancel", part.pk),
            actor=request_actor(request),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        show_in_language([part.cooperative], "name")
        message = _("The part from %(name)s has been cancelled.")
        messages.success(request, sentence(message, name=translated(part.cooperative, "name")))
    return redirect("orders:order", order_id=order_id)


@require_POST
def receipt(request: HttpRequest, order_id: uuid.UUID, number: int) -> HttpResponse:
    """Record the buyer's confirmation that a part's parcels have arrived."""
    part = _part_or_404(order_id, number)
    try:
        confirm_part_receipt(part_id=part.pk, actor=request_actor(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Thank you. The cooperative can see that the items have arrived."))
    return redirect("orders:order", order_id=order_id)


@require_POST
def weight_answer(request: HttpRequest, order_id: uuid.UUID, question_id: uuid.UUID) -> HttpResponse:
    """Record whether the buyer agrees to pay for weight above the agreed bound."""
    own_questions = WeightQuestion.objects.filter(line__order__in=Order.objects.by_link_id(order_id))
    question = get_object_or_404(own_questions, pk=question_id)
    answer = request.POST.get("answer")
    if answer not in (WeightAnswer.AGREED, WeightAnswer.REFUSED):
        raise Http404
    agreed = answer == WeightAnswer.AGREED
    try:
        answer_weight_question(
            question_id=question.pk, is_agreed=agreed, actor=request_actor(request), now=timezone.now()
        )
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Thank you. The cooperative has received your answer."))
    return redirect("orders:order", order_id=order_id)


@require_POST
def substitute_answer(request: HttpRequest, order_id: uuid.UUID, substitute_id: uuid.UUID) -> HttpResponse:
    """Record whether the buyer takes another product instead of missing items."""
    own_offers = Substitute.objects.filter(line__order__in=Order.objects.by_link_id(order_id))
    substitute = get_object_or_404(own_offers, pk=substitute_id)
    answer = request.POST.get("answer")
    if answer not in (SubstituteState.ACCEPTED, SubstituteState.REJECTED):
        raise Http404
    try:
        answer_substitute(
            substitute_id=substitute.pk,
            is_agreed=answer == SubstituteState.ACCEPTED,
            actor=request_actor(request),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Thank you. The cooperative has received your answer."))
    return redirect("orders:order", order_id=order_id)


@require_safe_or_post
@never_cache
def find_order(request: HttpRequest) -> HttpResponse:
    """Find an order by phone and code. A wrong phone and an unknown code get the same answer."""
    form = FindForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _render_find_page(request, form)
    try:
        order = _find_order(request, form.cleaned_data["phone"], form.cleaned_data["code"])
    except TooManyTries as refused:
        return render(request, "429.html", {"minutes": refused.details["minutes"]}, status=429)
    if order is None:
        form.add_error(None, _("No order matches this phone number and code. Please check both."))
        return _render_find_page(request, form)
    return redirect("orders:order", order_id=order.pk)


def _render_find_page(request: HttpRequest, form: FindForm) -> HttpResponse:
    """Render the form below the orders that the visitor can open without it."""
    return render(request, "orders/find_order.html", {"form": form, "orders": orders_at_hand(request)})


def _order_context(order_id: uuid.UUID, now: datetime.datetime) -> dict[str, object]:
    order = get_object_or_404(
        Order.objects.by_link_id(order_id)
        .select_related("shipping_address", "channel", "invoice")
        .prefetch_related(DISCOUNTS)
    )
    url = order_url(order)
    refunds = refund_views(order)
    paying = payment_view(order, now=now)
    tracks = _build_timelines(
        order, refunds, is_transfer_seen=bool(paying and paying.transfers_in_review), now=now
    )
    possible_rise = sum(track.possible_rise for track in tracks)
    return {
        "order": order,
        "tracks": tracks,
        "is_maximum": possible_rise > 0,
        "maximum_due": order.due_gross + possible_rise,
        "maximum_still_due": order.still_due + possible_rise,
        "sums": totals_of_order(
            order, {track.part.cooperative_id: track.part.cooperative for track in tracks}
        ),
        "refunds": refunds,
        "awaiting_account_amount": amount_awaiting_account(refunds),
        "should_save_link": not order.email and order.user_id is None,
        "is_cash_being_checked": order.status == OrderStatus.DELIVERED
        and Parcel.objects.filter(part__order=order).is_cash_being_checked(),
        "is_fresh": order.status in (OrderStatus.UNCONFIRMED, OrderStatus.PLACED),
        "url": url,
        "questions": WeightQuestion.objects.of_order(order).open().in_order(),
        "substitutes": waiting_substitutes(order, now),
        "key": uuid.uuid4(),
        "paying": paying,
        "authorised": authorised_amount(order),
        "released": amount_being_released(order),
        "charged_back": charged_back_amount(order),
        "externally_refunded": externally_refunded_amount(order),
        "surplus": refundable_surplus(order) if order.charged > order.due_gross else 0,
        "is_under_way": order.status in (OrderStatus.PLACED, OrderStatus.IN_HAND),
        "cards_are_on": are_cards_enabled(),
        "code_drawing": SafeString(
            segno.make(url, error="m").svg_inline(
                border=3, omitsize=True, light="#fff", svgclass="qr-small", lineclass="", title=order.code
            )
        ),
    }


def _find_order(request: HttpRequest, phone: str, code: str) -> Order | None:
    """Find an order, counting the try per network, phone and code. Raises TooManyTries."""
    FIND_LIMIT_BY_NETWORK.take(client_network(request.META))
    FIND_LIMIT_BY_PHONE.take(phone)
    FIND_LIMIT_BY_ORDER.take(code)
    return Order.objects.found_by(phone, code).newest_first().first()


def _part_or_404(order_id: uuid.UUID, number: int) -> OrderPart:
    parts = OrderPart.objects.filter(order__in=Order.objects.by_link_id(order_id)).select_related(
        "cooperative"
    )
    return get_object_or_404(parts, number=number)


def _build_timelines(
    order: Order, refunds: Sequence[RefundView], *, is_transfer_seen: bool, now: datetime.datetime
) -> list[PartTimeline]:
    parts = list(
        order.parts.select_related("cooperative", "delivery_method")
        .prefetch_related(Prefetch("lines", OrderLine.objects.in_order()))
        .order_by("number")
    )
    show_in_language([part.cooperative for part in parts], "name")
    translate_delivery_method_names(parts)
    parcels: dict[int, list[Parcel]] = {}
    rows = Parcel.objects.filter(part__order=order).in_order()
    for parcel in rows.prefetch_related(Prefetch("lines", ParcelLine.objects.order_by("pk"))):
        parcels.setdefault(parcel.part_id, []).append(parcel)
    pictures = _pictures_by_part(parts)
    called_today = _current_names(order, parts)
    complaint_days = shop_settings().complaint_days
    complaints: dict[int, list[Complaint]] = {}
    complaint_rows = Complaint.objects.filter(part__order=order).with_refused_photos().with_all()
    for complaint in complaint_rows.order_by("created_at", "pk"):
        complaints.setdefault(complaint.part_id, []).append(complaint)
    refund_steps: dict[int | None, list[Step]] = {}
    paid_back = RefundLine.objects.filter(order_line__order=order).fully_refunded_lines() if refunds else ()
    for refund in refunds:
        refund_steps.setdefault(refund.refund.part_id, []).append(refund.timeline_step)
    return [
        build_timeline(
            part,
            parcels.get(part.pk, []),
            pictures.get(part.pk),
            complaints.get(part.pk, ()),
            refund_steps.get(part.pk, ()),
            paid_back,
            is_transfer_seen,
            called_today,
            _complaint_deadline(part, parcels.get(part.pk, []), paid_back, complaint_days),
            now,
        )
        for part in parts
    ]


def _complaint_deadline(
    part: OrderPart, parcels: Sequence[Parcel], paid_back: Collection[uuid.UUID], days: int
) -> datetime.datetime | None:
    """Return until when the buyer may complain about the part's last items; None if nothing has arrived."""
    lines = {line.pk: line for line in part.lines.all() if line.pk not in paid_back}
    deadlines = [
        complaint_deadline(
            lines[row.order_line_id], parcel.delivered_at, days=days, hours=part.cooperative.claim_hours
        )
        for parcel in parcels
        if parcel.is_outgoing and parcel.delivered_at is not None and parcel.state == ParcelState.DELIVERED
        for row in parcel.lines.all()
        if row.order_line_id in lines
    ]
    return max(deadlines, default=None)


def _current_names(order: Order, parts: Sequence[OrderPart]) -> dict[uuid.UUID, str]:
    """Return current product names in the page's language, by line id, for lines sold without a name in it.

    They are only shown beside the agreed names, and not for products renamed since the sale. Three queries;
    none if the page is in the shop's default language.
    """
    page_language = get_language()
    lines = [
        line
        for part in parts
        for line in part.lines.all()
        if page_language != settings.LANGUAGE_CODE
        and not (line.translated_product_name and order.language == page_language)
    ]
    if not lines:
        return {}
    keys = {line.variant_id for line in lines}
    variants = Variant.objects.select_related("product").in_bulk([key for key in keys if key])
    unrenamed = [
        (line, variant)
        for line in lines
        for variant in [variants.get(line.variant_id or 0)]
        if variant and (variant.product.name, variant.name) == (line.product_name, line.variant_name)
    ]
    show_in_language([variant.product for _line, variant in unrenamed], "name")
    show_in_language([variant for _line, variant in unrenamed], "name")
    return {
        line.pk: ", ".join(
            item.name
            for item in (variant.product, variant)
            if item.name and "name" not in untranslated_fields(item)
        )
        for line, variant in unrenamed
        if "name" not in untranslated_fields(variant.product)
    }


def _pictures_by_part(parts: list[OrderPart]) -> dict[int, Picture]:
    """Return the first picture of each part, by part id."""
    keys = {
        part.pk: next((line.picture_key for line in part.lines.all() if line.picture_key), None)
        for part in parts
    }
    pictures = Picture.objects.in_bulk([key for key in keys.values() if key])
    return {part: pictures[key] for part, key in keys.items() if key in pictures}
