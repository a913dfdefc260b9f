"""Complaints at the desk: answer for a cooperative, or overrule its rejection."""

from __future__ import annotations

import uuid
from functools import partial

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.complaints.answer_complaint import accept_complaint, reject_complaint
from orders.forms.complaints import AcceptComplaintForm, build_answer_form
from orders.models import Complaint, Refund
from orders.states import ComplaintState
from orders.views.refund_page import STAFF_TEXTS, build_refund_displays, read_refund_progress
from orders.views.remedy_review import RemedyReview, build_remedy_review
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.models import Change, bind_idempotency_key
from shop.core.texts.formatting import format_money
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_edited, is_reviewed, submitted_fields
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import submitted_reason
from shop.desk.review_page import render_review
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only

PER_PAGE = 30


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def list_complaints(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List complaints by state (`?o=`), by default open ones, most urgent first."""
    state = request.GET.get("o", "")
    complaints = Complaint.objects.select_related("part__order", "part__cooperative")
    if state in set(ComplaintState) - {ComplaintState.OPEN}:
        filtered_complaints = complaints.filter(state=state).newest_first()
    else:
        state, filtered_complaints = ComplaintState.OPEN, complaints.open()
    context = {
        "page": Paginator(filtered_complaints, PER_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": ComplaintState.choices,
        "now": timezone.now(),
    }
    return render(request, "desk/complaints.html", context)


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def show_complaint(request: HttpRequest, actor: Actor, complaint_id: uuid.UUID) -> HttpResponse:
    """Show a complaint, with forms to answer it or to overrule a rejection."""
    return _render_complaint(
        request, get_object_or_404(Complaint.objects.with_displayed_rows(), pk=complaint_id)
    )


@require_safe_or_post
@staff_only(Permission.MANAGE_ORDERS)
@require_recent_sign_in
def accept_complaint_view(request: HttpRequest, actor: Actor, complaint_id: uuid.UUID) -> HttpResponse:
    """Accept a complaint with a remedy, after a review of its cost, its bearer and the refund's route."""
    if request.method != "POST":
        return redirect("desk:complaint", complaint_id)
    complaint = get_object_or_404(Complaint.objects.with_displayed_rows(), pk=complaint_id)
    form = build_answer_form(complaint, request.POST, is_for_members=False)
    if not form.is_valid() or is_edited(request):
        return _render_complaint(request, complaint, form)
    review = build_remedy_review(complaint, form)
    if not is_reviewed(request):
        context = {
            "complaint": complaint,
            "order": complaint.part.order,
            "fields": submitted_fields(request),
            "review": review,
        }
        return render(request, "desk/complaint_review.html", context)
    action = partial(
        accept_complaint,
        complaint_id=complaint.pk,
        remedy=form.remedy,
        answer=form.cleaned_data["answer"],
        idempotency_key=bind_idempotency_key(
            str(form.cleaned_data["idempotency_key"]), "desk", "accept", complaint.pk
        ),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(
        request,
        action,
        url=reverse("desk:complaint", args=[complaint.pk]),
        message=lambda _complaint: _build_accepted_message(complaint, review),
    )


def _build_accepted_message(complaint: Complaint, review: RemedyReview) -> str:
    """Return what was decided, who bears it, and where the buyer's money is now."""
    if not review.amount:
        return gettext("Complaint accepted. The buyer and the cooperative have been notified.")
    text = (
        gettext("Complaint accepted: refund of %(amount)s, borne by the market.")
        if review.is_at_market_cost
        else gettext("Complaint accepted: refund of %(amount)s, borne by %(name)s.")
    )
    values = {
        "amount": format_money(review.amount, complaint.part.order.currency),
        "name": complaint.part.cooperative.name,
    }
    progress = read_refund_progress(Refund.objects.filter(complaint=complaint), STAFF_TEXTS)
    notified = gettext("The buyer and the cooperative have been notified.")
    return " ".join([text % values, progress, notified])


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def reject_complaint_view(request: HttpRequest, actor: Actor, complaint_id: uuid.UUID) -> HttpResponse:
    """Reject a complaint with a reason, after a review of what the buyer reads."""
    complaint = get_object_or_404(Complaint.objects.select_related("part__order"), pk=complaint_id)
    if submitted_reason(request.POST).strip() and complaint.is_open and not is_reviewed(request):
        return _review_rejection(request, complaint)
    action = partial(
        reject_complaint,
        complaint_id=complaint.pk,
        reason=submitted_reason(request.POST),
        idempotency_key=bind_idempotency_key(
            request.POST.get("idempotency_key", ""), "desk", "reject", complaint.pk
        ),
        actor=actor,
        now=timezone.now(),
    )
    return_url = reverse("desk:complaint", args=[complaint.pk])
    return run_action(
        request, action, url=return_url, message=_("The buyer and the cooperative have been notified.")
    )


def _review_rejection(request: HttpRequest, complaint: Complaint) -> HttpResponse:
    order = complaint.part.order
    return render_review(
        request,
        title=gettext("Reject the complaint about order %(code)s?") % {"code": order.code},
        facts=[
            (gettext("Buyer"), order.buyer_name),
            (gettext("Complaint"), complaint.text),
            (gettext("Your answer"), submitted_reason(request.POST)),
        ],
        effects=[
            gettext("The buyer and the cooperative read your answer at once. Nothing is refunded."),
            gettext("You can still accept the complaint later."),
        ],
        label=gettext("Reject the complaint"),
        back_url=reverse("desk:complaint", args=[complaint.pk]),
        back_label=gettext("Back to the complaint"),
        is_stop=True,
    )


def _render_complaint(
    request: HttpRequest, complaint: Complaint, form: AcceptComplaintForm | None = None
) -> HttpResponse:
    may_accept = complaint.state in (ComplaintState.OPEN, ComplaintState.REJECTED)
    context = {
        "complaint": complaint,
        "part": complaint.part,
        "order": complaint.part.order,
        "now": timezone.now(),
        "idempotency_key": uuid.uuid4(),
        "refund_displays": build_refund_displays(Refund.objects.filter(complaint=complaint), STAFF_TEXTS),
        "parcels": list(complaint.parcels.in_order()),
        "answer": (form or build_answer_form(complaint, is_for_members=False)) if may_accept else None,
        "history": build_change_displays(Change.objects.of_row(complaint).newest_first()),
    }
    return render(
        request, "desk/complaint.html", context, status=422 if form is not None and form.errors else 200
    )
