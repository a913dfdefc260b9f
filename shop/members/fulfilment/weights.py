"""Weigh lines sold by weight, with a preview of the price."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.fulfilment.weigh_lines import ImplausibleWeight, is_implausible_weight, weigh_line
from orders.actions.order_records.pricing_by_weight import read_total_at_weight
from orders.models import Order, OrderLine, OrderPart, WeightQuestion
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.texts.formatting import format_money
from shop.core.web.form_review import is_reviewed, submitted_fields
from shop.members.forms.weigh import WeighForm
from shop.members.fulfilment.parts import find_part, part_url, render_part
from shop.members.member_access import for_members, render_page, submitted_key


@require_POST
@for_members(MemberRight.PACK)
def record_line_weight(
    request: HttpRequest, membership: MembershipContext, part_id: int, line_id: uuid.UUID
) -> HttpResponse:
    """Record a line's weight. An implausible weight must be confirmed, and a gift to the buyer reviewed."""
    part, now = find_part(membership, part_id), timezone.now()
    form = WeighForm(request.POST, line=_line_sold_by_weight(part, line_id))
    if not form.is_valid():
        return render_part(request, membership, part, now=now, weigh=form)
    is_charged_at_bound = form.cleaned_data["at_most"]
    if is_charged_at_bound and not is_reviewed(request):
        return _render_bound_review(request, membership, part, form)
    was_buyer_asked = WeightQuestion.objects.open().filter(line=line_id).exists()
    action = partial(
        weigh_line,
        part_id=part.pk,
        line_id=line_id,
        grams=form.grams,
        repeated_grams=form.cleaned_data["again"],
        is_charged_at_bound=is_charged_at_bound,
        idempotency_key=submitted_key(request, "weigh", line_id),
    )
    try:
        line = action(actor=membership.actor, now=now)
    except (Missing, Forbidden):
        raise
    except ImplausibleWeight:
        form.require_repetition()
        return render_part(request, membership, part, now=now, weigh=form)
    except Refused as refused:
        messages.error(request, str(refused.message))
    else:
        texts = [_("Weight saved."), _describe_weight_difference(part.order, line, line.total_gross)]
        if is_charged_at_bound:
            texts.append(_describe_gift(part.order, line, form.grams))
        if was_buyer_asked:
            texts.append(_("The question to the buyer is withdrawn."))
        saved = " ".join(filter(None, texts))
        messages.success(request, _("We have asked the buyer.") if line.is_to_weigh else saved)
    return redirect(f"{part_url(part.pk)}#goods-{line_id}")


@require_safe
@for_members(MemberRight.PACK)
def preview_weight(
    request: HttpRequest, membership: MembershipContext, part_id: int, line_id: uuid.UUID
) -> HttpResponse:
    """Preview the price of a weight while it is being entered. Nothing is saved."""
    part = find_part(membership, part_id)
    line = _line_sold_by_weight(part, line_id)
    form = WeighForm(request.GET, line=line)
    context: dict[str, object] = {"line": line, "order": part.order}
    if form.is_valid():
        cost = read_total_at_weight(part.order, line, form.grams)
        context |= {
            "grams": form.grams,
            "cost": cost,
            "difference": _describe_weight_difference(part.order, line, cost),
            "is_implausible_weight": is_implausible_weight(line, form.grams),
            "exceeds_bound": form.grams > (line.bound_grams or 0),
        }
    return render(request, "members/weight_preview.html", context)


def _render_bound_review(
    request: HttpRequest, membership: MembershipContext, part: OrderPart, form: WeighForm
) -> HttpResponse:
    """Show what the cooperative gives away if it charges only the bound."""
    line = form.line
    cost = read_total_at_weight(part.order, line, form.grams)
    context = {
        "part": part,
        "order": part.order,
        "line": line,
        "grams": form.grams,
        "cost": cost,
        "loss": cost - (line.bound_gross or 0),
        "is_buyer_asked": WeightQuestion.objects.open().filter(line=line).exists(),
        "fields": submitted_fields(request),
    }
    return render_page(request, membership, "members/weight_gift_review.html", context)


def _describe_gift(order: Order, line: OrderLine, grams: int) -> str:
    """Return a text that says how far a line's price is below its weight's, or an empty text."""
    loss = read_total_at_weight(order, line, grams) - line.total_gross
    text = _("You charge %(amount)s less than it weighs.")
    return text % {"amount": format_money(loss, order.currency)} if loss > 0 else ""


def _describe_weight_difference(order: Order, line: OrderLine, total: int) -> str:
    """Return a text that compares the buyer's total with the estimate, or an empty text if equal."""
    difference = total - read_total_at_weight(order, line, line.estimate_grams or 0)
    text = (
        _("The buyer pays %(amount)s more than when ordering.")
        if difference > 0
        else _("The buyer pays %(amount)s less than when ordering.")
    )
    return text % {"amount": format_money(abs(difference), order.currency)} if difference else ""


def _line_sold_by_weight(part: OrderPart, line_id: uuid.UUID) -> OrderLine:
    """Return a line of the part that is sold by weight. Raises Missing."""
    line = next((line for line in part.lines.all() if line.pk == line_id and line.is_sold_by_weight), None)
    if line is None:
        raise Missing()
    return line
