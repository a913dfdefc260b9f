"""Outstanding cash on delivery, by holder and age."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db.models import Case, CharField, Count, Min, Sum, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Parcel
from orders.models.parcel import ParcelQuerySet
from orders.states import CashHolder, CodState
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.reports.report_files import Cell, ColumnKind, ReportColumn, ReportTable


class CashAge(StrEnum):
    """Age of outstanding cash in Vietnam's days, and remitted cash not yet seen on our account."""

    NEW = "0-3"
    WEEK = "4-7"
    FORTNIGHT = "8-14"
    OLD = "15"
    REMITTED = "da-nop"


UNREMITTED_AGES = (CashAge.NEW, CashAge.WEEK, CashAge.FORTNIGHT, CashAge.OLD)
CASH_AGE_NAMES: dict[CashAge, Promise] = {
    CashAge.NEW: gettext_lazy("0–3 days"),
    CashAge.WEEK: gettext_lazy("4–7 days"),
    CashAge.FORTNIGHT: gettext_lazy("8–14 days"),
    CashAge.OLD: gettext_lazy("15 days or more"),
    CashAge.REMITTED: gettext_lazy("Remitted, not yet received"),
}
_DAYS = {CashAge.NEW: 3, CashAge.WEEK: 7, CashAge.FORTNIGHT: 14}


@dataclass(slots=True)
class HolderCash:
    """A holder's outstanding cash in minor units by age, the number of their parcels and the oldest cash."""

    holder: str
    key: str
    name: str
    by_age: dict[CashAge, int] = field(default_factory=dict)
    parcel_count: int = 0
    oldest_at: datetime.datetime | None = None

    @property
    def total(self) -> int:
        """The amount still held, without remitted cash."""
        return sum(self.by_age.get(age, 0) for age in UNREMITTED_AGES)

    @property
    def ages(self) -> list[tuple[CashAge, int]]:
        return [(age, self.by_age.get(age, 0)) for age in CashAge]

    @property
    def is_late(self) -> bool:
        return self.by_age.get(CashAge.OLD, 0) > 0


def read_cash_by_holder(today: datetime.date, currency: str) -> tuple[list[HolderCash], list[HolderCash]]:
    """Return carriers and cooperatives with outstanding cash, largest amount first. It takes one query."""
    rows = (
        with_age(Parcel.objects.with_unremitted_cash(), today)
        .filter(part__order__currency=currency)
        .values("cod_holder", "carrier", "part__cooperative", "part__cooperative__name", "age")
        .annotate(amount=Sum("owed"), parcel_count=Count("pk"), oldest_at=Min("since"))
        .order_by("carrier", "part__cooperative", "age")
    )
    carriers: dict[str, HolderCash] = {}
    cooperatives: dict[str, HolderCash] = {}
    for row in rows:
        if row["cod_holder"] == CashHolder.CARRIER:
            name = row["carrier"]
            holder_cash = carriers.setdefault(
                name, HolderCash(CashHolder.CARRIER, name, name or _("No carrier given"))
            )
        else:
            key = str(row["part__cooperative"])
            name = row["part__cooperative__name"]
            holder_cash = cooperatives.setdefault(key, HolderCash(CashHolder.COOPERATIVE, key, name))
        age = CashAge(row["age"])
        holder_cash.by_age[age] = holder_cash.by_age.get(age, 0) + row["amount"]
        holder_cash.parcel_count += row["parcel_count"]
        if age != CashAge.REMITTED:
            oldest_at = row["oldest_at"]
            holder_cash.oldest_at = min(holder_cash.oldest_at or oldest_at, oldest_at)
    return _sort_holders(carriers.values()), _sort_holders(cooperatives.values())


def with_age(parcels: ParcelQuerySet, today: datetime.date) -> Any:
    """Annotate parcels that owe cash with their `age`."""
    since = [
        When(since__gte=start_of_day(today - datetime.timedelta(days=days)), then=Value(age.value))
        for age, days in _DAYS.items()
    ]
    remitted = When(cod_state=CodState.REMITTED, then=Value(CashAge.REMITTED.value))
    return parcels.annotate(
        age=Case(remitted, *since, default=Value(CashAge.OLD.value), output_field=CharField())
    )


def total_of_holders(holders: Iterable[HolderCash]) -> HolderCash:
    """Return the sum of these holders' cash, named "Total"."""
    total = HolderCash("", "", _("Total"))
    for holder in holders:
        total.parcel_count += holder.parcel_count
        for age, amount in holder.by_age.items():
            total.by_age[age] = total.by_age.get(age, 0) + amount
    return total


def table_by_holder(name: str, rows: Sequence[HolderCash], currency: str) -> ReportTable:
    """Return holders and ages as a sheet."""
    columns = [
        ReportColumn(name),
        *(ReportColumn(str(CASH_AGE_NAMES[age]), ColumnKind.MONEY) for age in CashAge),
        ReportColumn(_("Cash held"), ColumnKind.MONEY),
        ReportColumn(_("Parcels"), ColumnKind.COUNT),
    ]

    def cells(row: HolderCash) -> list[Cell]:
        return [row.name, *(amount for _age, amount in row.ages), row.total, row.parcel_count]

    return ReportTable(
        name, columns, [cells(row) for row in rows], currency, sums=cells(total_of_holders(rows))
    )


def table_of_parcels(parcels: Iterable[Parcel], currency: str) -> ReportTable:
    """Return parcels with outstanding cash as a sheet. Load them with part, cooperative and order."""
    columns = [
        ReportColumn(_("Parcel")),
        ReportColumn(_("Tracking number")),
        ReportColumn(_("Carrier")),
        ReportColumn(_("Cooperative")),
        ReportColumn(_("Cash")),
        ReportColumn(_("Since"), ColumnKind.DAY),
        ReportColumn(_("To collect"), ColumnKind.MONEY),
        ReportColumn(_("Collected"), ColumnKind.MONEY),
    ]
    cells: list[list[Cell]] = [
        [
            f"{parcel.part.order.code}-{parcel.label_code}",
            parcel.tracking_number,
            parcel.carrier,
            parcel.part.cooperative.name,
            parcel.get_cod_state_display(),
            vietnam_date(parcel.cod_collected_at or parcel.delivered_at or parcel.created_at),
            parcel.cod_expected,
            parcel.cod_collected,
        ]
        for parcel in parcels
    ]
    return ReportTable(_("Parcels"), columns, cells, currency)


def _sort_holders(rows: Iterable[HolderCash]) -> list[HolderCash]:
    return sorted(rows, key=lambda row: (-row.total, row.name, row.key))
