"""Open tasks of the platform by kind: count, first rows, and link to all."""

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
    """One kind of open task: count, first rows, and link to all."""

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
    """Certificates submitted by members."""
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
    """Chargebacks that still need our evidence."""
    rows = Dispute.objects.to_answer().select_related("payment__order")
    return Waiting(
        _("Disputes to answer"),
        rows.count(),
        list(rows[:SHOWN]),
        "dispute",
        f"{reverse('desk:cards')}#disputes",
    )


def payouts() -> Waiting:
    """Payouts to be sent."""
    rows = Payout.objects.due().select_related("settlement__cooperative", "refund__order", "transfer__order")
    return Waiting(_("Money to pay out"), rows.count(), list(rows[:SHOWN]), "payout", reverse("desk:payouts"))


def approvals(kinds: Sequence[str], now: datetime.datetime) -> Waiting:
    """Proposals that need a second person's confirmation."""
    rows = Approval.objects.waiting(now).filter(kind__in=kinds).select_related("cooperative", "proposed_by")
    name = _("Waiting for a second person")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "approval", reverse("desk:approvals"))


def statement_rows() -> Waiting:
    """Rows of carriers' statements that differ from our data."""
    rows = StatementRow.objects.problems().select_related("statement")
    name = _("Rows of carriers' statements")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "row", reverse("desk:cash-problems"))


def unseen_cash() -> Waiting:
    """Remittances not yet seen on our account."""
    rows = CashRemittance.objects.unseen().select_related("cooperative")
    first = list(rows.order_by("at", "pk")[:SHOWN])
    all_at = f"{reverse('desk:cash-remittances')}?xem=cho"
    return Waiting(_("Cash handed in, not seen yet"), rows.count(), first, "remittance", all_at)


def lacking_cash() -> Waiting:
    """Carriers' remittances with a different amount."""
    rows = CashRemittance.objects.lacking()
    first = list(rows.order_by("at", "pk")[:SHOWN])
    all_at = f"{reverse('desk:cash-remittances')}?xem=lech"
    return Waiting(_("Cash that came short, or too much"), rows.count(), first, "difference", all_at)


def old_cash(today: datetime.date) -> Waiting:
    """Holders with overdue cash."""
    market = market_channel()
    currency = market.currency if market else "VND"
    every = [row for group in away_by_holder(today, currency) for row in group if row.is_late]
    first = [(row, row.by_age[Age.OLD], currency) for row in every[:SHOWN]]
    all_at = f"{reverse('desk:cash-parcels')}?tuoi={Age.OLD}"
    return Waiting(_("Cash away for 15 days and more"), len(every), first, "cash", all_at)


def unanswered() -> Waiting:
    """Parts whose acceptance deadline is near."""
    rows = OrderPart.objects.unanswered().select_related("order", "cooperative")
    return Waiting(
        _("Parts that nobody accepts"),
        rows.count(),
        list(rows[:SHOWN]),
        "part",
        f"{reverse('desk:orders')}?status=placed",
    )


def unweighed(now: datetime.datetime) -> Waiting:
    """Weights above the bound that the buyer has not answered for a day; staff should call."""
    rows = WeightQuestion.objects.forgotten(now).select_related("line__order", "line__cooperative")
    return Waiting(
        _("Weights that their buyer does not answer"),
        rows.count(),
        list(rows.in_order()[:SHOWN]),
        "weight",
        f"{reverse('desk:orders')}?status=in_hand",
    )


def sweep_failures() -> Waiting:
    """Unseen rows that background sweeps failed to process."""
    rows = SweepFailure.objects.unseen()
    first = [(row, sweep_name(row.sweep)) for row in rows[:SHOWN]]
    return Waiting(
        _("Background tasks that failed"), rows.count(), first, "failure", reverse("desk:background-work")
    )


def unsent_texts(now: datetime.datetime) -> Waiting:
    """Text messages of the last day that exceeded the allowance."""
    count = not_sent_since(now - datetime.timedelta(days=1))
    return Waiting(_("Texts that were not sent"), count, [], "texts", reverse("desk:background-work"))


def data_requests() -> Waiting:
    """Unanswered personal data requests, most urgent first."""
    rows = DataRequest.objects.open().filter(Q(runs_at=None) | ~Q(hindrance=""))
    name = _("Requests about personal data")
    return Waiting(name, rows.count(), list(rows[:SHOWN]), "data", reverse("desk:data-requests"))


def complaints(now: datetime.datetime) -> Waiting:
    """Complaints past their answer deadline."""
    rows = Complaint.objects.overdue(now).select_related("part__order", "part__cooperative")
    return Waiting(
        _("Complaints without an answer"),
        rows.count(),
        list(rows[:SHOWN]),
        "complaint",
        reverse("desk:complaints"),
    )


def stuck_refunds() -> Waiting:
    """Failed card refunds, to be paid by bank transfer."""
    lacking = Refund.objects.filter(pk__in=Refund.objects.failed().values("pk")).lacking()
    rows = Refund.objects.filter(pk__in=list(lacking)).select_related("order").in_time()
    return Waiting(
        _("Refunds that failed"), len(lacking), list(rows[:SHOWN]), "refund", reverse("desk:orders")
    )


def paid_too_much() -> Waiting:
    """Overpayments, except while weighing may still raise the total."""
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
