"""The platform's open tasks by kind: how many there are, the first of them, and a link to all."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Model, Q, QuerySet
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
from shop.core.dates.calendar import vietnam_date
from shop.core.models import ShopSettings, SweepFailure, market_channel
from shop.desk.overview.background_work import sweep_name
from shop.notifications.text_allowance import count_texts_not_sent
from shop.reports.cash import CashAge, read_cash_by_holder

MAX_SHOWN = 3


class TaskKind(enum.StrEnum):
    """Kinds of open tasks. The page shows the rows of each kind in its own way."""

    COOPERATIVE = "cooperative"
    LISTING = "listing"
    REVISION = "revision"
    PRICE = "price"
    CERTIFICATE = "certificate"
    TRANSFER = "transfer"
    GATEWAY_CALL = "gateway_call"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    APPROVAL = "approval"
    SECOND_PERSON = "second_person"
    STATEMENT_ROW = "statement_row"
    REMITTANCE = "remittance"
    REMITTANCE_DIFFERENCE = "remittance_difference"
    CASH_SHORTFALL = "cash_shortfall"
    OUTSTANDING_CASH = "outstanding_cash"
    PART = "part"
    WEIGHT_QUESTION = "weight_question"
    SWEEP_FAILURE = "sweep_failure"
    UNSENT_MESSAGES = "unsent_messages"
    DATA_REQUEST = "data_request"
    COMPLAINT = "complaint"
    REFUND = "refund"
    OVERPAID_ORDER = "overpaid_order"
    PARCEL = "parcel"


# Tasks of these kinds come first, because a deadline has passed or money or products are stuck.
_URGENT_KINDS = frozenset(
    {
        TaskKind.SWEEP_FAILURE,
        TaskKind.UNSENT_MESSAGES,
        TaskKind.GATEWAY_CALL,
        TaskKind.DISPUTE,
        TaskKind.STATEMENT_ROW,
        TaskKind.REMITTANCE_DIFFERENCE,
        TaskKind.CASH_SHORTFALL,
        TaskKind.OUTSTANDING_CASH,
        TaskKind.COMPLAINT,
        TaskKind.REFUND,
        TaskKind.PART,
        TaskKind.WEIGHT_QUESTION,
        TaskKind.PARCEL,
    }
)


@dataclass(frozen=True, slots=True)
class OpenTasks:
    """The open tasks of one kind. `count` counts all of them, and `first_rows` holds at most MAX_SHOWN.

    `has_late_rows` says that a promised day has passed for one of them.
    """

    name: Promise
    count: int
    first_rows: Sequence[object]
    kind: TaskKind
    list_url: str
    has_late_rows: bool = False

    @property
    def is_urgent(self) -> bool:
        return self.has_late_rows or self.kind in _URGENT_KINDS


def find_application_tasks() -> OpenTasks:
    cooperatives = Cooperative.objects.filter(state=CooperativeState.APPLIED, is_platform_seller=False)
    return _build_tasks(
        cooperatives.order_by("updated_at", "pk"),
        name=_("Cooperative applications"),
        kind=TaskKind.COOPERATIVE,
        list_url=reverse("desk:cooperatives"),
    )


def find_listing_tasks() -> OpenTasks:
    rows = Listing.objects.waiting().select_related("product", "product__cooperative")
    return _build_tasks(
        rows, name=_("Products to review"), kind=TaskKind.LISTING, list_url=reverse("desk:listings")
    )


def find_revision_tasks() -> OpenTasks:
    """Return the changes to approved products that wait for a review."""
    revisions = ProductRevision.objects.waiting().select_related("product", "product__cooperative")
    return _build_tasks(
        revisions, name=_("Changes to review"), kind=TaskKind.REVISION, list_url=reverse("desk:revisions")
    )


def find_unusual_price_tasks() -> OpenTasks:
    """Return the unusual prices that apps set and nobody has confirmed."""
    prices = Price.objects.unusual().select_related("variant__product__cooperative")
    return _build_tasks(
        prices, name=_("Unusual prices"), kind=TaskKind.PRICE, list_url=reverse("desk:prices")
    )


def find_certificate_tasks() -> OpenTasks:
    """Return the certificates that members have submitted for review."""
    certificates = Certificate.objects.waiting().select_related("cooperative")
    return _build_tasks(
        certificates,
        name=_("Certificates to review"),
        kind=TaskKind.CERTIFICATE,
        list_url=reverse("desk:certificates"),
    )


def find_transfer_tasks() -> OpenTasks:
    transfers = BankTransfer.objects.in_review()
    name = _("Transfers to review")
    return _build_tasks(transfers, name=name, kind=TaskKind.TRANSFER, list_url=reverse("desk:transfers"))


def find_declined_call_tasks() -> OpenTasks:
    gateway_calls = (
        GatewayCall.objects.awaiting_staff().select_related("payment__order").order_by("-created_at", "pk")
    )
    name = _("Declined by Stripe")
    return _build_tasks(
        gateway_calls,
        name=name,
        kind=TaskKind.GATEWAY_CALL,
        list_url=f"{reverse('desk:card-calls')}?xem=hong",
    )


def find_dispute_tasks() -> OpenTasks:
    """Return the chargebacks that still need our evidence."""
    disputes = Dispute.objects.awaiting_evidence().select_related("payment__order")
    return _build_tasks(
        disputes,
        name=_("Disputes to answer"),
        kind=TaskKind.DISPUTE,
        list_url=f"{reverse('desk:card-calls')}#disputes",
    )


def find_payout_tasks(settings: ShopSettings, now: datetime.datetime) -> OpenTasks:
    """Return the payouts that have to be sent, each with the announced day that was missed."""
    payouts = Payout.objects.due().select_related(
        "settlement__cooperative", "refund__order", "transfer__order"
    )
    today = vietnam_date(now)
    first_rows = [
        (payout, settings.missed_payout_day(payout.created_at, today) if payout.settlement else None)
        for payout in payouts[:MAX_SHOWN]
    ]
    return OpenTasks(
        name=_("Payouts due"),
        count=payouts.count(),
        first_rows=first_rows,
        kind=TaskKind.PAYOUT,
        list_url=reverse("desk:payouts"),
        has_late_rows=any(missed_day for _payout, missed_day in first_rows),
    )


def find_approval_tasks(kinds: Sequence[str], now: datetime.datetime) -> OpenTasks:
    """Return the proposals that need a second person's confirmation."""
    approvals = (
        Approval.objects.waiting(now).filter(kind__in=kinds).select_related("cooperative", "proposed_by")
    )
    name = _("Waiting for a second person")
    return _build_tasks(approvals, name=name, kind=TaskKind.APPROVAL, list_url=reverse("desk:approvals"))


