"""Orders at the desk: search, detail, cancellation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part
from orders.actions.fulfilment.weigh_lines import answer_weight_question
from orders.actions.payments.order_payments import change_payment_method
from orders.actions.payouts.bank_accounts import last_payer_account
from orders.actions.payouts.surplus_refunds import refundable_surplus
from orders.forms.refunds import RefundAccountForm
from orders.models import (
    Complaint,
    Dispute,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    Payment,
    PaymentEvent,
    PaymentMethod,
    PaymentSums,
    Refund,
    WeightAnswer,
    WeightQuestion,
    parcel_position_labels,
)
from orders.models.order import OrderQuerySet
from orders.payments.stripe_messages import dispute_reason_text
from orders.states import ParcelState
from orders.views.payment_page import PaymentChoice, payment_view
from orders.views.refund_page import amount_awaiting_account, refund_views
from orders.views.sum_rows import DISCOUNTS, totals_of_order
from shop.accounts.models import Consent
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.models import Change
from shop.core.web.action_results import run_action
from shop.desk.forms import DeliveryForm, OrderSearch, ReasonForm, reason_of
from shop.desk.overview.history import change_views
from shop.staff_pages import staff_only

PER_PAGE = 30
COUNTED = 1000  # lists are counted up to here: nobody turns more pages, and counting everything is slow


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel, its number of the total, and the delivery form while it is in transit."""

    parcel: Parcel
    place: str
    form: DeliveryForm | None


