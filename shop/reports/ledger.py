"""Ledger report: account balances and postings."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from orders.models import EntryNature, LedgerAccount, LedgerEntry, LedgerPosting, PostingKind
from orders.models.ledger import LedgerEntryQuerySet
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.reports.report_files import Cell, ColumnKind, ReportColumn, ReportTable


@dataclass(frozen=True, slots=True)
class LedgerQuery:
    """Filters for postings: account, cooperative, order, date range."""

    account: str = ""
    cooperative_id: int | None = None
    order_code: str = ""
    from_day: datetime.date | None = None
    until_day: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """An account's balance in one currency. Debit is positive."""

    account: LedgerAccount
    currency: str
    amount: int

    @property
    def absolute_amount(self) -> int:
        return abs(self.amount)


def balances(query: LedgerQuery) -> list[Balance]:
    """Return balances by account and currency, in the accounts' order. It takes one query."""
    rows = _entries(query).order_by("account", "currency").values_list("account", "currency")
    sums = {(account, currency): total for account, currency, total in rows.annotate(total=Sum("amount"))}
    return [
        Balance(account, currency, total)
        for account in LedgerAccount
        for (name, currency), total in sums.items()
        if name == account
    ]


def postings(query: LedgerQuery) -> QuerySet[LedgerPosting]:
    """Return postings with their entries, newest first. Two queries per page."""
    postings = LedgerPosting.objects.select_related("order").order_by("-created_at", "-pk")
    if query != LedgerQuery():
        postings = postings.filter(pk__in=_entries(query).values("posting"))
    entries = LedgerEntry.objects.select_related("cooperative").order_by("pk")
    return postings.prefetch_related(Prefetch("entries", entries))


def filtered_entries(query: LedgerQuery) -> QuerySet[LedgerEntry]:
    """Return the filtered entries for an export, newest first."""
    rows = _entries(query).select_related("posting__order", "cooperative")
    ordered: QuerySet[LedgerEntry] = rows.order_by("-posting__created_at", "-posting", "pk")
    return ordered


def ledger_table(rows: Iterable[LedgerEntry], currency: str) -> ReportTable:
    """Return entries of one currency as a sheet."""
    columns = [
        ReportColumn(_("Date"), ColumnKind.DAY),
        ReportColumn(_("Posting"), ColumnKind.COUNT),
        ReportColumn(_("Event")),
        ReportColumn(_("Account")),
        ReportColumn(_("Entry type")),
        ReportColumn(_("Cooperative")),
        ReportColumn(_("Carrier")),
        ReportColumn(pgettext("settlement", "Order")),
        ReportColumn(_("Debit"), ColumnKind.MONEY),
        ReportColumn(_("Credit"), ColumnKind.MONEY),
        ReportColumn(_("Note")),
    ]
    cells: list[list[Cell]] = [
        [
            vietnam_date(entry.posting.created_at),
            entry.posting_id,
            str(PostingKind(entry.posting.kind).label),
            str(LedgerAccount(entry.account).label),
            str(EntryNature(entry.nature).label) if entry.nature else "",
            entry.cooperative.name if entry.cooperative else "",
            entry.carrier,
            entry.posting.order.code if entry.posting.order else "",
            max(0, entry.amount),
            max(0, -entry.amount),
            entry.posting.memo,
        ]
        for entry in rows
    ]
    return ReportTable(f"{_('Ledger')} {currency}", columns, cells, currency)


def _entries(query: LedgerQuery) -> LedgerEntryQuerySet:
    ledger_entries = LedgerEntry.objects.all()
    if query.account:
        ledger_entries = ledger_entries.filter(account=query.account)
    if query.cooperative_id is not None:
        ledger_entries = ledger_entries.filter(cooperative=query.cooperative_id)
    if query.order_code:
        ledger_entries = ledger_entries.filter(posting__order__code=query.order_code)
    if query.from_day is not None:
        ledger_entries = ledger_entries.filter(posting__created_at__gte=start_of_day(query.from_day))
    if query.until_day is not None:
        ledger_entries = ledger_entries.filter(
            posting__created_at__lt=start_of_day(query.until_day + datetime.timedelta(days=1))
        )
    return ledger_entries
