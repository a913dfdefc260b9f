"""The facts that an order's derived columns follow from: parts, lines, parcels, refunds and payments."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, QuerySet, Sum

from orders.models import (
    Order,
    OrderLine,
    OrderPart,
    ParcelLine,
    Payment,
    PaymentEvent,
    PaymentSums,
    Refund,
    payment_sums_by_id,
)
from orders.states import ParcelKind, ParcelState
from shop.core.database.compiled_query import compiled_query


@dataclass(frozen=True, slots=True)
class _LineSums:
    """Sums over a part's lines: sales units, and their list price in minor units."""

    quantity: int
    list_net: int
    list_gross: int


@dataclass(slots=True)
class QuantitiesByState:
    """Quantities of one part: dispatched by parcel state, returned for good, and not to be sent."""

    dispatched: Counter[str] = field(default_factory=Counter)
    returned: int = 0
    unsent: int = 0


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """The rows that an order's derived columns follow from.

    Sums of lines are by part number, since a new part has no id yet. Quantities are by part id.
    """

    parts: Sequence[OrderPart]
    payments: Sequence[Payment]
    payment_sums: Mapping[uuid.UUID, PaymentSums]
    line_sums: Mapping[int, _LineSums]
    quantities: Mapping[int, QuantitiesByState] = field(default_factory=dict)
    refunded: Mapping[int | None, int] = field(default_factory=dict)


def read_facts_of_new_order(lines: Iterable[OrderLine], payments: Sequence[Payment] | None) -> OrderFacts:
    """Return the facts of an order just created with these lines, which has no parcels and no refunds.

    `payments` are its payments if they have no events yet, else None. No query, or two for None.
    """
    lines = list(lines)
    parts = list({line.part.number: line.part for line in lines}.values())
    line_sums = {
        part.number: _LineSums(
            sum(line.quantity for line in lines if line.part is part),
            sum(line.list_net for line in lines if line.part is part),
            sum(line.list_gross for line in lines if line.part is part),
        )
        for part in parts
    }
    if payments is not None:
        return OrderFacts(parts, payments, {}, line_sums)
    order_id = lines[0].order_id
    return OrderFacts(parts, _order_payments(order_id), payment_sums_by_id(_event_sums(order_id)), line_sums)


def read_facts(order: Order) -> OrderFacts:
    """Read the facts of an order. Six queries."""
    parts = _order_parts(order.pk)
    return OrderFacts(
        parts=parts,
        payments=_order_payments(order.pk),
        payment_sums=payment_sums_by_id(_event_sums(order.pk)),
        line_sums=_read_line_sums(order),
        quantities=_read_quantities(order),
        refunded=dict(_refunded_by_part([part.pk for part in parts if part.is_active])),
    )


def _read_line_sums(order: Order) -> dict[int, _LineSums]:
    """Return the line sums by part number."""
    return {number: _LineSums(*sums) for number, *sums in _line_sum_rows(order.pk)}


@compiled_query
def _order_parts(order_id: uuid.UUID) -> QuerySet[OrderPart]:
    return OrderPart.objects.filter(order=order_id).order_by("number")


@compiled_query
def _line_sum_rows(order_id: uuid.UUID) -> QuerySet[OrderLine, tuple[int, int, int, int]]:
    rows = OrderLine.objects.filter(order=order_id).order_by("part__number").values_list("part__number")
    return rows.annotate(Sum("quantity"), Sum("list_net"), Sum("list_gross"))


@compiled_query
def _parcel_sums(order_id: uuid.UUID) -> QuerySet[ParcelLine, tuple[int, uuid.UUID, str, str, int]]:
    parcel_lines = ParcelLine.objects.filter(parcel__part__order=order_id).exclude(
        parcel__state=ParcelState.VOIDED
    )
    states = parcel_lines.values_list("parcel__part", "order_line", "parcel__kind", "parcel__state")
    return states.annotate(total=Sum("quantity")).order_by("parcel__part")


@compiled_query
def _refunded_by_part(part_ids: Collection[int]) -> QuerySet[Refund, tuple[int | None, int]]:
    rows = Refund.objects.filter(part__in=part_ids).order_by("part").values_list("part")
    return rows.annotate(total=Sum(F("amount") - F("surplus")))


@compiled_query
def _order_payments(order_id: uuid.UUID) -> QuerySet[Payment]:
    return Payment.objects.filter(order=order_id).order_by("created_at", "pk")


@compiled_query
def _event_sums(order_id: uuid.UUID) -> QuerySet[PaymentEvent, tuple[uuid.UUID, str, int]]:
    payment_events = PaymentEvent.objects.filter(payment__order=order_id).order_by("payment")
    return payment_events.values_list("payment", "kind").annotate(total=Sum("amount"))


def _read_quantities(order: Order) -> dict[int, QuantitiesByState]:
    """Return the sales units by part id. Returned ones that were replaced do not count as returned."""
    parts: dict[int, QuantitiesByState] = {}
    returned: Counter[tuple[int, object]] = Counter()
    for part_id, line_id, kind, state, total in _parcel_sums(order.pk):
        quantities = parts.setdefault(part_id, QuantitiesByState())
        if kind == ParcelKind.DISPATCH:
            quantities.dispatched[state] += total
        elif kind == ParcelKind.REFUND:
            quantities.unsent += total
        elif kind == ParcelKind.REPLACEMENT:
            returned[part_id, line_id] -= total
        elif state == ParcelState.DELIVERED:
            returned[part_id, line_id] += total
    for (part_id, _line_id), total in returned.items():
        parts[part_id].returned += max(0, total)
    return parts
