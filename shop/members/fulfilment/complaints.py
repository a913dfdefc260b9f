"""Buyers' complaints to a cooperative: list, detail, acceptance and rejection."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.complaints.answer_complaint import accept_complaint, reject_complaint
from orders.actions.fulfilment.parcel_returns import receive_return
from orders.forms.complaints import AcceptComplaintForm, build_answer_form
from orders.forms.returns import build_return_form
from orders.models import Complaint, Parcel, Refund
from orders.states import RETURN_KINDS, ComplaintState
from orders.views.refund_page import COOPERATIVE_TEXTS, build_refund_displays
from orders.views.remedy_review import build_remedy_review
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.errors import Missing
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_edited, is_reviewed, submitted_fields
from shop.members.buyer_messages import message_about_complaint
from shop.members.forms.fields import ReasonForm
from shop.members.fulfilment.parts import part_url
from shop.members.member_access import for_members, render_page, submitted_key

PER_PAGE = 20
REJECT_REASONS = [
    _("The photos show no defect."),
    _("The goods were kept too long or too warm after they arrived."),
    _("This was stated when the goods were ordered."),
]


@require_safe
@for_members(MemberRight.PACK)
def list_complaints(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List open complaints, most urgent first, then answered ones, newest first."""
    cooperative_complaints = Complaint.objects.for_cooperative(membership.cooperative).select_related(
        "part__order"
    )
    answered_complaints = cooperative_complaints.exclude(state=ComplaintState.OPEN).newest_first()
    page = Paginator(answered_complaints, PER_PAGE).get_page(request.GET.get("page"))
    context = {"open": list(cooperative_complaints.open()), "page": page, "now": timezone.now()}
    return render_page(request, membership, "members/complaints.html", context)


@require_safe
@for_members(MemberRight.PACK)
def show_complaint(
    request: HttpRequest, membership: MembershipContext, complaint_id: uuid.UUID
) -> HttpResponse:
    """Show a complaint with its items and photos. Only managers may answer it."""
    return _render_complaint(request, membership, _find_complaint(membership, complaint_id))


@require_POST
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def accept_complaint_view(
    request: HttpRequest, membership: MembershipContext, complaint_id: uuid.UUID
) -> HttpResponse:
    """Accept a complaint with a remedy, after a review of what it costs and how the buyer is paid."""
    complaint = _find_complaint(membership, complaint_id)
    form = build_answer_form(complaint, request.POST, is_for_members=True)
    if not form.is_valid() or is_edited(request):
        return _render_complaint(request, membership, complaint, acceptance_form=form)
    if complaint.is_open and not is_reviewed(request):
        return _render_review(request, membership, complaint, form)
    action = partial(
        accept_complaint,
        complaint_id=complaint.pk,
        remedy=form.remedy,
        answer=form.cleaned_data["answer"],
        idempotency_key=submitted_key(request, "accept", complaint.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(
        request, action, url=_complaint_url(complaint), message=_("The buyer has been notified.")
    )


@require_POST
@for_members(MemberRight.MANAGE)
def reject_complaint_view(
    request: HttpRequest, membership: MembershipContext, complaint_id: uuid.UUID
) -> HttpResponse:
    """Reject a complaint with a reason."""
    complaint = _find_complaint(membership, complaint_id)
    form = ReasonForm(request.POST, reasons=list(REJECT_REASONS))
    if not form.is_valid():
        return _render_complaint(request, membership, complaint, rejection_form=form)
    action = partial(
        reject_complaint,
        complaint_id=complaint.pk,
        reason=form.reason,
        idempotency_key=submitted_key(request, "reject", complaint.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(
        request, action, url=_complaint_url(complaint), message=_("The buyer has been notified.")
    )


@require_POST
@for_members(MemberRight.PACK)
def receive_return_view(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Receive a return parcel: warehouse and damaged quantities."""
    returns = Parcel.objects.for_cooperative(membership.cooperative).filter(kind__in=RETURN_KINDS)
    parcel = returns.filter(pk=parcel_id).first()
    if parcel is None:
        raise Missing()
    form = build_return_form(parcel, request.POST)
    url = part_url(parcel.part_id)
    if not form.is_valid():
        messages.error(request, _("Enter the number of damaged items and choose a warehouse."))
        return redirect(url)
    action = partial(
        receive_return,
        parcel_id=parcel.pk,
        damaged=form.damaged,
        warehouse_id=uuid.UUID(form.cleaned_data["warehouse"]),
        idempotency_key=submitted_key(request, "return", parcel.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=url, message=_("Returned items recorded."))


def _find_complaint(membership: MembershipContext, complaint_id: uuid.UUID) -> Complaint:
    """Return the cooperative's complaint with the rows that its page shows. Raises Missing."""
    complaints = Complaint.objects.for_cooperative(membership.cooperative).with_displayed_rows()
    complaint = complaints.filter(pk=complaint_id).first()
    if complaint is None:
        raise Missing()
    return complaint


def _render_complaint(
    request: HttpRequest,
    membership: MembershipContext,
    complaint: Complaint,
    *,
    acceptance_form: AcceptComplaintForm | None = None,
    rejection_form: ReasonForm | None = None,
) -> HttpResponse:
    may_answer = complaint.is_open and membership.may(MemberRight.MANAGE)
    context = {
        "complaint": complaint,
        "part": complaint.part,
        "order": complaint.part.order,
        "message": message_about_complaint(complaint.part),
        "now": timezone.now(),
        "idempotency_key": uuid.uuid4(),
        "refund_displays": build_refund_displays(
            Refund.objects.filter(complaint=complaint), COOPERATIVE_TEXTS
        ),
        "parcels": list(complaint.parcels.in_order()),
        "answer": (acceptance_form or build_answer_form(complaint, is_for_members=True))
        if may_answer
        else None,
        "no": (rejection_form or ReasonForm(reasons=list(REJECT_REASONS))) if may_answer else None,
        "opened": "no" if rejection_form is not None else "yes" if acceptance_form is not None else "",
    }
    return render_page(request, membership, "members/complaint.html", context)


def _render_review(
    request: HttpRequest, membership: MembershipContext, complaint: Complaint, form: AcceptComplaintForm
) -> HttpResponse:
    """Show what the answer would do: the refund, who bears it, and how the buyer gets it."""
    context = {
        "complaint": complaint,
        "order": complaint.part.order,
        "fields": submitted_fields(request),
        "review": build_remedy_review(complaint, form),
    }
    return render_page(request, membership, "members/complaint_review.html", context)


def _complaint_url(complaint: Complaint) -> str:
    return reverse("members:complaint", args=[complaint.pk])
