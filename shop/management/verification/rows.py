"""The rows of some orders, or of all. Each table is read once for all rules."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from django.db.models import Model, QuerySet, Sum

from orders.models import (
    Allocation,
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

Row = TypeVar("Row", bound=Model)


def in_batches(rows: QuerySet[Row], size: int = 1_000) -> Iterator[list[Row]]:
    """Yield the rows by primary key in batches, which bounds memory."""
    rows, last = rows.order_by("pk"), None
    while batch := list((rows if last is None else rows.filter(pk__gt=last))[:size]):
        last = batch[-1].pk
        yield batch
        if len(batch) < size:
            return


def group_by(rows: Iterable[Row], key: str) -> defaultdict[object, list[Row]]:
    """Group rows by a column, keeping their order. A missing key gives an empty list."""
    groups: defaultdict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, key)].append(row)
    return groups


def sum_by(rows: Iterable[object], key: str, column: str = "quantity") -> Counter[object]:
    """Sum one column grouped by another."""
    sums: Counter[object] = Counter()
    for row in rows:
        sums[getattr(row, key)] += getattr(row, column)
    return sums


class OrderRows:
    """Rows of orders, linked in memory. A line's part, order and variant are read once."""

    def __init__(self, order_ids: Collection[uuid.UUID] | None = None) -> None:
        """Select the given orders, or with None all orders and the rows without an order."""
        self._order_ids = order_ids

    def of_orders(self, rows: QuerySet[Row], path: str) -> QuerySet[Row]:
        """Filter `rows` to these orders by the column `path`."""
        return rows if self._order_ids is None else rows.filter(**{f"{path}__in": self._order_ids})

    @cached_property
    def orders(self) -> dict[object, Order]:
        rows = self.of_orders(Order.objects.select_related("channel"), "pk").order_by("pk")
        return {row.pk: row for row in rows}

    @cached_property
    def parts(self) -> dict[int, OrderPart]:
        rows = self.of_orders(OrderPart.objects.order_by("order", "number"), "order")
        parts = {row.pk: row for row in rows}
        for part in parts.values():
            part.order = self.orders[part.order_id]
        return parts

    @cached_property
    def lines(self) -> dict[uuid.UUID, OrderLine]:
        rows = self.of_orders(OrderLine.objects.select_related("variant").order_by("pk"), "order")
        lines = {row.pk: row for row in rows}
        for line in lines.values():
            line.order, line.part = self.orders[line.order_id], self.parts[line.part_id]
        return lines

    @cached_property
    def parcels(self) -> dict[int, Parcel]:
        parcels = {row.pk: row for row in self.of_orders(Parcel.objects.order_by("pk"), "part__order")}
        for parcel in parcels.values():
            parcel.part = self.parts[parcel.part_id]
        return parcels

    @cached_property
    def parcel_lines(self) -> list[ParcelLine]:
        lines = ParcelLine.objects.select_related("stock", "lot").order_by("pk")
        rows = list(self.of_orders(lines, "parcel__part__order"))
        for row in rows:
            row.parcel, row.order_line = self.parcels[row.parcel_id], self.lines[row.order_line_id]
        return rows

    @cached_property
    def unvoided_parcel_lines(self) -> list[ParcelLine]:
        """The lines of parcels that are not voided."""
        return [row for row in self.parcel_lines if row.parcel.state != ParcelState.VOIDED]

    @cached_property
    def allocations(self) -> list[Allocation]:
        return list(self.of_orders(Allocation.objects.order_by("pk"), "line__order"))

    @cached_property
    def refunds(self) -> list[Refund]:
        return list(self.of_orders(Refund.objects.order_by("pk"), "order"))

    @cached_property
    def refund_lines(self) -> list[RefundLine]:
        return list(self.of_orders(RefundLine.objects.order_by("pk"), "refund__order"))

    @cached_property
    def refunded_amounts(self) -> Counter[Any]:
        """The refunded amount of each line."""
        return sum_by(self.refund_lines, "order_line_id", "amount")

    @cached_property
    def payments(self) -> list[Payment]:
        """The payments, oldest first."""
        return list(self.of_orders(Payment.objects.order_by("created_at", "pk"), "order"))

    @cached_property
    def payment_sums(self) -> defaultdict[object, PaymentSums]:
        """The sums of each payment. They are zero if it has no event."""
        events = self.of_orders(PaymentEvent.objects.order_by(), "payment__order")
        by_payment: defaultdict[object, dict[str, int]] = defaultdict(dict)
        for payment_id, kind, total in events.values_list("payment", "kind").annotate(total=Sum("amount")):
            by_payment[payment_id][kind] = total
        return defaultdict(
            PaymentSums,
            {payment_id: PaymentSums.from_totals(totals) for payment_id, totals in by_payment.items()},
        )

    def latest_changed(self, limit: int | None) -> list[Order]:
        orders = sorted(
            self.orders.values(), key=lambda order: (order.updated_at, order.number), reverse=True
        )
        return orders[:limit]
