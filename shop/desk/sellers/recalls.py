"""Recall lots, see who has read the notices, and end recalls."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from catalog.models import Lot, Recall
from catalog.models.lot import normalise_lot_code
from orders.actions.fulfilment.recalls import end_recall, find_reach, start_recall
from orders.forms.recalls import RecallForm
from orders.models import RecallNotice
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.models import bind_idempotency_key
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.desk.forms import submitted_reason
from shop.staff_pages import staff_only

PER_PAGE = 30


@require_safe
@staff_only(Permission.MANAGE_PRODUCTS)
def list_recalls(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List recalls, newest first. If `?ma=` has a lot's code, lead to that lot."""
    entered = request.GET.get("ma", "").strip()[:40]
    lot = Lot.objects.filter(code=normalise_lot_code(entered)).first() if entered else None
    if lot is not None:
        return redirect("desk:recall-lot", lot.pk)
    recalls = Recall.objects.newest_first().select_related("lot__variant__product__cooperative")
    counted = recalls.annotate(told=Count("notices"), read=Count("notices__read_at"))
    page = Paginator(counted, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/recalls.html", {"page": page, "entered": entered})


@require_safe
@staff_only(Permission.MANAGE_PRODUCTS)
def show_lot(request: HttpRequest, actor: Actor, lot_id: int) -> HttpResponse:
    """Show whom a recall of a lot would reach, or did reach."""
    return _render_recall(request, _find_lot(lot_id), RecallForm())


@require_POST
@require_recent_sign_in
@staff_only(Permission.MANAGE_PRODUCTS)
def start_recall_view(request: HttpRequest, actor: Actor, lot_id: int) -> HttpResponse:
    """Recall a lot."""
    lot, form = _find_lot(lot_id), RecallForm(request.POST)
    if form.is_valid():
        with refusals_as_form_errors(form):
            start_recall(
                lot_id=lot.pk,
                reason=form.cleaned_data["reason"],
                advice=form.cleaned_data["advice"],
                idempotency_key=bind_idempotency_key(
                    request.POST.get("idempotency_key", ""), "desk", "recall", lot.pk
                ),
                actor=actor,
                now=timezone.now(),
            )
            messages.success(request, _("The lot is recalled. Its buyers are being told."))
            return redirect("desk:recall-lot", lot.pk)
    return _render_recall(request, lot, form)


@require_POST
@require_recent_sign_in
@staff_only(Permission.MANAGE_PRODUCTS)
def end_recall_view(request: HttpRequest, actor: Actor, recall_id: int) -> HttpResponse:
    """End a recall with a reason."""
    recall = get_object_or_404(Recall, pk=recall_id)
    action = partial(
        end_recall,
        recall_id=recall.pk,
        reason=submitted_reason(request.POST),
        actor=actor,
        now=timezone.now(),
    )
    page = reverse("desk:recall-lot", args=[recall.lot_id])
    return run_action(request, action, url=page, message=_("Recall ended."))


def _find_lot(lot_id: int) -> Lot:
    return get_object_or_404(Lot.objects.select_related("variant__product__cooperative"), pk=lot_id)


def _render_recall(request: HttpRequest, lot: Lot, form: RecallForm) -> HttpResponse:
    recall = lot.recalls.open().first()
    notices = (
        RecallNotice.objects.filter(recall=recall) if recall is not None else RecallNotice.objects.none()
    )
    rows = notices.select_related("order").order_by("read_at", "created_at", "pk")
    context = {
        "lot": lot,
        "recall": recall,
        "reach": find_reach(lot),
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "read_count": notices.exclude(read_at=None).count(),
        "form": form,
        "idempotency_key": uuid.uuid4(),
    }
    return render(request, "desk/recall.html", context, status=422 if form.errors else 200)
