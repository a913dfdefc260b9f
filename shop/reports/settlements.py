"""Settlement report: totals, orders and corrections."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Min, Q, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from orders.models import (
    COOPERATIVE_ACCOUNTS,
    LedgerEntry,
    Payout,
    PeriodTotals,
    PostingKind,
    Settlement,
)
from orders.states import PayoutState, SettlementState
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.core.models import ShopSettings
from shop.core.texts.formatting import format_day, format_time
from shop.reports.group_names import MAX_KEYS_PER_QUERY
from shop.reports.report_files import Cell, ColumnKind, ReportColumn, ReportTable

# Postings made by the closing itself do not count towards the period.
_CLOSING_POSTINGS = (PostingKind.OFFSET, PostingKind.SETTLED)
_PLUS, _MINUS = 1, -1
# Each figure, its label, and its sign in the payable amount.
SIGNED_TOTALS: tuple[tuple[str, Promise, int], ...] = (
    ("carried_forward", gettext_lazy("Balance brought forward"), _PLUS),
    ("goods", gettext_lazy("Product sales"), _PLUS),
    ("delivery", gettext_lazy("Own delivery"), _PLUS),
    ("corrections", gettext_lazy("Corrections"), _PLUS),
    ("refunds", gettext_lazy("Refunds"), _MINUS),
    ("commission", pgettext_lazy("settlement", "Commission"), _MINUS),
    ("tax_withheld", gettext_lazy("Tax withheld"), _MINUS),
    ("cash_held", gettext_lazy("Cash collected and held"), _MINUS),
)
TOTAL_COLUMNS: tuple[tuple[str, Promise], ...] = (
    ("payable", pgettext_lazy("settlement", "Balance")),
    ("goods", pgettext_lazy("settlement", "Products")),
    ("delivery", pgettext_lazy("settlement", "Delivery")),
    ("refunds", gettext_lazy("Refunds")),
    ("commission", pgettext_lazy("settlement", "Commission")),
    ("tax_withheld", pgettext_lazy("settlement", "Tax")),
    ("corrections", gettext_lazy("Corrections")),
    ("cash_held", pgettext_lazy("settlement", "Cash kept")),
)
_SIGNS = {field: sign for field, _name, sign in SIGNED_TOTALS}


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """An order (by code) or another posting, with its contribution to the period."""

    at: datetime.datetime
    name: str
    totals: PeriodTotals
    note: str = ""
    is_order: bool = False

    @property
    def lines(self) -> list[tuple[Promise, int]]:
        """The non-zero totals as signed amounts that add up to the row's contribution."""
        return _signed_lines(self.totals)


@dataclass(frozen=True, slots=True)
class SettlementStatement:
    """A settlement for display, which is open with its totals so far, or closed with its fixed totals."""

    settlement: Settlement
    totals: PeriodTotals
    payout: Payout | None

    @property
    def is_open(self) -> bool:
        return self.settlement.state == SettlementState.OPEN

    @property
    def lines(self) -> list[tuple[Promise, int]]:
        """The non-zero totals as signed amounts that add up to the payable amount."""
        return _signed_lines(self.totals)

    @property
    def payable(self) -> int:
        return self.totals.payable

    @property
    def outcome(self) -> tuple[Promise, int]:
        """The label of the result, which names the payer, and the amount, which is never negative."""
        if self.payable < 0:
            return gettext_lazy("The cooperative owes the market"), -self.payable
        return gettext_lazy("The market pays"), self.payable

    @property
    def period(self) -> str:
        """The period as text."""
        return format_period(self.settlement)


def _signed_lines(totals: PeriodTotals) -> list[tuple[Promise, int]]:
    signed_totals = [(name, sign * getattr(totals, field)) for field, name, sign in SIGNED_TOTALS]
    return [(name, amount) for name, amount in signed_totals if amount]


