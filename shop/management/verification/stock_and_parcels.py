"""Check stock, availability, parcels, weights and pickup slots."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction

from django.db.models import Model, Q, QuerySet, Sum

from catalog.models import Listing, Lot, LotBalance, Movement, Price, Recall, Stock
from cooperatives.models import PickupSlot, WarehouseChannel, Zone, ZoneCountry
from orders.models import (
    Allocation,
    OrderLine,
    ParcelLine,
    Reservation,
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
from shop.core.models import Channel
from shop.management.verification.order_totals import gross_or_net
from shop.management.verification.rows import OrderRows, group_by, in_batches, sum_by

_BATCH_SIZE = 1_000


def find_wrong_stock() -> Iterator[str]:
    for batch in in_batches(Stock.objects.select_related("variant", "warehouse")):
        yield from _find_stock_faults(batch)


def _find_stock_faults(batch: Sequence[Stock]) -> Iterator[str]:
    ids = [stock.pk for stock in batch]
    movement_sums = _sums_by_stock(Movement.objects.filter(stock__in=ids))
    reserved = _sums_by_stock(Reservation.objects.filter(stock__in=ids))
    allocated = _sums_by_stock(Allocation.objects.filter(stock__in=ids))
    allocated += _sums_by_stock(SubstituteHold.objects.filter(stock__in=ids))
    recalled = _read_recalled_by_stock(ids)
    for stock in batch:
        if stock.on_hand != movement_sums[stock.pk]:
            yield (
                f"stock {stock.pk}: on hand is {stock.on_hand}"
                f", its movements sum to {movement_sums[stock.pk]}"
            )
        if stock.reserved != reserved[stock.pk]:
            yield (
                f"stock {stock.pk}: reserved is {stock.reserved}"
                f", its reservations sum to {reserved[stock.pk]}"
            )
        if stock.allocated != allocated[stock.pk]:
            yield (
                f"stock {stock.pk}: allocated is {stock.allocated}"
                f", its allocations sum to {allocated[stock.pk]}"
            )
        if stock.recalled != recalled[stock.pk]:
            yield (
                f"stock {stock.pk}: recalled is {stock.recalled}, its recalled lots have {recalled[stock.pk]}"
            )
        free = stock.on_hand - stock.reserved - stock.allocated - stock.recalled
        if stock.free != free:
            yield f"stock {stock.pk}: free is {stock.free}, but {free} are neither held nor recalled"
        if stock.variant.cooperative_id != stock.warehouse.cooperative_id:
            yield f"stock {stock.pk}: its variant is of another cooperative than its warehouse"


def _read_recalled_by_stock(stock_ids: Collection[int]) -> Counter[int]:
    """Return the recalled quantity of each of these stocks."""
    recalled = LotBalance.objects.filter(lot__in=Recall.objects.open().values("lot"), on_hand__gt=0)
    rows = recalled.filter(stock__in=stock_ids).order_by().values_list("stock")
    return Counter(dict(rows.annotate(sum=Sum("on_hand"))))


def find_wrong_recalls() -> Iterator[str]:
    """Check that a lot is marked as recalled since the start of its open recall, and no other lot is."""
    open_recalls = dict(Recall.objects.open().values_list("lot", "started_at"))
    for lot in Lot.objects.filter(Q(recalled_at__isnull=False) | Q(pk__in=list(open_recalls))).order_by("pk"):
        if lot.recalled_at != open_recalls.get(lot.pk):
            yield f"lot {lot.code}: recalled_at is not the start of its open recall"


def find_wrong_lot_balances() -> Iterator[str]:
    """Check that each lot's balance in a stock is the sum of the stock's movements that name the lot.

    If `find_wrong_stock` finds nothing either, a stock holds its lots' balances and its movements without a
    lot.
    """
    for batch in in_batches(Stock.objects.select_related("variant")):
        movements = Movement.objects.filter(stock__in=batch, lot__isnull=False)
        sums = _sums_by_lot(movements, "quantity")
        balances = LotBalance.objects.filter(stock__in=batch).select_related("lot", "stock")
        for balance in balances.order_by("pk"):
            expected = sums.pop((balance.stock_id, balance.lot_id), 0)
            name = f"lot {balance.lot.code}: its balance in stock {balance.stock_id}"
            if balance.on_hand != expected:
                yield f"{name} is {balance.on_hand}, its movements sum to {expected}"
            if balance.lot.variant_id != balance.stock.variant_id:
                yield f"{name} is of another variant"
        for stock_id, lot_id in sums:
            yield f"lot {lot_id}: it has movements in stock {stock_id} and no balance"


def _sums_by_lot(rows: QuerySet[Model], column: str) -> dict[tuple[int, int], int]:
    sums = rows.order_by("stock", "lot").values_list("stock", "lot").annotate(sum=Sum(column))
    return {(stock_id, lot_id): total for stock_id, lot_id, total in sums}


def _sums_by_stock(rows: QuerySet[Model]) -> Counter[int]:
    return Counter(dict(rows.order_by().values_list("stock").annotate(sum=Sum("quantity"))))


def find_wrong_availability() -> Iterator[str]:
    """Check that a listing is available if a priced variant is untracked, or in stock for its channel."""
    channels_by_warehouse: defaultdict[uuid.UUID, set[int]] = defaultdict(set)
    for warehouse_id, channel_id in (
        set(WarehouseChannel.objects.values_list("warehouse", "channel")) & _find_pairs_sharing_a_zone()
    ):
        channels_by_warehouse[warehouse_id].add(channel_id)
    for batch in in_batches(Listing.objects.all()):
        available = _find_available_pairs({row.product_id for row in batch}, channels_by_warehouse)
        for row in batch:
            if row.is_available != ((row.product_id, row.channel_id) in available):
                yield f"listing {row.pk}: is_available is {row.is_available}, its stock and prices differ"


def _find_available_pairs(
    product_ids: Collection[int], channels_by_warehouse: Mapping[uuid.UUID, set[int]]
) -> set[tuple[int, int]]:
    """Return pairs of product and channel in which a variant is available."""
    free = Stock.objects.filter(free__gt=0, variant__product__in=product_ids)
    stocked_pairs = {
        (variant_id, channel_id)
        for variant_id, warehouse_id in free.values_list("variant", "warehouse")
        for channel_id in channels_by_warehouse.get(warehouse_id, ())
    }
    prices = Price.objects.filter(amount__isnull=False, variant__product__in=product_ids)
    return {
        (product_id, channel_id)
        for product_id, channel_id, variant_id, is_tracked in prices.values_list(
            "variant__product", "channel", "variant", "variant__track_inventory"
        )
        if not is_tracked or (variant_id, channel_id) in stocked_pairs
    }


def _find_pairs_sharing_a_zone() -> set[tuple[uuid.UUID, int]]:
    """Return pairs of warehouse and channel that share a zone with the channel's country."""
    countries = dict(Channel.objects.values_list("pk", "default_country"))
    zone_channels = {
        (zone_id, channel_id)
        for zone_id, country, channel_id in ZoneCountry.objects.values_list(
            "zone", "country", "zone__channels"
        )
        if channel_id and countries[channel_id] == country
    }
    channels_with_own_zone = {channel_id for _zone, channel_id in zone_channels}
    return {
        (warehouse_id, channel_id)
        for warehouse_id, zone_id, channel_id, is_default in Zone.objects.values_list(
            "warehouses", "pk", "channels", "is_default"
        )
        if (zone_id, channel_id) in zone_channels or (is_default and channel_id not in channels_with_own_zone)
    }


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
    open_questions = rows.of_orders(WeightQuestion.objects.filter(answer=""), "line__order")
    for question in open_questions:
        line = rows.lines[question.line_id]
        if not line.is_to_weigh or line.part.state != PartState.ACCEPTED:
            yield (
                f"order {line.order.code}: a question about the weight of line {line.pk} is open"
                " although no answer is needed"
            )


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
    substitutes = rows.of_orders(Substitute.objects.select_related("variant").order_by("pk"), "line__order")
    held_quantities = sum_by(
        rows.of_orders(SubstituteHold.objects.all(), "substitute__line__order"), "substitute_id"
    )
    settled_quantities = sum_by(
        [row for row in rows.unvoided_parcel_lines if row.parcel.kind in CLOSING_KINDS], "order_line_id"
    )
    for substitute in substitutes:
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
