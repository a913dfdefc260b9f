"""Decide refunds at the desk: amounts, who bears them, and returned items."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from cooperatives.models import Warehouse
from orders.actions.fulfilment.parcel_returns import cancel_return, receive_return
from orders.actions.payouts.refund_execution import pay_refund_by_bank, set_refund_account
from orders.actions.refunds.refund_decisions import (
    EmptyRefund,
    RefundDecision,
    RefundLimits,
    decide_refund,
    read_refund_limits,
)
from orders.forms.refunds import RefundAccountForm, RefundForm
from orders.forms.returns import build_return_form
from orders.models import Order, OrderPart, Parcel, Refund
from orders.states import RETURN_KINDS
from orders.views.refund_page import STAFF_TEXTS, read_refund_progress
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import bind_idempotency_key
from shop.core.texts.formatting import format_money
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import submitted_reason
from shop.staff_pages import staff_only


@require_safe_or_post
@staff_only(Permission.MANAGE_ORDERS)
@require_recent_sign_in
def refund_order(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Refund the part chosen by `?goi=`, or an overpayment.

    The button "preview" shows the total before anything is refunded. So does any button if the fields no
    longer add up to the `confirmed` total, which the page has shown.
    """
    order = get_object_or_404(Order.objects.placed(), pk=order_id)
    parts = list(order.parts.select_related("cooperative").order_by("number"))
    part, limits = _find_chosen_part(request, order, parts)
    form = RefundForm(
        request.POST or None,
        limits=limits,
        warehouses=_read_open_warehouses(part),
        initial={"idempotency_key": uuid.uuid4()},
    )
    decision = form.decision if request.method == "POST" and form.is_valid() else None
    if decision and decision.amount <= 0:
        form.add_error(None, str(EmptyRefund.default_message))
    elif (
        decision
        and not _needs_preview(request, decision)
        and _decide_refund(form, decision, order, part, actor)
    ):
        messages.success(request, _build_decided_message(order, decision))
        return redirect("desk:order", order_id=order_id)
    context = {
        "order": order,
        "part": part,
        "parts": parts,
        "form": form,
        "limits": limits,
        "is_unpaid": not order.charged,
        "decision": decision if not form.errors else None,
        "summary": _summary(decision, limits) if decision else [],
    }
    return render(request, "desk/refund.html", context, status=422 if form.errors else 200)


def _build_decided_message(order: Order, decision: RefundDecision) -> str:
    """Return the amount, and where the buyer's money is now."""
    amount = format_money(decision.amount, order.currency)
    if not order.charged:
        text = gettext("Amount due reduced by %(amount)s. The buyer has been notified.")
        return text % {"amount": amount}
    refunds = Refund.objects.filter(order=order).order_by("-decided_at", "-pk")[:1]
    progress = read_refund_progress(Refund.objects.filter(pk__in=refunds.values("pk")), STAFF_TEXTS)
    text = gettext("Refund of %(amount)s decided. %(progress)s The buyer has been notified.")
    return text % {"amount": amount, "progress": progress}


def _decide_refund(
    form: RefundForm, decision: RefundDecision, order: Order, part: OrderPart | None, actor: Actor
) -> bool:
    """Decide the refund. If it is refused, add the error to the form and return False."""
    try:
        decide_refund(
            order_id=order.pk,
            part_id=part.pk if part else None,
            decision=decision,
            idempotency_key=bind_idempotency_key(
                str(form.cleaned_data["idempotency_key"]), "desk", "refund", order.pk
            ),
            actor=actor,
            now=timezone.now(),
        )
    except (Missing, Refused) as refused:
        form.add_error(None, str(refused.message))
        return False
    return True


def _find_chosen_part(
    request: HttpRequest, order: Order, parts: list[OrderPart]
) -> tuple[OrderPart | None, RefundLimits]:
    """Return the part of `?goi=` with its limits.

    Without it, return an overpayment or the first part to refund. Raises Missing.
    """
    chosen_part_number = request.GET.get("goi", "")
    part = next((part for part in parts if str(part.number) == chosen_part_number), None)
    if part is None and chosen_part_number:
        raise Missing()
    limits = read_refund_limits(order, part)
    if part is None and not limits.surplus and request.method != "POST":
        for candidate in parts:
            candidate_limits = read_refund_limits(order, candidate)
            if candidate_limits.has_refundable_money:
                return candidate, candidate_limits
    return part, limits


