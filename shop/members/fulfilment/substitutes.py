"""Offer the buyer another product instead of missing items, and withdraw the offer."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.refunds.offer_substitute import (
    find_substitute_choices,
    offer_substitute,
    sort_by_similarity,
    withdraw_substitute,
)
from orders.actions.refunds.report_shortage import read_unpacked_of_part
from orders.models import Substitute
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.substitute import SubstituteForm
from shop.members.fulfilment.parts import find_part, part_url
from shop.members.member_access import for_members, render_page, submitted_key


@require_safe_or_post
@for_members(MemberRight.PACK)
def offer_substitute_view(
    request: HttpRequest, membership: MembershipContext, part_id: int, line_id: uuid.UUID
) -> HttpResponse:
    """Ask the buyer whether they take another product instead of a line's missing items."""
    part = find_part(membership, part_id)
    line = next((row for row in part.lines.all() if row.pk == line_id), None)
    if line is None:
        raise Missing()
    still_open = read_unpacked_of_part(part).get(line.pk, 0)
    if not still_open:
        return redirect(part_url(part.pk))
    form = SubstituteForm(
        request.POST or None,
        line=line,
        still_open=still_open,
        choices=sort_by_similarity(find_substitute_choices(part), line),
        currency=part.order.currency,
    )
    if form.is_valid():
        with refusals_as_form_errors(form):
            offer_substitute(
                part_id=part.pk,
                offer=form.offer,
                confirmation_token=form.cleaned_data["confirmed"],
                idempotency_key=submitted_key(request, "substitute", part.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
    if not form.is_valid():
        context = {"part": part, "line": line, "form": form, "idempotency_key": uuid.uuid4()}
        return render_page(request, membership, "members/substitute.html", context)
    return redirect(part_url(part.pk))


@require_POST
@for_members(MemberRight.PACK)
def withdraw_substitute_view(
    request: HttpRequest, membership: MembershipContext, part_id: int, substitute_id: uuid.UUID
) -> HttpResponse:
    """Withdraw an offer that the buyer has not answered."""
    part = find_part(membership, part_id)
    if not Substitute.objects.filter(pk=substitute_id, line__part=part).exists():
        raise Missing()
    return run_action(
        request,
        lambda: withdraw_substitute(
            substitute_id=substitute_id,
            idempotency_key=submitted_key(request, "withdraw", substitute_id),
            actor=membership.actor,
            now=timezone.now(),
        ),
        url=part_url(part.pk),
        message=_("Withdrawn. You can pack these items again."),
    )
