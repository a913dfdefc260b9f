"""Recall a lot. Its pages show whom the recall would reach, start it, and say who has read the notice."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import Lot, Recall
from cooperatives.access import MemberRight, MembershipContext
from orders.actions.fulfilment.recalls import find_reach, start_recall
from orders.forms.recalls import RecallForm
from orders.models import ParcelLine, RecallNotice
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.members.buyer_messages import message_about_recall
from shop.members.member_access import for_members, render_page, submitted_key

PER_PAGE = 40


@dataclass(frozen=True, slots=True)
class RecallRow:
    """A line of a parcel with the lot. `message` is for its buyer until the notice is confirmed."""

    line: ParcelLine
    notice: RecallNotice | None
    message: str


@require_safe_or_post
@for_members(MemberRight.MANAGE)
@require_recent_sign_in
def recall_lot(request: HttpRequest, membership: MembershipContext, lot_id: int) -> HttpResponse:
    """Show whom a recall would reach, or did reach. A POST starts it."""
    lots = Lot.objects.for_cooperative(membership.cooperative).select_related("variant__product")
    lot = lots.filter(pk=lot_id).first()
    if lot is None:
        raise Missing()
    form = RecallForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            start_recall(
                lot_id=lot.pk,
                cooperative=membership.cooperative,
                reason=form.cleaned_data["reason"],
                advice=form.cleaned_data["advice"],
                idempotency_key=submitted_key(request, "recall", lot.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, _("The lot is recalled. Its buyers are being told."))
            return redirect("members:recall-lot", lot.pk)
    sent_lines = ParcelLine.objects.dispatched_with_lot(lot).select_related("parcel__part__cooperative")
    lines = Paginator(sent_lines, PER_PAGE)
    page = lines.get_page(request.GET.get("page"))
    recall = lot.recalls.open().first()
    if recall is not None:
        recall.lot = lot
    notices = (
        RecallNotice.objects.filter(recall=recall) if recall is not None else RecallNotice.objects.none()
    )
    order_ids = {line.parcel.part.order_id for line in page.object_list}
    by_order = {notice.order_id: notice for notice in notices.filter(order__in=order_ids)}
    context = {
        "lot": lot,
        "recall": recall,
        "reach": find_reach(lot),
        "page": page,
        "rows": [
            _build_row(line, by_order.get(line.parcel.part.order_id), recall) for line in page.object_list
        ],
        "read_count": notices.exclude(read_at=None).count(),
        "form": form,
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/recall.html", context)


def _build_row(line: ParcelLine, notice: RecallNotice | None, recall: Recall | None) -> RecallRow:
    part = line.parcel.part
    has_read = notice is not None and notice.read_at is not None
    message = ""
    if recall is not None and part.may_show_contact and not has_read:
        is_told = notice is not None and notice.notified_at is not None
        message = message_about_recall(part, recall, is_told=is_told)
    return RecallRow(line, notice, message)