def _needs_preview(request: HttpRequest, decision: RefundDecision) -> bool:
    confirmed = request.POST.get("confirmed")
    return "preview" in request.POST or (confirmed is not None and confirmed != str(decision.amount))


def _summary(decision: RefundDecision, limits: RefundLimits) -> list[tuple[str, int]]:
    """Return what is refunded, with names and amounts."""
    rows = []
    for key, refunded in decision.lines.items():
        line = limits.lines[key].line
        rows.append((", ".join(filter(None, [line.product_name, line.variant_name])), refunded.amount))
    if decision.delivery:
        rows.append((gettext("Delivery"), decision.delivery))
    if decision.surplus:
        rows.append((gettext("Overpayment"), decision.surplus))
    return rows


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
@require_recent_sign_in
def refund_by_bank_view(
    request: HttpRequest, actor: Actor, order_id: uuid.UUID, refund_id: uuid.UUID
) -> HttpResponse:
    """Pay a failed card refund by bank transfer."""
    refund = get_object_or_404(Refund, pk=refund_id, order=order_id)
    action = partial(
        pay_refund_by_bank,
        refund_id=refund.pk,
        idempotency_key=bind_idempotency_key(
            request.POST.get("idempotency_key", ""), "desk", "by-bank", refund.pk
        ),
        actor=actor,
        now=timezone.now(),
    )
    return_url = reverse("desk:order", args=[order_id])
    return run_action(
        request, action, url=return_url, message=_("We have asked the buyer for an account number.")
    )


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
@require_recent_sign_in
def edit_refund_account(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Enter the refund account that a buyer gave by phone."""
    order = get_object_or_404(Order.objects.placed(), pk=order_id)
    return_url = f"{reverse('desk:order', args=[order_id])}#refunds"
    form = RefundAccountForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Enter the bank, the account number and the account holder."))
        return redirect(return_url)
    action = partial(
        set_refund_account, order_id=order.pk, account=form.bank_account, actor=actor, now=timezone.now()
    )
    return run_action(
        request, action, url=return_url, message=_("Thank you. We will send the money to this account.")
    )


@require_safe_or_post
@staff_only(Permission.MANAGE_ORDERS)
@require_recent_sign_in
def record_parcel_return(
    request: HttpRequest, actor: Actor, order_id: uuid.UUID, parcel_id: int
) -> HttpResponse:
    """Record that a return parcel arrived, or will not arrive."""
    returns = Parcel.objects.filter(kind__in=RETURN_KINDS, part__order=order_id)
    parcel = get_object_or_404(returns.select_related("part__order", "part__cooperative"), pk=parcel_id)
    return_url, now = reverse("desk:order", args=[order_id]), timezone.now()
    if request.method == "POST" and "kept" in request.POST:
        cancel = partial(
            cancel_return, parcel_id=parcel.pk, reason=submitted_reason(request.POST), actor=actor, now=now
        )
        return run_action(request, cancel, url=return_url, message=_("Saved: the items are not coming back."))
    form = build_return_form(parcel, request.POST or None)
    if request.method == "POST" and form.is_valid():
        receive = partial(
            receive_return,
            parcel_id=parcel.pk,
            damaged=form.damaged,
            warehouse_id=uuid.UUID(form.cleaned_data["warehouse"]),
            idempotency_key=bind_idempotency_key(
                request.POST.get("idempotency_key", ""), "desk", "return", parcel.pk
            ),
            actor=actor,
            now=now,
        )
        return run_action(request, receive, url=return_url, message=_("Returned items recorded."))
    context = {"order": parcel.part.order, "parcel": parcel, "form": form, "idempotency_key": uuid.uuid4()}
    return render(request, "desk/parcel_return.html", context, status=422 if form.errors else 200)


def _read_open_warehouses(part: OrderPart | None) -> list[Warehouse]:
    if part is None:
        return []
    return list(Warehouse.objects.for_cooperative(part.cooperative).open())
