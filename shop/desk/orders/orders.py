"""Orders at the desk: search, detail, cancellation."""

from __future__ import annotations

import uuid
from collections.abc import Callable
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
from orders.actions.fulfilment.undo_steps import ParcelStep, undoable_steps
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
    WeightQuestion,
    parcel_position_labels,
)
from orders.models.order import OrderQuerySet
from orders.payments.stripe_messages import dispute_reason_text
from orders.states import ParcelKind, ParcelState, PartState
from orders.views.buyer_answers import substitute_answer_action, weight_answer_action
from orders.views.payment_page import PaymentChoice, payment_view
from orders.views.refund_page import amount_awaiting_account, refund_views
from orders.views.substitutes import answered_substitutes, waiting_substitutes
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
MAX_COUNTED = 1000  # staff do not turn more pages, and counting everything is slow


@dataclass(frozen=True, slots=True)
class ParcelView:
    """A parcel, its number of the total, and the delivery form while it is in transit."""

    parcel: Parcel
    position: str
    form: DeliveryForm | None

    @property
    def undoable(self) -> list[ParcelStep]:
        return [step for step, _until in undoable_steps(self.parcel)]


@dataclass(frozen=True, slots=True)
class PartView:
    """A part with its parcels; `may_cancel` before anything was dispatched, `may_refund` until all of its
    money is refunded."""

    part: OrderPart
    lines: list[OrderLine]
    parcels: list[ParcelView]
    may_cancel: bool
    may_refund: bool
    unsent: list[str]

    @property
    def shown_parcels(self) -> list[ParcelView]:
        """The parcels without those of items that are not sent, which `unsent` names."""
        return [parcel for parcel in self.parcels if parcel.parcel.kind != ParcelKind.REFUND]

    @property
    def may_undo_acceptance(self) -> bool:
        """Return whether the part is accepted and not packed yet."""
        is_untouched = all(parcel.parcel.state == ParcelState.VOIDED for parcel in self.parcels)
        return self.part.state == PartState.ACCEPTED and is_untouched

    @property
    def state_label(self) -> str:
        """The part's progress, as also shown to the buyer."""
        return self.part.state_label([parcel.parcel for parcel in self.parcels])


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def list_orders(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Search placed orders, newest first."""
    form = OrderSearch(request.GET)
    parts = OrderPart.objects.select_related("cooperative").order_by("number")
    rows = (
        _search_orders(form)
        .newest_first()
        .prefetch_related(Prefetch("parts", parts), "payments")[:MAX_COUNTED]
    )
    context = {
        "form": form,
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "counted": MAX_COUNTED,
    }
    return render(request, "desk/orders.html", context)


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def show_order(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Show an order."""
    order = get_object_or_404(
        Order.objects.placed()
        .select_related("shipping_address", "channel", "user", "invoice")
        .prefetch_related(DISCOUNTS),
        pk=order_id,
    )
    refunds = refund_views(order, is_for_desk=True)
    parts = _parts(order, [refund.refund for refund in refunds])
    context = {
        "order": order,
        "parts": parts,
        "sums": totals_of_order(order, {part.part.cooperative_id: part.part.cooperative for part in parts}),
        "payments": _payments(order),
        "other_methods": _other_methods(order),
        "disputes": _disputes(order),
        "refunds": refunds,
        "awaiting_account_amount": amount_awaiting_account(refunds),
        "complaints": Complaint.objects.filter(part__order=order).select_related("part").newest_first(),
        "surplus": refundable_surplus(order),
        "account": _account_form(order),
        "key": uuid.uuid4(),
        "questions": WeightQuestion.objects.of_order(order).open().in_order(),
        "substitutes": waiting_substitutes(order, timezone.now()),
        "answered_substitutes": answered_substitutes(order),
        "history": change_views(Change.objects.of_row_and_parts(order).oldest_first()),
        "consents": Consent.objects.filter(subject=f"order:{order.pk}").order_by("given_at", "pk"),
        "form": ReasonForm(),
        "may_cancel": any(part.may_cancel for part in parts)
        and all(part.may_cancel for part in parts if part.part.is_active),
    }
    return render(request, "desk/order.html", context)


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def cancel_order_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Cancel all active parts of an order."""
    order = get_object_or_404(Order.objects.placed(), pk=order_id)
    action = partial(
        cancel_order, order_id=order.pk, reason=reason_of(request.POST), actor=actor, now=timezone.now()
    )
    page = reverse("desk:order", args=[order_id])
    return run_action(request, action, url=page, message=_("Order cancelled. The buyer has been notified."))


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def cancel_part_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID, number: int) -> HttpResponse:
    """Cancel one part."""
    part = get_object_or_404(OrderPart, order=order_id, order__placed_at__isnull=False, number=number)
    action = partial(
        cancel_part, part_id=part.pk, reason=reason_of(request.POST), actor=actor, now=timezone.now()
    )
    page = reverse("desk:order", args=[order_id])
    return run_action(
        request, action, url=page, message=_("Seller's part cancelled. The buyer has been notified.")
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
    chosen = request.POST.get("payment", "")
    if chosen not in PaymentMethod.values:
        raise Http404
    action = partial(
        change_payment_method,
        order_id=order.pk,
        method=PaymentMethod(chosen),
        actor=actor,
        now=timezone.now(),
    )
    page = f"{reverse('desk:order', args=[order_id])}#payments"
    return run_action(request, action, url=page, message=_("Payment method changed."))


def _search_orders(form: OrderSearch) -> OrderQuerySet:
    orders = Order.objects.placed()
    if form.chosen("q"):
        orders = orders.matching(form.chosen("q"))
    if form.chosen("status"):
        orders = orders.filter(status=form.chosen("status"))
    if form.chosen("source"):
        orders = orders.filter(source=form.chosen("source"))
    if form.chosen("cooperative"):
        orders = orders.filter(parts__cooperative=form.chosen("cooperative"))
    if form.chosen("day"):
        orders = orders.placed_on_day(form.chosen("day"))
    return orders


def _parts(order: Order, refunds: list[Refund]) -> list[PartView]:
    parts = (
        OrderPart.objects.filter(order=order)
        .select_related("cooperative")
        .prefetch_related(
            Prefetch("lines", OrderLine.objects.in_order()),
            Prefetch("parcels", Parcel.objects.in_order().prefetch_related("lines")),
        )
        .order_by("number")
    )
    part_views = []
    for part in parts:
        parcels = list(part.parcels.all())
        positions = parcel_position_labels(parcels)
        parcel_views = [
            ParcelView(parcel, positions.get(parcel.pk, ""), _delivery_form(parcel)) for parcel in parcels
        ]
        lines, may_cancel = list(part.lines.all()), part.may_be_cancelled(parcels)
        refunded = sum(refund.amount - refund.surplus for refund in refunds if refund.part_id == part.pk)
        refundable = part.delivery_gross + sum(line.total_gross for line in lines) - refunded
        may_refund = part.is_active and order.confirmed_at is not None and refundable > 0
        unsent = [
            refund.unsent_label
            for refund in refunds
            if refund.part_id == part.pk and refund.is_for_unsent_items
        ]
        part_views.append(PartView(part, lines, parcel_views, may_cancel, may_refund, unsent))
    return part_views


def _other_methods(order: Order) -> list[PaymentChoice]:
    """Return the payment methods that the buyer may still switch to."""
    paying = payment_view(order, now=timezone.now())
    return paying.other_methods if paying is not None else []


def _disputes(order: Order) -> list[tuple[Dispute, str, bool]]:
    """Return chargebacks, each with its reason and whether the evidence deadline has passed."""
    rows, now = Dispute.objects.filter(payment__order=order).newest_first(), timezone.now()
    return [(row, str(dispute_reason_text(row.reason)), row.is_late(now)) for row in rows]


def _account_form(order: Order) -> RefundAccountForm:
    """Return the refund account form, proposing the account that was paid from."""
    payer_account = last_payer_account(order)
    initial = (
        {"bank": payer_account.bank_bin, "account": payer_account.account, "holder": payer_account.holder}
        if payer_account
        else {}
    )
    return RefundAccountForm(initial=initial)


def _delivery_form(parcel: Parcel) -> DeliveryForm | None:
    is_under_way = parcel.is_outgoing and parcel.state == ParcelState.HANDED_OVER
    return DeliveryForm(parcel=parcel) if is_under_way else None


def _payments(order: Order) -> list[dict[str, object]]:
    """Return payments with their events and totals."""
    events = PaymentEvent.objects.order_by("created_at", "pk")
    payments = Payment.objects.filter(order=order)
    sums = payments.sums()
    rows = payments.prefetch_related(Prefetch("events", events)).order_by("created_at", "pk")
    return [{"payment": row, "sums": sums.get(row.pk, PaymentSums())} for row in rows]