def format_period(settlement: Settlement) -> str:
    """Return the days of a settlement. Hours are given where two settlements share a day."""
    if settlement.closed_at is None:
        return _("since %(first)s, still open") % {"first": format_start(settlement)}
    at_midnight = _("%(first)s to the end of %(last)s")
    text = at_midnight if _is_midnight(settlement.closed_at) else _("%(first)s to %(last)s")
    last = settlement.closed_at - datetime.timedelta(microseconds=1)
    return text % {
        "first": format_start(settlement),
        "last": format_day(last)
        if _is_midnight(settlement.closed_at)
        else _format_instant(settlement.closed_at),
    }


def format_start(settlement: Settlement) -> str:
    """Return when the settlement begins, which is the closing of the previous one or its own first day."""
    opened_at = settlement.opened_at
    is_whole_day = settlement.number == 1 or _is_midnight(opened_at)
    return format_day(opened_at) if is_whole_day else _format_instant(opened_at)


def missed_payout_day(
    payout: Payout | None, settings: ShopSettings, now: datetime.datetime
) -> datetime.date | None:
    """Return the announced day on which a due payout of a settlement was not paid, else None."""
    if payout is None or payout.state != PayoutState.DUE:
        return None
    return settings.missed_payout_day(payout.created_at, vietnam_date(now))


def _is_midnight(at: datetime.datetime) -> bool:
    return at == start_of_day(vietnam_date(at))


def _format_instant(at: datetime.datetime) -> str:
    return _("%(hour)s on %(day)s") % {"hour": format_time(at), "day": format_day(at)}


def build_statement(settlement: Settlement) -> SettlementStatement:
    """Build a settlement's statement. At most two queries."""
    if settlement.state == SettlementState.OPEN:
        totals = LedgerEntry.objects.filter(settlement=settlement).totals_by_settlement()
        return SettlementStatement(settlement, totals.get(settlement.pk, PeriodTotals()), None)
    return SettlementStatement(
        settlement, PeriodTotals.fixed_at_closing(settlement), Payout.objects.of_settlement(settlement)
    )


def find_settlement_orders(settlement: Settlement) -> Any:
    """Return a settlement's orders, oldest posting first, as dicts with `posting__order` and `at`.

    Orders whose entries cancel each other out, as after the undo of a delivery, are left out.
    """
    entries = _read_ledger_entries(settlement).filter(posting__order__isnull=False)
    sums = entries.values("posting__order", "account", "nature").annotate(total=Sum("amount"))
    rows = entries.filter(posting__order__in=sums.exclude(total=0).values("posting__order"))
    rows = rows.values("posting__order")
    firsts = rows.annotate(at=Min("posting__created_at"), first=Min("posting"))
    return firsts.order_by("at", "first")


def load_rows_of_orders(settlement: Settlement, order_rows: Iterable[dict[str, Any]]) -> list[SettlementRow]:
    """Return rows for orders from `find_settlement_orders`. It takes one query."""
    times_by_order = {order_row["posting__order"]: order_row["at"] for order_row in order_rows}
    entries = _read_ledger_entries(settlement).filter(posting__order__isnull=False)
    if len(times_by_order) <= MAX_KEYS_PER_QUERY:
        entries = entries.filter(posting__order__in=list(times_by_order))
    rows = (
        entries.order_by("posting__order")
        .values_list("posting__order", "posting__order__code", "account", "nature")
        .annotate(total=Sum("amount"))
    )
    debits: dict[Any, dict[tuple[str, str], int]] = {key: {} for key in times_by_order}
    codes: dict[Any, str] = {}
    for key, code, account, nature, total in rows:
        if key in debits:
            debits[key][account, nature] = total
            codes[key] = code
    return [
        SettlementRow(at, codes[key], PeriodTotals.from_debits(debits[key]), is_order=True)
        for key, at in times_by_order.items()
    ]


