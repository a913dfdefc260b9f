"""The platform's open tasks by kind: how many there are, the first of them, and a link to all."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import Listing, Price, ProductRevision
from cooperatives.models import Certificate, Cooperative
from cooperatives.states import CooperativeState
from orders.actions.payouts.surplus_refunds import overpaid_orders
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
from shop.accounts.staff.permissions import Permission
from shop.core.models import SweepFailure, market_channel
from shop.desk.overview.background_work import sweep_name
from shop.notifications.text_allowance import count_texts_not_sent
from shop.reports.cash import CashAge, read_cash_by_holder

MAX_SHOWN = 3
# Tasks of these kinds come first, because a deadline has passed or money or products are stuck.
_URGENT_KINDS = frozenset(
    {
        "failure",
        "texts",
        "call",
        "dispute",
        "row",
        "difference",
        "shortfall",
        "cash",
        "complaint",
        "refund",
        "part",
        "weight",
        "parcel",
    }
)


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """The open tasks of one kind. `count` counts all of them; `first` holds at most MAX_SHOWN."""

    name: Promise
    count: int
    first: Sequence[object]
    kind: str
    list_url: str

    @property
    def is_urgent(self) -> bool:
        return self.kind in _URGENT_KINDS


def applications() -> OpenTasks:
    cooperatives = Cooperative.objects.filter(state=CooperativeState.APPLIED, is_platform_seller=False)
    first = list(cooperatives.order_by("updated_at", "pk")[:MAX_SHOWN])
    return OpenTasks(
        _("Cooperative applications"),
        cooperatives.count(),
        first,
        "cooperative",
        reverse("desk:cooperatives"),
    )


def listings() -> OpenTasks:
    rows = Listing.objects.waiting().select_related("product", "product__cooperative")
    return OpenTasks(
        _("Products to review"), rows.count(), list(rows[:MAX_SHOWN]), "listing", reverse("desk:listings")
    )


def revisions() -> OpenTasks:
    """Return the changes to approved products that wait for a review."""
    rows = ProductRevision.objects.waiting().select_related("product", "product__cooperative")
    first = list(rows[:MAX_SHOWN])
    return OpenTasks(_("Changes to review"), rows.count(), first, "revision", reverse("desk:revisions"))


def unusual_prices() -> OpenTasks:
    """Return the unusual prices that apps set and nobody has confirmed."""
    prices = Price.objects.unusual().select_related("variant__product__cooperative")
    first = list(prices[:MAX_SHOWN])
    return OpenTasks(_("Unusual prices"), prices.count(), first, "price", reverse("desk:prices"))


def certificates() -> OpenTasks:
    """Return the certificates that members have submitted for review."""
    rows = Certificate.objects.waiting().select_related("cooperative")
    first = list(rows[:MAX_SHOWN])
    return OpenTasks(
        _("Certificates to review"), rows.count(), first, "certificate", reverse("desk:certificates")
    )


def transfers() -> OpenTasks:
    rows = BankTransfer.objects.in_review()
    name = _("Transfers to review")
    return OpenTasks(name, rows.count(), list(rows[:MAX_SHOWN]), "transfer", reverse("desk:transfers"))


def refused_calls() -> OpenTasks:
    gateway_calls = (
        GatewayCall.objects.awaiting_staff().select_related("payment__order").order_by("-created_at", "pk")
    )
    name = _("Declined by Stripe")
    return OpenTasks(
        name,
        gateway_calls.count(),
        list(gateway_calls[:MAX_SHOWN]),
        "call",
        f"{reverse('desk:card-calls')}?xem=hong",
    )


def disputes() -> OpenTasks:
    """Return the chargebacks that still need our evidence."""
    rows = Dispute.objects.awaiting_evidence().select_related("payment__order")
    return OpenTasks(
        _("Disputes to answer"),
        rows.count(),
        list(rows[:MAX_SHOWN]),
        "dispute",
        f"{reverse('desk:card-calls')}#disputes",
    )


def payouts() -> OpenTasks:
    """Return the payouts that have to be sent."""
    rows = Payout.objects.due().select_related("settlement__cooperative", "refund__order", "transfer__order")
    return OpenTasks(
        _("Payouts due"), rows.count(), list(rows[:MAX_SHOWN]), "payout", reverse("desk:payouts")
    )


def approvals(kinds: Sequence[str], now: datetime.datetime) -> OpenTasks:
    """Return the proposals that need a second person's confirmation."""
    rows = Approval.objects.waiting(now).filter(kind__in=kinds).select_related("cooperative", "proposed_by")
    name = _("Waiting for a second person")
    return OpenTasks(name, rows.count(), list(rows[:MAX_SHOWN]), "approval", reverse("desk:approvals"))


def missing_approvers(permissions: Sequence[Permission]) -> OpenTasks:
    """Return the number of permissions that too few people hold for a second person to confirm proposals."""
    name = _("Permissions without a second person")
    return OpenTasks(name, len(permissions), [], "second-person", reverse("desk:approvals"))


def statement_rows() -> OpenTasks:
    """Return the rows of carriers' statements that differ from our data."""
    rows = StatementRow.objects.problems().select_related("statement")
    name = _("Carrier statement rows")
    return OpenTasks(name, rows.count(), list(rows[:MAX_SHOWN]), "row", reverse("desk:cash-differences"))


def unreconciled_remittances() -> OpenTasks:
    """Return the remittances that have not arrived on our account yet."""
    remittances = CashRemittance.objects.unreconciled().select_related("cooperative")
    first = list(remittances.order_by("created_at", "pk")[:MAX_SHOWN])
    list_url = f"{reverse('desk:cash-remittances')}?xem=cho"
    return OpenTasks(_("Cash remitted, not yet received"), remittances.count(), first, "remittance", list_url)