@dataclass(frozen=True, slots=True)
class PartView:
    """A part with its parcels; `may_cancel` before anything was dispatched, `may_give_back` until all of its
    money is refunded."""

    part: OrderPart
    lines: list[OrderLine]
    parcels: list[ParcelView]
    may_cancel: bool
    may_give_back: bool

    @property
    def state_label(self) -> str:
        """The part's progress, as also shown to the buyer."""
        return self.part.state_label([each.parcel for each in self.parcels if each.parcel.is_counting])


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def orders(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Search placed orders, newest first."""
    form = OrderSearch(request.GET)
    parts = OrderPart.objects.select_related("cooperative").order_by("number")
    rows = (
        _search_orders(form).newest_first().prefetch_related(Prefetch("parts", parts), "payments")[:COUNTED]
    )
    context = {
        "form": form,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "counted": COUNTED,
    }
    return render(request, "desk/orders.html", context)


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def order(request: HttpRequest, actor: Actor, token: uuid.UUID) -> HttpResponse:
    """Show an order."""
    shown = get_object_or_404(
        Order.objects.placed()
        .select_related("shipping_address", "channel", "user", "invoice")
        .prefetch_related(DISCOUNTS),
        pk=token,
    )
    refunds = refund_views(shown, to_desk=True)
    parts = _parts(shown, [each.refund for each in refunds])
    context = {
        "order": shown,
        "parts": parts,
        "sums": totals_of_order(shown, {each.part.cooperative_id: each.part.cooperative for each in parts}),
        "payments": _payments(shown),
        "other_methods": _other_methods(shown),
        "disputes": _disputes(shown),
        "refunds": refunds,
        "waiting": amount_awaiting_account(refunds),
        "complaints": Complaint.objects.filter(part__order=shown).select_related("part").newest_first(),
        "surplus": refundable_surplus(shown),
        "account": _account_form(shown),
        "key": uuid.uuid4(),
        "questions": WeightQuestion.objects.of_order(shown).open().in_order(),
        "history": change_views(Change.objects.under(shown).in_time()),
        "consents": Consent.objects.filter(about=f"order:{shown.pk}").order_by("given_at", "pk"),
        "form": ReasonForm(),
        "may_cancel": any(each.may_cancel for each in parts)
        and all(each.may_cancel for each in parts if each.part.is_active),
    }
    return render(request, "desk/order.html", context)


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def order_cancellation(request: HttpRequest, actor: Actor, token: uuid.UUID) -> HttpResponse:
    """Cancel all active parts of an order."""
    shown = get_object_or_404(Order.objects.placed(), pk=token)
    action = partial(
        cancel_order, order_id=shown.pk, reason=reason_of(request.POST), actor=actor, now=timezone.now()
    )
    page = reverse("desk:order", args=[token])
    return run_action(
        request, action, url=page, message=_("The order is cancelled. The buyer has been told.")
    )


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def part_cancellation(request: HttpRequest, actor: Actor, token: uuid.UUID, number: int) -> HttpResponse:
    """Cancel one part."""
    part = get_object_or_404(OrderPart, order=token, order__placed_at__isnull=False, number=number)
    action = partial(
        cancel_part, part_id=part.pk, reason=reason_of(request.POST), actor=actor, now=timezone.now()
    )
    page = reverse("desk:order", args=[token])
    return run_action(request, action, url=page, message=_("The part is cancelled. The buyer has been told."))


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def weight_answer(
    request: HttpRequest, actor: Actor, token: uuid.UUID, question_id: uuid.UUID
) -> HttpResponse:
    """Record a buyer's answer, given by phone, about weight above the agreed bound."""
    asked = WeightQuestion.objects.filter(line__order__in=Order.objects.placed().filter(pk=token))
    question = get_object_or_404(asked, pk=question_id)
    answer = request.POST.get("answer")
    if answer not in (WeightAnswer.AGREED, WeightAnswer.REFUSED):
        raise Http404
    action = partial(
        answer_weight_question,
        question_id=question.pk,
        agreed=answer == WeightAnswer.AGREED,
        actor=actor,
        now=timezone.now(),
    )
    return run_action(
        request, action, url=reverse("desk:order", args=[token]), message=_("The cooperative knows.")
    )


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def payment_method(request: HttpRequest, actor: Actor, token: uuid.UUID) -> HttpResponse:
    """Change the payment method for a buyer who asked by phone."""
    shown = get_object_or_404(Order.objects.placed(), pk=token)
    chosen = request.POST.get("payment", "")
    if chosen not in PaymentMethod.values:
        raise Http404
    action = partial(
        change_payment_method,
        order_id=shown.pk,
        method=PaymentMethod(chosen),
        actor=actor,
        now=timezone.now(),
    )
    page = f"{reverse('desk:order', args=[token])}#payments"
    return run_action(request, action, url=page, message=_("The payment method is changed."))


def _search_orders(form: OrderSearch) -> OrderQuerySet:
    found = Order.objects.placed()
    if form.chosen("q"):
        found = found.matching(form.chosen("q"))
    if form.chosen("status"):
        found = found.filter(status=form.chosen("status"))
    if form.chosen("source"):
        found = found.filter(source=form.chosen("source"))
    if form.chosen("cooperative"):
        found = found.filter(parts__cooperative=form.chosen("cooperative"))
    if form.chosen("day"):
        found = found.placed_on_day(form.chosen("day"))
    return found


def _parts(order: Order, refunds: list[Refund]) -> list[PartView]:
    rows = (
        OrderPart.objects.filter(order=order)
        .select_related("cooperative")
        .prefetch_related(
            Prefetch("lines", OrderLine.objects.in_order()),
            Prefetch("parcels", Parcel.objects.in_order().prefetch_related("lines")),
        )
        .order_by("number")
    )
    shown = []
    for row in rows:
        parcels = list(row.parcels.all())
        place = parcel_position_labels(parcels)
        told = [ParcelView(each, place.get(each.pk, ""), _delivery_form(each)) for each in parcels]
        lines, may_cancel = list(row.lines.all()), row.may_be_cancelled(parcels)
        given = sum(each.amount - each.surplus for each in refunds if each.part_id == row.pk)
        left = row.delivery_gross + sum(each.total_gross for each in lines) - given
        may_give_back = row.is_active and order.confirmed_at is not None and left > 0
        shown.append(PartView(row, lines, told, may_cancel, may_give_back))
    return shown


def _other_methods(order: Order) -> list[PaymentChoice]:
    """Return the payment methods that the buyer may still switch to."""
    paying = payment_view(order, now=timezone.now())
    return paying.others if paying is not None else []


def _disputes(order: Order) -> list[tuple[Dispute, str, bool]]:
    """Return chargebacks, each with its reason and whether the evidence deadline has passed."""
    rows, now = Dispute.objects.filter(payment__order=order).newest_first(), timezone.now()
    return [(each, str(dispute_reason_text(each.reason)), each.is_late(now)) for each in rows]


def _account_form(order: Order) -> RefundAccountForm:
    """Return the refund account form, proposing the account that was paid from."""
    same = last_payer_account(order)
    said = {"bank": same.bank_bin, "account": same.account, "holder": same.holder} if same else {}
    return RefundAccountForm(initial=said)


def _delivery_form(parcel: Parcel) -> DeliveryForm | None:
    is_under_way = parcel.is_outgoing and parcel.state == ParcelState.HANDED_OVER
    return DeliveryForm(parcel=parcel) if is_under_way else None


def _payments(order: Order) -> list[dict[str, object]]:
    """Return payments with their events and totals."""
    events = PaymentEvent.objects.order_by("at", "pk")
    payments = Payment.objects.filter(order=order)
    sums = payments.sums()
    rows = payments.prefetch_related(Prefetch("events", events)).order_by("created_at", "pk")
    return [{"payment": row, "sums": sums.get(row.pk, PaymentSums())} for row in rows]
