"""What waits for the platform, kind by kind: how many, the first of them, and where all of them are."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import Listing
from cooperatives.models import Certificate, Cooperative
from cooperatives.states import CooperativeState
from orders.actions.payouts.refund_execution import overpaid
from orders.models import (
    Approval,
    BankTransfer,
    CashRemittance,
    Complaint,
    Dispute,
    GatewayCall,
    OrderPart,
    Parcel,
    Payout,
    Refund,
    StatementRow,
    WeightQuestion,
)
from orders.states import OrderStatus, ParcelState
from shop.accounts.models import DataRequest
from shop.core.models import SweepFailure, market_channel
from shop.desk.overview.background_work import sweep_name
from shop.notifications.text_allowance import not_sent_since
from shop.reports.cash import Age, away_by_holder

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of thing that waits: how many, the first of them, and where all of them are."""

    name: Promise
    count: int
    first: list[Any]
    kind: str
    all_at: str


def applications() -> Waiting:
    rows = Cooperative.objects.filter(state=CooperativeState.APPLIED, is_house=False)
    first = list(rows.order_by("updated_at", "pk")[:SHOWN])
    return Waiting(
        _("Cooperatives that apply"),
        rows.count(),
        first,
        "cooperative",
        reverse("desk:cooperatives"),
    )


def listings() -> Waiting:
    rows = Listing.objects.waiting().select_related("product", "product__cooperative")
    return Waiting(_("Goods to check"), rows.count(), list(rows[:SHOWN]), "listing", reverse("desk:listings"))


def certificates() -> Waiting:
    """Papers that members handed in."""
    rows = Certificate.objects.waiting().select_related("cooperative")
    first = list(rows[:SHOWN])
    return Waiting(
        _("Certificates to check"), rows.count(), first, "certificate", reverse("desk:certificates")
    )


def transfers() -> Waiting:
    rows = BankTransfer.objects.to_review()
    name = _("Transfers to be looked at")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "transfer", reverse("desk:transfers"))


def refused_calls() -> Waiting:
    rows = GatewayCall.objects.refused().select_related("payment__order").order_by("-asked_at", "pk")
    name = _("Refused by Stripe")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "call", f"{reverse('desk:cards')}?xem=hong")


def disputes() -> Waiting:
    """Card payments that banks ask for again, until our evidence is there."""
    rows = Dispute.objects.to_answer().select_related("payment__order")
    return Waiting(
        _("Disputes to answer"),
        rows.count(),
        list(rows[:SHOWN]),
        "dispute",
        f"{reverse('desk:cards')}#disputes",
    )


def payouts() -> Waiting:
    """Money that somebody still has to send."""
    rows = Payout.objects.due().select_related("settlement__cooperative", "refund__order", "transfer__order")
    return Waiting(_("Money to pay out"), rows.count(), list(rows[:SHOWN]), "payout", reverse("desk:payouts"))


def approvals(kinds: Sequence[str], now: datetime.datetime) -> Waiting:
    """What one person proposed and another has to confirm."""
    rows = Approval.objects.waiting(now).filter(kind__in=kinds).select_related("cooperative", "proposed_by")
    name = _("Waiting for a second person")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "approval", reverse("desk:approvals"))


def statement_rows() -> Waiting:
    """Rows of carriers' statements that do not agree with what we know."""
    rows = StatementRow.objects.problems().select_related("statement")
    name = _("Rows of carriers' statements")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "row", reverse("desk:cash-problems"))


def unseen_cash() -> Waiting:
    """Cash that was handed in and that nobody has seen on our account."""
    rows = CashRemittance.objects.unseen().select_related("cooperative")
    first = list(rows.order_by("at", "pk")[:SHOWN])
    all_at = f"{reverse('desk:cash-remittances')}?xem=cho"
    return Waiting(_("Cash handed in, not seen yet"), rows.count(), first, "remittance", all_at)


def lacking_cash() -> Waiting:
    """Carriers' cash that came with another sum."""
    rows = CashRemittance.objects.lacking()
    first = list(rows.order_by("at", "pk")[:SHOWN])
    all_at = f"{reverse('desk:cash-remittances')}?xem=lech"
    return Waiting(_("Cash that came short, or too much"), rows.count(), first, "difference", all_at)


def old_cash(today: datetime.date) -> Waiting:
    """Who has had cash of ours for too long."""
    market = market_channel()
    currency = market.currency if market else "VND"
    every = [row for group in away_by_holder(today, currency) for row in group if row.is_late]
    first = [(row, row.by_age[Age.OLD], currency) for row in every[:SHOWN]]
    all_at = f"{reverse('desk:cash-parcels')}?tuoi={Age.OLD}"
    return Waiting(_("Cash away for 15 days and more"), len(every), first, "cash", all_at)


def unanswered() -> Waiting:
    """Parts that the cooperative was called about: its time is nearly up."""
    rows = OrderPart.objects.unanswered().select_related("order", "cooperative")
    return Waiting(
        _("Parts that nobody accepts"),
        rows.count(),
        list(rows[:SHOWN]),
        "part",
        f"{reverse('desk:orders')}?status=placed",
    )


def unweighed(now: datetime.datetime) -> Waiting:
    """Goods beyond their bound whose buyer has not said for a day whether they want them: call them."""
    rows = WeightQuestion.objects.forgotten(now).select_related("line__order", "line__cooperative")
    return Waiting(
        _("Weights that their buyer does not answer"),
        rows.count(),
        list(rows.in_order()[:SHOWN]),
        "weight",
        f"{reverse('desk:orders')}?status=in_hand",
    )


def sweep_failures() -> Waiting:
    """Rows that background sweeps cannot process and that nobody has looked at."""
    rows = SweepFailure.objects.unseen()
    first = [(row, sweep_name(row.sweep)) for row in rows[:SHOWN]]
    return Waiting(
        _("Background tasks that failed"), rows.count(), first, "failure", reverse("desk:background-work")
    )


def unsent_texts(now: datetime.datetime) -> Waiting:
    """Text messages of the last day that the allowance did not cover."""
    count = not_sent_since(now - datetime.timedelta(days=1))
    return Waiting(_("Texts that were not sent"), count, [], "texts", reverse("desk:background-work"))


def data_requests() -> Waiting:
    """Requests about personal data that nobody has answered, the most urgent first."""
    rows = DataRequest.objects.open().filter(Q(runs_at=None) | ~Q(hindrance=""))
    name = _("Requests about personal data")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "data", reverse("desk:data-requests"))


def complaints(now: datetime.datetime) -> Waiting:
    """Complaints that nobody has answered in time."""
    rows = Complaint.objects.overdue(now).select_related("part__order", "part__cooperative")
    return Waiting(
        _("Complaints without an answer"),
        rows.count(),
        list(rows[:SHOWN]),
        "complaint",
        reverse("desk:complaints"),
    )


def stuck_refunds() -> Waiting:
    """Refunds that a card did not take back: they are to be paid back by bank."""
    lacking = Refund.objects.filter(pk__in=Refund.objects.failed().values("pk")).lacking()
    rows = Refund.objects.filter(pk__in=list(lacking)).select_related("order").in_time()
    return Waiting(
        _("Refunds that failed"), len(lacking), list(rows[:SHOWN]), "refund", reverse("desk:orders")
    )


def paid_too_much() -> Waiting:
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


def failed() -> Waiting:
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
