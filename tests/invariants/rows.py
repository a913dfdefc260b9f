"""The rows as they are, each table read once however many rules ask for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.db.models import Sum

from orders.models import (
    Allocation,
    LedgerEntry,
    LedgerPosting,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Payment,
    PaymentEvent,
    PaymentSums,
    Refund,
    RefundLine,
)
from orders.states import ParcelState


def grouped(rows: Iterable[Any], key: str) -> defaultdict[Any, list[Any]]:
    """The rows by a column, in their order; nothing for what has none."""
    groups: defaultdict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, key)].append(row)
    return groups


def summed(rows: Iterable[Any], key: str, of: str = "quantity") -> Counter[Any]:
    """Σ of a column by another."""
    sums: Counter[Any] = Counter()
    for row in rows:
        sums[getattr(row, key)] += getattr(row, of)
    return sums


class Rows:
    """What is known to each other is linked: a line's part, its order and its variant are read once, too."""

    @cached_property
    def orders(self) -> dict[Any, Order]:
        return {row.pk: row for row in Order.objects.select_related("channel").order_by("pk")}

    @cached_property
    def parts(self) -> dict[int, OrderPart]:
        parts = {row.pk: row for row in OrderPart.objects.order_by("order", "number")}
        for part in parts.values():
            part.order = self.orders[part.order_id]
        return parts

    @cached_property
    def lines(self) -> dict[Any, OrderLine]:
        lines = {row.pk: row for row in OrderLine.objects.select_related("variant").order_by("pk")}
        for line in lines.values():
            line.order, line.part = self.orders[line.order_id], self.parts[line.part_id]
        return lines

    @cached_property
    def parcels(self) -> dict[int, Parcel]:
        parcels = {row.pk: row for row in Parcel.objects.order_by("pk")}
        for parcel in parcels.values():
            parcel.part = self.parts[parcel.part_id]
        return parcels

    @cached_property
    def parcel_lines(self) -> list[ParcelLine]:
        rows = list(ParcelLine.objects.select_related("stock").order_by("pk"))
        for row in rows:
            row.parcel, row.order_line = self.parcels[row.parcel_id], self.lines[row.order_line_id]
        return rows

    @cached_property
    def counting(self) -> list[ParcelLine]:
        """Those whose parcel is not undone."""
        return [row for row in self.parcel_lines if row.parcel.state != ParcelState.VOIDED]

    @cached_property
    def allocations(self) -> list[Allocation]:
        return list(Allocation.objects.order_by("pk"))

    @cached_property
    def refunds(self) -> list[Refund]:
        return list(Refund.objects.order_by("pk"))

    @cached_property
    def refund_lines(self) -> list[RefundLine]:
        return list(RefundLine.objects.order_by("pk"))

    @cached_property
    def refunded(self) -> Counter[Any]:
        """What of each line is refunded."""
        return summed(self.refund_lines, "order_line_id", "amount")

    @cached_property
    def payments(self) -> list[Payment]:
        """Oldest first."""
        return list(Payment.objects.order_by("created_at", "pk"))

    @cached_property
    def sums(self) -> defaultdict[Any, PaymentSums]:
        totals = PaymentEvent.objects.order_by().values_list("payment", "kind").annotate(total=Sum("amount"))
        by_payment: defaultdict[Any, dict[str, int]] = defaultdict(dict)
        for payment, kind, total in totals:
            by_payment[payment][kind] = total
        return defaultdict(PaymentSums, {key: PaymentSums.of(value) for key, value in by_payment.items()})

    @cached_property
    def postings(self) -> dict[int, Any]:
        rows = LedgerPosting.objects.order_by("pk")
        return {row.pk: row for row in rows.values_list("pk", "key", "order", named=True)}

    @cached_property
    def entries(self) -> list[Any]:
        columns = ("posting_id", "settlement_id", "cooperative_id", "account", "currency", "amount")
        return list(LedgerEntry.objects.order_by("pk").values_list(*columns, named=True))