def remittance_differences() -> OpenTasks:
    """Return the carriers' remittances whose amount differs from the cash of their parcels."""
    remittances = CashRemittance.objects.with_unresolved_difference()
    first = list(remittances.order_by("created_at", "pk")[:MAX_SHOWN])
    list_url = f"{reverse('desk:cash-remittances')}?xem=lech"
    return OpenTasks(_("Cash short or over"), remittances.count(), first, "difference", list_url)


def cash_shortfalls() -> OpenTasks:
    """Return the parcels for which too little cash was collected and nobody has decided who bears it."""
    parcels = Parcel.objects.with_cash_shortfall().select_related("part__order", "part__cooperative")
    first = list(parcels.order_by("cod_collected_at", "pk")[:MAX_SHOWN])
    return OpenTasks(
        _("Cash collected short"), parcels.count(), first, "shortfall", reverse("desk:cash-shortfalls")
    )


def overdue_cash(today: datetime.date) -> OpenTasks:
    """Return the carriers and cooperatives that hold overdue cash."""
    market = market_channel()
    currency = market.currency if market else "VND"
    late_holders = [row for group in read_cash_by_holder(today, currency) for row in group if row.is_late]
    first = [(row, row.by_age[CashAge.OLD], currency) for row in late_holders[:MAX_SHOWN]]
    list_url = f"{reverse('desk:cash-parcels')}?tuoi={CashAge.OLD}"
    return OpenTasks(_("Cash outstanding for 15 days or more"), len(late_holders), first, "cash", list_url)


def unaccepted_parts() -> OpenTasks:
    """Return the parts whose acceptance deadline is near."""
    parts = OrderPart.objects.unanswered().select_related("order", "cooperative")
    return OpenTasks(
        _("Parts not yet accepted"),
        parts.count(),
        list(parts[:MAX_SHOWN]),
        "part",
        f"{reverse('desk:orders')}?status=placed",
    )


def unanswered_weights(now: datetime.datetime) -> OpenTasks:
    """Return the questions about a weight that buyers have not answered for a day, so staff should call."""
    questions = WeightQuestion.objects.unanswered_for_a_day(now).select_related(
        "line__order", "line__cooperative"
    )
    return OpenTasks(
        _("Weights waiting for the buyer"),
        questions.count(),
        list(questions.in_order()[:MAX_SHOWN]),
        "weight",
        f"{reverse('desk:orders')}?status=in_preparation",
    )


def sweep_failures() -> OpenTasks:
    """Return the rows that background sweeps failed to process and that nobody has seen."""
    rows = SweepFailure.objects.unacknowledged()
    first = [(row, sweep_name(row.sweep)) for row in rows[:MAX_SHOWN]]
    return OpenTasks(
        _("Failed background tasks"), rows.count(), first, "failure", reverse("desk:background-work")
    )


def unsent_texts(now: datetime.datetime) -> OpenTasks:
    """Return how many text messages of the last day exceeded the allowance and were not sent."""
    count = count_texts_not_sent(now - datetime.timedelta(days=1))
    return OpenTasks(_("Text messages not sent"), count, [], "texts", reverse("desk:background-work"))


def data_requests() -> OpenTasks:
    """Return the unanswered personal data requests, the most urgent first."""
    rows = DataRequest.objects.open().filter(Q(runs_at=None) | ~Q(obstacle=""))
    name = _("Personal data requests")
    return OpenTasks(name, rows.count(), list(rows[:MAX_SHOWN]), "data", reverse("desk:data-requests"))


def complaints(now: datetime.datetime) -> OpenTasks:
    """Return the complaints whose deadline for an answer has passed."""
    rows = Complaint.objects.overdue(now).select_related("part__order", "part__cooperative")
    return OpenTasks(
        _("Overdue complaints"),
        rows.count(),
        list(rows[:MAX_SHOWN]),
        "complaint",
        reverse("desk:complaints"),
    )


def stuck_refunds() -> OpenTasks:
    """Return the refunds to cards that failed, to be paid by bank transfer."""
    failed_amounts = Refund.objects.filter(pk__in=Refund.objects.failed().values("pk")).failed_amounts()
    refunds = Refund.objects.filter(pk__in=list(failed_amounts)).select_related("order").oldest_first()
    return OpenTasks(
        _("Failed refunds"), len(failed_amounts), list(refunds[:MAX_SHOWN]), "refund", reverse("desk:orders")
    )


def overpayments() -> OpenTasks:
    """Return the overpaid orders, except those whose total may still rise by weighing."""
    unfinished_statuses = [OrderStatus.PLACED, OrderStatus.IN_PREPARATION]
    rows = overpaid_orders().exclude(status__in=unfinished_statuses).order_by("placed_at", "pk")
    return OpenTasks(
        _("Overpaid orders"),
        rows.count(),
        list(rows[:MAX_SHOWN]),
        "overpaid",
        reverse("desk:orders"),
    )


def failed_deliveries() -> OpenTasks:
    parcels = Parcel.objects.filter(state=ParcelState.FAILED_DELIVERY).select_related(
        "part", "part__order", "part__cooperative"
    )
    return OpenTasks(
        _("Failed deliveries"),
        parcels.count(),
        list(parcels.order_by("failed_at", "pk")[:MAX_SHOWN]),
        "parcel",
        f"{reverse('desk:orders')}?status=on_the_way",
    )
