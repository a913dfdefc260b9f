"""Report that fewer items can be sent than were ordered, after a review, and take the report back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.refunds.refund_decisions import LineRefund
from orders.actions.refunds.refund_preview import find_refund_route
from orders.actions.refunds.report_shortage import preview_shortage, read_unpacked_of_part, report_shortage
from orders.actions.refunds.undo_shortage import undo_shortage
from orders.models import OrderPart
from shop.core.texts.formatting import format_money
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.form_review import is_edited, is_reviewed, submitted_fields
from shop.core.web.http_methods import require_safe_or_post
from shop.members.buyer_messages import message_about_shortage
from shop.members.forms.shortage import ShortageForm
from shop.members.fulfilment.parts import find_part, part_url
from shop.members.member_access import for_members, render_page, submitted_key
from shop.members.order_texts import sorted_lines


@require_safe_or_post
@for_members(MemberRight.PACK)
def report_part_shortage(request: HttpRequest, membership: MembershipContext, part_id: int) -> HttpResponse:
    """Report that fewer of some items can be sent than were ordered."""
    part = find_part(membership, part_id)
    still_open = read_unpacked_of_part(part)
    if not still_open:
        return redirect(part_url(part.pk))
    form = ShortageForm(request.POST or None, lines=sorted_lines(part), still_open=still_open)
    if form.is_valid() and not is_reviewed(request):
        with refusals_as_form_errors(form):
            refunds = preview_shortage(part, form.available)
            if not is_edited(request):
                return _render_shortage_review(request, membership, part, refunds)
    elif form.is_valid():
        total = _current_total(part)
        with refusals_as_form_errors(form):
            report_shortage(
                part_id=part.pk,
                available=form.available,
                idempotency_key=submitted_key(request, "shortage", part.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, _describe_reduction(part, total))
            return redirect(part_url(part.pk))
    lines = [line for line in sorted_lines(part) if still_open.get(line.pk)]
    context = {
        "part": part,
        "form": form,
        "replaceable_lines": lines,
        "message": message_about_shortage(part),
        "can_cancel": part.may_be_cancelled(part.parcels.all()),
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/shortage.html", context)


@require_POST
@for_members(MemberRight.PACK)
def undo_part_shortage(request: HttpRequest, membership: MembershipContext, part_id: int) -> HttpResponse:
    """Take back the latest report of missing items."""
    part = find_part(membership, part_id)
    action = partial(
        undo_shortage,
        part_id=part.pk,
        idempotency_key=submitted_key(request, "undo-shortage", part.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=part_url(part.pk), message=_("Undone."))


def _render_shortage_review(
    request: HttpRequest,
    membership: MembershipContext,
    part: OrderPart,
    refunds: Mapping[uuid.UUID, LineRefund],
) -> HttpResponse:
    """Show the missing items, the new total, and how the buyer gets the difference."""
    lines = {line.pk: line for line in part.lines.all()}
    amount = sum(refund.amount for refund in refunds.values())
    total = _current_total(part)
    context = {
        "part": part,
        "order": part.order,
        "fields": submitted_fields(request),
        "missing": [
            (lines[line_id].contents_label(refund.unsent), refund.amount)
            for line_id, refund in refunds.items()
        ],
        "total": total,
        "new_total": total - amount,
        "amount": amount,
        "route": find_refund_route(part.order, part, amount),
    }
    return render_page(request, membership, "members/shortage_review.html", context)


def _current_total(part: OrderPart) -> int:
    """Return what the part costs after its refunds, in minor units."""
    return part.total_gross - part.refunds.total_reduction()


def _describe_reduction(part: OrderPart, total_before: int) -> str:
    """Say that the buyer was told, how much less the part costs, and what it costs now."""
    total = _current_total(part)
    text = _("The buyer has been notified: %(amount)s less, %(total)s now.")
    currency = part.order.currency
    return text % {
        "amount": format_money(total_before - total, currency),
        "total": format_money(total, currency),
    }
