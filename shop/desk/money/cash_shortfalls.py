"""Cash on delivery collected short: the list that waits for a decision, and the decision."""

from __future__ import annotations

from functools import partial

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from orders.actions.refunds.cash_shortfalls import read_amount_to_waive, resolve_cash_shortfall
from orders.models import CostBearer, Parcel
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.texts.formatting import format_money
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_reviewed_as_shown
from shop.desk.forms import submitted_reason
from shop.desk.review_page import render_review
from shop.staff_pages import staff_only

PER_PAGE = 30


@require_safe
@staff_only(Permission.HANDLE_PAYMENTS)
def list_cash_shortfalls(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List undecided parcels collected short, oldest first."""
    parcels = Parcel.objects.with_cash_shortfall().select_related("part__order", "part__cooperative")
    page = Paginator(parcels.order_by("cod_collected_at", "pk"), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/cash_shortfalls.html", {"page": page})


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def waive_cash_shortfall(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Waive the buyer's debt, at the platform's or the cooperative's cost, after a review."""
    bearer = request.POST.get("bearer", "")
    if bearer not in CostBearer:
        raise Http404
    short_parcels = Parcel.objects.with_cash_shortfall().select_related("part__order", "part__cooperative")
    parcel = short_parcels.filter(pk=pk).first()
    reason = submitted_reason(request.POST)
    if parcel is not None and reason.strip():
        amount = read_amount_to_waive(parcel.part.order, parcel)
        if not is_reviewed_as_shown(request, amount):
            return _review_waiver(request, parcel, amount, CostBearer(bearer), reason)
    action = partial(
        resolve_cash_shortfall,
        parcel_id=pk,
        bearer=CostBearer(bearer),
        reason=reason,
        actor=actor,
        now=timezone.now(),
    )
    return run_action(
        request,
        action,
        url=reverse("desk:cash-shortfalls"),
        message=_("Decided. The buyer owes nothing more."),
    )


def _review_waiver(
    request: HttpRequest, parcel: Parcel, amount_to_waive: int, bearer: CostBearer, reason: str
) -> HttpResponse:
    """Show the missing cash that is still due, and who bears it."""
    order, cooperative = parcel.part.order, parcel.part.cooperative
    amount = format_money(amount_to_waive, order.currency)
    effect = (
        gettext("The market bears %(amount)s: the cooperative is credited in full.")
        if bearer == CostBearer.PLATFORM
        else gettext("%(name)s bears %(amount)s: it is taken off its next settlement.")
    )
    return render_review(
        request,
        title=gettext("Waive the missing %(amount)s?") % {"amount": amount},
        facts=[
            (gettext("Parcel"), f"{order.code}-{parcel.label_code}"),
            (gettext("Buyer"), order.buyer_name),
            (gettext("To collect"), format_money(parcel.cod_expected, order.currency)),
            (gettext("Collected"), format_money(parcel.cod_collected, order.currency)),
            (gettext("Reason"), reason),
        ],
        effects=[
            effect % {"amount": amount, "name": cooperative.name},
            gettext("The buyer owes nothing more. This cannot be undone."),
        ],
        label=gettext("Waive %(amount)s") % {"amount": amount},
        back_url=reverse("desk:cash-shortfalls"),
        back_label=gettext("Cash collected short"),
        shown=amount_to_waive,
        is_unusual=True,
    )
