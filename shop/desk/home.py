"""The desk's first page: what waits for the platform, and how the day goes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from catalog.models import Listing
from cooperatives.access import staff_may
from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from cooperatives.views import staff_only
from orders.actions.give_back import overpaid
from orders.models import (
    BankTransfer,
    Complaint,
    GatewayCall,
    Order,
    OrderPart,
    Parcel,
    Payout,
    Refund,
    WeightQuestion,
)
from orders.states import OrderStatus, ParcelState
from shop.accounts.permissions import Permission
from shop.core.actors import Actor
from shop.core.calendar import day_of

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of thing that waits: how many, the first of them, and where all of them are."""

    name: Promise
    count: int
    first: list[Any]
    kind: str
    all_at: str


@require_safe
@staff_only()
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What waits, as far as this person may see to it."""
    now = timezone.now()
    waiting: list[Waiting] = []
    if staff_may(request.user, Permission.MANAGE_STAFF):
        waiting.append(_applications())
    if staff_may(request.user, Permission.MANAGE_PRODUCTS):
        waiting.append(_listings())
    if staff_may(request.user, Permission.HANDLE_PAYMENTS):
        waiting += [_transfers(), _refused_calls(), _payouts()]
    sees_orders = staff_may(request.user, Permission.MANAGE_ORDERS)
    if sees_orders:
        waiting += [
            _complaints(now),
            _stuck_refunds(),
            _overpaid(),
            _unanswered(),
            _unweighed(now),
            _failed(),
        ]
    context = {
        "today": day_of(now),
        "waiting": waiting,
        "is_quiet": not any(each.count for each in waiting),
        "sees_orders": sees_orders,
        "orders_today": Order.objects.placed().placed_on_day(day_of(now)).count() if sees_orders else 0,
        "drafts": Order.objects.drafts().count() if sees_orders else 0,
    }
    return render(request, "desk/home.html", context)


@require_safe
def back_room(request: HttpRequest) -> HttpResponse:
    """Django's admin asks here for a sign-in: it is ours, with its limits; for people who are in, nothing."""
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


def _applications() -> Waiting:
    rows = Cooperative.objects.filter(state=CooperativeState.APPLIED, is_house=False)
    first = list(rows.order_by("updated_at", "pk")[:SHOWN])
    return Waiting(
        _("Cooperatives that apply"),
        rows.count(),
        first,
        "cooperative",
        reverse("desk:cooperatives"),
    )


def _listings() -> Waiting:
    rows = Listing.objects.waiting().select_related("product", "product__cooperative")
    return Waiting(_("Goods to check"), rows.count(), list(rows[:SHOWN]), "listing", reverse("desk:listings"))


def _transfers() -> Waiting:
    rows = BankTransfer.objects.to_review()
    name = _("Transfers to be looked at")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "transfer", reverse("desk:transfers"))


def _refused_calls() -> Waiting:
    rows = GatewayCall.objects.refused().select_related("payment__order").order_by("-asked_at", "pk")
    name = _("Refused by Stripe")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "call", f"{reverse('desk:cards')}?xem=hong")


def _payouts() -> Waiting:
    """Money that somebody still has to send."""
    rows = Payout.objects.due().select_related("settlement__cooperative", "refund__order", "transfer__order")
    return Waiting(_("Money to pay out"), rows.count(), list(rows[:SHOWN]), "payout", reverse("desk:payouts"))


def _unanswered() -> Waiting:
    """Parts that the cooperative was called about: its time is nearly up."""
    rows = OrderPart.objects.unanswered().select_related("order", "cooperative")
    return Waiting(
        _("Parts that nobody accepts"),
        rows.count(),
        list(rows[:SHOWN]),
        "part",
        f"{reverse('desk:orders')}?status=placed",
    )


def _unweighed(now: datetime.datetime) -> Waiting:
    """Goods beyond their bound whose buyer has not said for a day whether they want them: call them."""
    rows = WeightQuestion.objects.forgotten(now).select_related("line__order", "line__cooperative")
    return Waiting(
        _("Weights that their buyer does not answer"),
        rows.count(),
        list(rows.in_order()[:SHOWN]),
        "weight",
        f"{reverse('desk:orders')}?status=in_hand",
    )


def _complaints(now: datetime.datetime) -> Waiting:
    """Complaints that nobody has answered in time."""
    rows = Complaint.objects.overdue(now).select_related("part__order", "part__cooperative")
    return Waiting(
        _("Complaints without an answer"),
        rows.count(),
        list(rows[:SHOWN]),
        "complaint",
        reverse("desk:complaints"),
    )


def _stuck_refunds() -> Waiting:
    """Refunds that a card did not take back: they are to be paid back by bank."""
    lacking = Refund.objects.filter(pk__in=Refund.objects.failed().values("pk")).lacking()
    rows = Refund.objects.filter(pk__in=list(lacking)).select_related("order").in_time()
    return Waiting(
        _("Refunds that failed"), len(lacking), list(rows[:SHOWN]), "refund", reverse("desk:orders")
    )


def _overpaid() -> Waiting:
    """Money that no line is for; while goods are being weighed it may still be asked for."""
    waits = [OrderStatus.PLACED, OrderStatus.IN_HAND]
    rows = overpaid().exclude(status__in=waits).order_by("placed_at", "pk")
    return Waiting(
        _("Orders that were paid too much"),
        rows.count(),
        list(rows[:SHOWN]),
        "overpaid",
        reverse("desk:orders"),
    )


def _failed() -> Waiting:
    rows = Parcel.objects.filter(state=ParcelState.FAILED_DELIVERY).select_related(
        "part", "part__order", "part__cooperative"
    )
    return Waiting(
        _("Deliveries that failed"),
        rows.count(),
        list(rows.order_by("failed_at", "pk")[:SHOWN]),
        "parcel",
        f"{reverse('desk:orders')}?status=on_the_way",
    )
