"""Check parcels, weights, substitutes, pickup slots and work on unconfirmed orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from django.db.models import QuerySet

from cooperatives.models import PickupSlot
from orders.models import (
    OrderLine,
    ParcelLine,
    Substitute,
    SubstituteHold,
    WeightQuestion,
)
from orders.states import (
    CLOSING_KINDS,
    DISPATCHED_STATES,
    ParcelKind,
    ParcelState,
    PartState,
    SubstituteState,
)
from shop.core.database.compiled_query import compiled_query
from shop.management.verification.order_totals import gross_or_net
from shop.management.verification.rows import (
    OrderIds,
    OrderRows,
    group_by,
    of_orders,
    sum_by,
)

_BATCH_SIZE = 1_000


def find_wrong_parcels(rows: OrderRows) -> Iterator[str]:
    for row in rows.parcel_lines:
        if row.order_line.part_id != row.parcel.part_id:
            yield f"parcel {row.parcel_id} holds line {row.order_line_id} of another part"
        if row.stock is not None and row.stock.variant_id != row.order_line.variant_id:
            yield f"parcel {row.parcel_id} holds line {row.order_line_id} from another variant's stock"
        if row.lot is not None and row.lot.variant_id != row.order_line.variant_id:
            yield f"parcel {row.parcel_id} holds line {row.order_line_id} from another variant's lot"
    sums, allocated = _ParcelSums(rows), sum_by(rows.allocations, "line_id")
    for line in rows.lines.values():
        if sums.in_parcels[line.pk] + sums.unsent[line.pk] > line.quantity:
            yield f"order {line.order.code}: parcels hold more of line {line.pk} than was ordered"
        if sums.returned[line.pk] > sums.received[line.pk]:
            yield f"order {line.order.code}: more of line {line.pk} came back than was received"
        if line.variant is not None and line.variant.track_inventory:
            is_active = line.order.placed_at is not None and line.part.is_active
            expected = sums.undispatched_quantity(line) if is_active else 0
            if allocated[line.pk] != expected:
                yield (
                    f"order {line.order.code}: {allocated[line.pk]} of line {line.pk} are allocated,"
                    f" {expected} are still to be dispatched"
                )


class _ParcelSums:
    """Quantities by order line, without voided parcels."""

    def __init__(self, rows: OrderRows) -> None:
        rows_by_kind = {
            kind: [row for row in rows.unvoided_parcel_lines if row.parcel.kind == kind]
            for kind in ParcelKind
        }
        self.in_parcels = sum_by(rows_by_kind[ParcelKind.DISPATCH], "order_line_id")
        self.unsent = sum_by(rows_by_kind[ParcelKind.REFUND], "order_line_id")
        return_lines = [*rows_by_kind[ParcelKind.RETURN], *rows_by_kind[ParcelKind.RETURN_AND_REFUND]]
        self.returned = sum_by(return_lines, "order_line_id")
        self.received = sum_by(
            [row for row in rows.unvoided_parcel_lines if row.parcel.is_outgoing and _is_delivered(row)],
            "order_line_id",
        )
        self._dispatched = _from_stock(rows_by_kind[ParcelKind.DISPATCH], is_dispatched=True)
        self._replaced = _from_stock(rows_by_kind[ParcelKind.REPLACEMENT], is_dispatched=False)

    def undispatched_quantity(self, line: OrderLine) -> int:
        return line.quantity - self.unsent[line.pk] - self._dispatched[line.pk] + self._replaced[line.pk]


def _is_delivered(parcel_line: ParcelLine) -> bool:
    return parcel_line.parcel.state == ParcelState.DELIVERED


def _from_stock(rows: list[ParcelLine], *, is_dispatched: bool) -> Counter[object]:
    return sum_by(
        [
            parcel_line
            for parcel_line in rows
            if parcel_line.stock_id and (parcel_line.parcel.state in DISPATCHED_STATES) == is_dispatched
        ],
        "order_line_id",
    )


def find_wrong_weights(rows: OrderRows) -> Iterator[str]:
    """Check that weighed lines cost their weight, up to the bound, and are packed weighed."""
    dispatch_lines = [row for row in rows.unvoided_parcel_lines if row.parcel.kind == ParcelKind.DISPATCH]
    parcel_lines_by_line = group_by(dispatch_lines, "order_line_id")
    for line in rows.lines.values():
        fault = _weight_fault(line, parcel_lines_by_line[line.pk])
        if fault:
            yield f"order {line.order.code}: line {line.pk} {fault}"
    for question in _open_weight_questions(rows.order_ids):
        line = rows.lines[question.line_id]
        if not line.is_to_weigh or line.part.state != PartState.ACCEPTED:
            yield (
                f"order {line.order.code}: a question about the weight of line {line.pk} is open"
                " although no answer is needed"
            )


@compiled_query
def _open_weight_questions(order_ids: OrderIds) -> QuerySet[WeightQuestion]:
    return of_orders(WeightQuestion.objects.filter(answer=""), "line__order", order_ids)


def _weight_fault(line: OrderLine, parcel_lines: list[ParcelLine]) -> str:
    if line.estimate_grams is None:
        weighed = (line.bound_grams, line.weighed_grams, line.bound_gross) != (None, None, None)
        if weighed or not {(packed.is_sold_by_weight, packed.grams) for packed in parcel_lines} <= {
            (False, None)
        }:
            return "is not sold by weight and has weights"
        return ""
    if line.bound_grams is None or line.bound_gross is None:
        return "is sold by weight and has no bound"
    grams = min(line.weighed_grams or line.estimate_grams, line.bound_grams)
    agreed = Fraction(line.unit_price * line.quantity * grams, line.estimate_grams)
    if abs(getattr(line, f"priced_{gross_or_net(line.order)}") - agreed) > Fraction(1, 2):
        return "does not cost what its weight says"
    if line.total_gross > line.bound_gross:
        return "costs more than its bound"
    if line.weighed_grams is None and parcel_lines:
        return "is packed unweighed"
    if not all(packed.is_sold_by_weight and packed.grams for packed in parcel_lines):
        return "is packed without grams"
    is_whole = sum(packed.quantity for packed in parcel_lines) == line.quantity
    if is_whole and sum(packed.grams or 0 for packed in parcel_lines) != line.weighed_grams:
        return "has another weight than its parcels"
    return ""


def find_wrong_substitutes(rows: OrderRows) -> Iterator[str]:
    """Check that stock is held for waiting substitutes only, and that these belong to accepted parts."""
    held_quantities = sum_by(_substitute_holds(rows.order_ids), "substitute_id")
    settled_quantities = sum_by(
        [row for row in rows.unvoided_parcel_lines if row.parcel.kind in CLOSING_KINDS], "order_line_id"
    )
    for substitute in _substitutes(rows.order_ids):
        line, is_waiting = rows.lines[substitute.line_id], substitute.state == SubstituteState.WAITING
        name = f"order {line.order.code}: substitute {substitute.pk}"
        expected = substitute.substitute_quantity if is_waiting and substitute.variant.track_inventory else 0
        if held_quantities[substitute.pk] != expected:
            yield f"{name} has {held_quantities[substitute.pk]} held, not {expected}"
        is_open = line.quantity - settled_quantities[line.pk] >= substitute.quantity
        if is_waiting and not (line.part.state == PartState.ACCEPTED and is_open):
            yield f"{name} is open although no answer is needed"
        if (substitute.state == SubstituteState.ACCEPTED) != (substitute.new_line_id is not None):
            yield f"{name} is {substitute.state}, its line differs"
        if substitute.new_line_id is not None and rows.lines[substitute.new_line_id].part_id != line.part_id:
            yield f"{name} is in another part"


@compiled_query
def _substitutes(order_ids: OrderIds) -> QuerySet[Substitute]:
    substitutes = Substitute.objects.select_related("variant").order_by("pk")
    return of_orders(substitutes, "line__order", order_ids)


@compiled_query
def _substitute_holds(order_ids: OrderIds) -> QuerySet[SubstituteHold]:
    return of_orders(SubstituteHold.objects.all(), "substitute__line__order", order_ids)


def find_work_on_unconfirmed_orders(rows: OrderRows) -> Iterator[str]:
    """Check that parts of unconfirmed orders are not worked on."""
    parcels_by_part = group_by(rows.parcels.values(), "part_id")
    for part in rows.parts.values():
        has_started = bool(part.accepted_at or part.accept_by or parcels_by_part[part.pk])
        if part.order.confirmed_at is None and has_started:
            yield f"order {part.order.code}: part {part.pk} is worked on before the order is confirmed"


def find_wrong_slots() -> Iterator[str]:
    for slot in PickupSlot.objects.prefetch_related("parts").order_by("pk").iterator(_BATCH_SIZE):
        part_count = len([part for part in slot.parts.all() if part.is_active])
        if slot.booked != part_count:
            yield f"pickup slot {slot.pk}: booked is {slot.booked}, {part_count} parts are in it"
        if slot.capacity is not None and slot.booked > slot.capacity:
            yield f"pickup slot {slot.pk}: more parts than its capacity"