def find_missing_approver_tasks(permissions: Sequence[Permission]) -> OpenTasks:
    """Return the number of permissions that too few people hold for a second person to confirm proposals."""
    name = _("Permissions without a second person")
    return OpenTasks(
        name=name,
        count=len(permissions),
        first_rows=[],
        kind=TaskKind.SECOND_PERSON,
        list_url=reverse("desk:approvals"),
    )


def find_statement_row_tasks() -> OpenTasks:
    """Return the rows of carriers' statements that differ from our data."""
    statement_rows = StatementRow.objects.problems().select_related("statement")
    name = _("Carrier statement rows")
    return _build_tasks(
        statement_rows, name=name, kind=TaskKind.STATEMENT_ROW, list_url=reverse("desk:cash-differences")
    )


def find_unreconciled_remittance_tasks() -> OpenTasks:
    """Return the remittances that have not arrived on our account yet."""
    remittances = CashRemittance.objects.unreconciled().select_related("cooperative")
    list_url = f"{reverse('desk:cash-remittances')}?xem=cho"
    return _build_tasks(
        remittances.order_by("created_at", "pk"),
        name=_("Cash remitted, not yet received"),
        kind=TaskKind.REMITTANCE,
        list_url=list_url,
    )


def find_remittance_difference_tasks() -> OpenTasks:
    """Return the carriers' remittances whose amount differs from the cash of their parcels."""
    remittances = CashRemittance.objects.with_unresolved_difference()
    list_url = f"{reverse('desk:cash-remittances')}?xem=lech"
    return _build_tasks(
        remittances.order_by("created_at", "pk"),
        name=_("Cash short or over"),
        kind=TaskKind.REMITTANCE_DIFFERENCE,
        list_url=list_url,
    )


def find_cash_shortfall_tasks() -> OpenTasks:
    """Return the parcels for which too little cash was collected and nobody has decided who bears it."""
    parcels = Parcel.objects.with_cash_shortfall().select_related("part__order", "part__cooperative")
    return _build_tasks(
        parcels.order_by("cod_collected_at", "pk"),
        name=_("Cash collected short"),
        kind=TaskKind.CASH_SHORTFALL,
        list_url=reverse("desk:cash-shortfalls"),
    )


def find_overdue_cash_tasks(today: datetime.date) -> OpenTasks:
    """Return the carriers and cooperatives that hold overdue cash."""
    market = market_channel()
    currency = market.currency if market else "VND"
    late_holders = [row for group in read_cash_by_holder(today, currency) for row in group if row.is_late]
    first_rows = [(row, row.by_age[CashAge.OLD], currency) for row in late_holders[:MAX_SHOWN]]
    list_url = f"{reverse('desk:cash-parcels')}?tuoi={CashAge.OLD}"
    return OpenTasks(
        name=_("Cash outstanding for 15 days or more"),
        count=len(late_holders),
        first_rows=first_rows,
        kind=TaskKind.OUTSTANDING_CASH,
        list_url=list_url,
    )