def load_other_rows(settlement: Settlement) -> list[SettlementRow]:
    """Return rows without an order: corrections with reasons, remitted cash, balances carried over."""
    rows = (
        _read_ledger_entries(settlement)
        .filter(posting__order=None)
        .order_by("posting__created_at", "posting")
        .values_list("posting", "posting__kind", "posting__created_at", "posting__memo", "account", "nature")
        .annotate(total=Sum("amount"))
    )
    postings: dict[int, tuple[datetime.datetime, str, str]] = {}
    debits: dict[int, dict[tuple[str, str], int]] = {}
    for key, kind, at, memo, account, nature, total in rows:
        postings[key] = at, str(PostingKind(kind).label), memo
        debits.setdefault(key, {})[account, nature] = total
    return [
        SettlementRow(at, name, PeriodTotals.from_debits(debits[key]), memo)
        for key, (at, name, memo) in postings.items()
    ]


def signed_amounts(totals: PeriodTotals) -> list[int]:
    """Return the amounts of `TOTAL_COLUMNS`, signed so that the others add up to the balance."""
    return [_SIGNS.get(field, _PLUS) * getattr(totals, field) for field, _name in TOTAL_COLUMNS]


def sum_by_day(rows: Sequence[SettlementRow]) -> list[SettlementRow]:
    """Sum rows of orders by day in Vietnam's time, to shorten long statements."""
    days: dict[datetime.date, list[SettlementRow]] = {}
    for row in rows:
        days.setdefault(vietnam_date(row.at), []).append(row)
    return [
        SettlementRow(
            day_rows[0].at,
            _("Orders: %(count)s") % {"count": len(day_rows)},
            _sum_totals(row.totals for row in day_rows),
        )
        for _day, day_rows in sorted(days.items())
    ]


def build_tables(statement: SettlementStatement) -> list[ReportTable]:
    """Return the statement as sheets, which are the totals, and every order and correction."""
    settlement = statement.settlement
    title_values = {"number": settlement.number, "name": settlement.cooperative.name}
    title = [_("Settlement %(number)s, %(name)s") % title_values, statement.period]
    outcome, amount = statement.outcome
    summary = ReportTable(
        _("Settlement"),
        [ReportColumn(_("Event")), ReportColumn(_("Amount"), ColumnKind.MONEY)],
        [[str(name), amount] for name, amount in statement.lines],
        settlement.currency,
        sums=[str(outcome), amount],
        title=title,
    )
    statement_rows = load_rows_of_orders(settlement, find_settlement_orders(settlement)) + load_other_rows(
        settlement
    )
    columns = [
        ReportColumn(_("Date"), ColumnKind.DAY),
        ReportColumn(pgettext("settlement", "Order")),
        ReportColumn(_("Note")),
        *(ReportColumn(str(name), ColumnKind.MONEY) for _field, name in TOTAL_COLUMNS),
    ]
    detail: list[list[Cell]] = [
        [vietnam_date(row.at), row.name, row.note, *signed_amounts(row.totals)] for row in statement_rows
    ]
    total = _sum_totals(row.totals for row in statement_rows)
    total_cells: list[Cell] = ["", _("Total"), "", *signed_amounts(total)]
    name = _("Orders and corrections")
    return [summary, ReportTable(name, columns, detail, settlement.currency, sums=total_cells, title=title)]


def _read_ledger_entries(settlement: Settlement) -> Any:
    in_settlement = Q(settlement=settlement, account__in=COOPERATIVE_ACCOUNTS)
    return LedgerEntry.objects.filter(in_settlement).exclude(posting__kind__in=_CLOSING_POSTINGS)


def _sum_totals(all_totals: Iterable[PeriodTotals]) -> PeriodTotals:
    sums = dict.fromkeys((field.name for field in fields(PeriodTotals)), 0)
    for totals in all_totals:
        for name in sums:
            sums[name] += getattr(totals, name)
    return PeriodTotals(**sums)
