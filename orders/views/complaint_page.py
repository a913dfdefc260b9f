"""File, add to and withdraw a buyer's complaint about one part of an order."""

from __future__ import annotations

import datetime
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from orders.actions.complaints.add_to_complaint import add_to_complaint
from orders.actions.complaints.file_complaint import (
    find_delivered_lines,
    submit_complaint,
    withdraw_complaint,
)
from orders.forms.complaints import ComplaintAdditionForm, ComplaintForm
from orders.models import Complaint, Order, OrderPart, RequestedRemedy
from orders.states import PARTLY_ARRIVED_PROGRESS
from orders.views.current_basket import request_actor
from orders.views.order_access import has_proof
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.images.renditions import store_picture
from shop.core.models import bind_idempotency_key, show_in_language
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.uploads import takes_files


def _is_complaint_possible(request: HttpRequest, order_id: uuid.UUID, number: int) -> bool:
    """Return whether a proven buyer may complain: items arrived in time and no complaint is open."""
    parts = OrderPart.objects.filter(order__in=Order.objects.by_link_id(order_id), number=number)
    part = parts.select_related("order").first()
    if part is None or not has_proof(request, part.order):
        return False
    if Complaint.objects.open().filter(part=part).exists():
        return False
    now = timezone.now()
    return any(delivered_line.is_in_time(now) for delivered_line in find_delivered_lines(part))


@require_safe_or_post
@never_cache
@takes_files(_is_complaint_possible)
def file_complaint(request: HttpRequest, order_id: uuid.UUID, number: int) -> HttpResponse:
    """File a complaint. After the complaint period the page shows the number to call instead."""
    parts = OrderPart.objects.filter(order__in=Order.objects.by_link_id(order_id))
    part = get_object_or_404(parts.select_related("cooperative", "order"), number=number)
    show_in_language([part.cooperative], "name")
    now = timezone.now()
    arrived_lines = find_delivered_lines(part)
    in_time = [arrived_line for arrived_line in arrived_lines if arrived_line.is_in_time(now)]
    open_complaint = Complaint.objects.open().filter(part=part).order_by("created_at", "pk").first()
    is_sent = request.method == "POST"
    if is_sent and _is_repeated(request, part):
        return redirect("orders:order", order_id=order_id)
    is_possible = bool(in_time) and open_complaint is None
    submitted = (request.POST, request.FILES) if is_sent and is_possible else (None, None)
    form = ComplaintForm(*submitted, delivered_lines=in_time, initial={"idempotency_key": uuid.uuid4()})
    if form.is_valid() and _submit(request, form, part, now):
        messages.success(
            request, _("The cooperative has received your complaint and will answer on this page.")
        )
        return redirect("orders:order", order_id=order_id)
    last_moments = {vietnam_date(delivered_line.last_moment) for delivered_line in in_time}
    context = {
        "part": part,
        "last_moment": last_moments.pop() if len(last_moments) == 1 else None,  # else each item says its own
        "order": part.order,
        "form": form,
        "arrived_lines": arrived_lines,
        "is_refunded_or_returned": part.progress in PARTLY_ARRIVED_PROGRESS and not arrived_lines,
        "open_complaint": open_complaint,
    }
    status = 409 if is_sent and not is_possible else 200
    return render(request, "orders/complaint.html", context, status=status)


def _submit(request: HttpRequest, form: ComplaintForm, part: OrderPart, now: datetime.datetime) -> bool:
    """File the complaint of a valid form. If it is refused, add the error to the form and return False."""
    try:
        submit_complaint(
            part_id=part.pk,
            quantities=form.quantities,
            text=form.cleaned_data["message"],
            requested_remedy=RequestedRemedy(form.cleaned_data["requested_remedy"]),
            pictures=[store_picture(photo) for photo in form.cleaned_data["photos"]],
            idempotency_key=bind_idempotency_key(str(form.cleaned_data["idempotency_key"]), "buyer", part.pk),
            actor=request_actor(request),
            now=now,
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return False
    return True


def _is_repeated(request: HttpRequest, part: OrderPart) -> bool:
    """Return whether a complaint with this idempotency key exists, after a double tap or a resubmission."""
    idempotency_key = bind_idempotency_key(request.POST.get("idempotency_key", ""), "buyer", part.pk)
    return (
        idempotency_key is not None
        and Complaint.objects.filter(part=part, idempotency_key=idempotency_key).exists()
    )


def _may_add(request: HttpRequest, order_id: uuid.UUID, complaint_id: uuid.UUID) -> bool:
    """Return whether a proven buyer may send photos: the complaint is open."""
    complaints = Complaint.objects.open().filter(part__order__in=Order.objects.by_link_id(order_id))
    complaint = complaints.filter(pk=complaint_id).select_related("part__order").first()
    return complaint is not None and has_proof(request, complaint.part.order)


@require_safe_or_post
@never_cache
@takes_files(_may_add)
def add_to_complaint_view(request: HttpRequest, order_id: uuid.UUID, complaint_id: uuid.UUID) -> HttpResponse:
    """Add words or photos to an open complaint."""
    complaints = Complaint.objects.filter(part__order__in=Order.objects.by_link_id(order_id))
    complaint = get_object_or_404(complaints.select_related("part__order"), pk=complaint_id)
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    initial = {"idempotency_key": uuid.uuid4()}
    form = ComplaintAdditionForm(data, files, initial=initial, label_suffix="")
    if form.is_valid():
        key = str(form.cleaned_data["idempotency_key"])
        with refusals_as_form_errors(form):
            add_to_complaint(
                complaint_id=complaint.pk,
                text=form.cleaned_data["message"],
                pictures=[store_picture(photo) for photo in form.cleaned_data["photos"]],
                idempotency_key=bind_idempotency_key(key, "buyer", complaint.pk),
                actor=request_actor(request),
                now=timezone.now(),
            )
            messages.success(request, _("Added. The cooperative can see it."))
            return redirect("orders:order", order_id=order_id)
    context = {"form": form, "order": complaint.part.order}
    return render(request, "orders/complaint_addition.html", context)


@require_POST
def withdraw_complaint_view(
    request: HttpRequest, order_id: uuid.UUID, complaint_id: uuid.UUID
) -> HttpResponse:
    """Withdraw a complaint."""
    own_complaints = Complaint.objects.filter(part__order__in=Order.objects.by_link_id(order_id))
    row = get_object_or_404(own_complaints, pk=complaint_id)
    try:
        withdraw_complaint(complaint_id=row.pk, actor=request_actor(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        messages.success(request, _("Your complaint has been withdrawn."))
    return redirect("orders:order", order_id=order_id)