def find_unaccepted_part_tasks() -> OpenTasks:
    """Return the parts whose acceptance deadline is near."""
    parts = OrderPart.objects.unanswered().select_related("order", "cooperative")
    return _build_tasks(
        parts,
        name=_("Parts not yet accepted"),
        kind=TaskKind.PART,
        list_url=f"{reverse('desk:orders')}?status=placed",
    )


def find_unanswered_weight_tasks(now: datetime.datetime) -> OpenTasks:
    """Return the questions about a weight that buyers have not answered for a day, so staff should call."""
    questions = WeightQuestion.objects.unanswered_for_a_day(now).select_related(
        "line__order", "line__cooperative"
    )
    return _build_tasks(
        questions.in_order(),
        name=_("Weights waiting for the buyer"),
        kind=TaskKind.WEIGHT_QUESTION,
        list_url=f"{reverse('desk:orders')}?status=in_preparation",
    )


def find_sweep_failure_tasks() -> OpenTasks:
    """Return the rows that background sweeps failed to process and that nobody has seen."""
    sweep_failures = SweepFailure.objects.unacknowledged()
    first_rows = [(row, sweep_name(row.sweep)) for row in sweep_failures[:MAX_SHOWN]]
    return OpenTasks(
        name=_("Failed background tasks"),
        count=sweep_failures.count(),
        first_rows=first_rows,
        kind=TaskKind.SWEEP_FAILURE,
        list_url=reverse("desk:background-work"),
    )


def find_unsent_message_tasks(now: datetime.datetime) -> OpenTasks:
    """Return how many text messages of the last day exceeded the allowance and were not sent."""
    count = count_texts_not_sent(now - datetime.timedelta(days=1))
    return OpenTasks(
        name=_("Text messages not sent"),
        count=count,
        first_rows=[],
        kind=TaskKind.UNSENT_MESSAGES,
        list_url=reverse("desk:background-work"),
    )


def find_data_request_tasks() -> OpenTasks:
    """Return the unanswered personal data requests, the most urgent first."""
    data_requests = DataRequest.objects.open().filter(Q(deletion_due_at=None) | ~Q(obstacle=""))
    name = _("Personal data requests")
    return _build_tasks(
        data_requests, name=name, kind=TaskKind.DATA_REQUEST, list_url=reverse("desk:data-requests")
    )


def find_overdue_complaint_tasks(now: datetime.datetime) -> OpenTasks:
    """Return the complaints whose deadline for an answer has passed."""
    complaints = Complaint.objects.overdue(now).select_related("part__order", "part__cooperative")
    return _build_tasks(
        complaints, name=_("Overdue complaints"), kind=TaskKind.COMPLAINT, list_url=reverse("desk:complaints")
    )


def find_failed_refund_tasks() -> OpenTasks:
    """Return the refunds to cards that failed, to be paid by bank transfer."""
    failed_amounts = Refund.objects.filter(pk__in=Refund.objects.failed().values("pk")).failed_amounts()
    refunds = Refund.objects.filter(pk__in=list(failed_amounts)).select_related("order").oldest_first()
    return OpenTasks(
        name=_("Failed refunds"),
        count=len(failed_amounts),
        first_rows=list(refunds[:MAX_SHOWN]),
        kind=TaskKind.REFUND,
        list_url=reverse("desk:orders"),
    )


def find_overpaid_order_tasks() -> OpenTasks:
    """Return the overpaid orders, except those whose total may still rise by weighing."""
    unfinished_statuses = [OrderStatus.PLACED, OrderStatus.IN_PREPARATION]
    rows = overpaid_orders().exclude(status__in=unfinished_statuses).order_by("placed_at", "pk")
    return _build_tasks(
        rows, name=_("Overpaid orders"), kind=TaskKind.OVERPAID_ORDER, list_url=reverse("desk:orders")
    )


def find_failed_delivery_tasks() -> OpenTasks:
    parcels = Parcel.objects.filter(state=ParcelState.FAILED_DELIVERY).select_related(
        "part", "part__order", "part__cooperative"
    )
    return _build_tasks(
        parcels.order_by("failed_at", "pk"),
        name=_("Failed deliveries"),
        kind=TaskKind.PARCEL,
        list_url=f"{reverse('desk:orders')}?status=on_the_way",
    )


def _build_tasks(rows: QuerySet[Model], *, name: Promise, kind: TaskKind, list_url: str) -> OpenTasks:
    return OpenTasks(
        name=name, count=rows.count(), first_rows=list(rows[:MAX_SHOWN]), kind=kind, list_url=list_url
    )
