"""Rules 1, 2 and 13: no goods are promised twice, parcels hold what was ordered, nothing leaves unweighed."""

from __future__ import annotations

from fractions import Fraction

from django.db.models import Sum

from catalog.models import Listing, Movement, Price, Stock
from cooperatives.models import PickupSlot, WarehouseChannel, Zone, ZoneCountry
from orders.models import Reservation, WeightQuestion
from orders.states import GONE, ParcelKind, ParcelState, PartState
from shop.core.models import Channel
from tests.invariants.rows import Rows, grouped, summed


def check_stock(rows: Rows | None = None) -> None:
    rows = rows or Rows()
    moved = dict(Movement.objects.order_by().values_list("stock").annotate(sum=Sum("quantity")))
    kept = summed(Reservation.objects.all(), "stock_id")
    promised = summed(rows.allocations, "stock_id")
    for row in Stock.objects.select_related("variant", "warehouse"):
        assert row.on_hand == moved.get(row.pk, 0), f"{row.pk}: on hand is not the sum of its movements"
        assert row.reserved == kept[row.pk], f"{row.pk}: reserved is not the sum of its reservations"
        assert row.allocated == promised[row.pk], f"{row.pk}: allocated is not the sum of its allocations"
        assert row.free == row.on_hand - row.reserved - row.allocated
        assert row.variant.cooperative_id == row.warehouse.cooperative_id


def check_availability() -> None:
    covered = _covered()
    serves = set(WarehouseChannel.objects.values_list("warehouse", "channel"))
    in_channel = {
        (variant, channel)
        for variant, warehouse in Stock.objects.filter(free__gt=0).values_list("variant", "warehouse")
        for channel in {channel for place, channel in serves & covered if place == warehouse}
    }
    prices = Price.objects.filter(amount__isnull=False)
    to_be_had = {
        (product, channel)
        for product, channel, variant, is_tracked in prices.values_list(
            "variant__product", "channel", "variant", "variant__track_inventory"
        )
        if not is_tracked or (variant, channel) in in_channel
    }
    for pk, product, channel, says in Listing.objects.values_list("pk", "product", "channel", "is_available"):
        assert says == ((product, channel) in to_be_had), f"listing {pk} says otherwise than its stock"


def _covered() -> set[tuple[int, int]]:
    """Warehouses and channels whose country is in a zone of both: by name, or as one that nobody names."""
    countries = dict(Channel.objects.values_list("pk", "default_country"))
    named = {
        (zone, channel)
        for zone, country, channel in ZoneCountry.objects.values_list("zone", "country", "zone__channels")
        if channel and countries[channel] == country
    }
    has_named = {channel for _zone, channel in named}
    return {
        (warehouse, channel)
        for warehouse, zone, channel, is_default in Zone.objects.values_list(
            "warehouses", "pk", "channels", "is_default"
        )
        if (zone, channel) in named or (is_default and channel not in has_named)
    }


def check_parcels(rows: Rows | None = None) -> None:
    rows = rows or Rows()
    of = {kind: [row for row in rows.counting if row.parcel.kind == kind] for kind in ParcelKind}
    held = summed(of["dispatch"], "order_line_id")
    unsent = summed(of["refund"], "order_line_id")
    gone = summed(
        [row for row in of["dispatch"] if row.parcel.state in GONE and row.stock_id], "order_line_id"
    )
    again = [row for row in of["replacement"] if row.parcel.state not in GONE and row.stock_id]
    sent_again = summed(again, "order_line_id")
    got = summed(
        [
            row
            for row in rows.counting
            if row.parcel.is_outgoing and row.parcel.state == ParcelState.DELIVERED
        ],
        "order_line_id",
    )
    back = summed([*of["return"], *of["return_and_refund"]], "order_line_id")
    promised = summed(rows.allocations, "line_id")
    for row in rows.parcel_lines:
        assert row.order_line.part_id == row.parcel.part_id
        assert row.stock is None or row.stock.variant_id == row.order_line.variant_id
    for line in rows.lines.values():
        kept = held[line.pk] + unsent[line.pk]
        assert kept <= line.quantity, f"line {line.pk}: parcels hold more than was ordered"
        assert back[line.pk] <= got[line.pk], f"line {line.pk}: more came back than was got"
        stands = line.order.placed_at is not None and line.part.is_standing
        if line.variant is not None and line.variant.track_inventory:
            still_to_leave = line.quantity - unsent[line.pk] - gone[line.pk] + sent_again[line.pk]
            expected = still_to_leave if stands else 0
            assert promised[line.pk] == expected, f"line {line.pk}: promised is not what is still to leave"


def check_weights(rows: Rows | None = None) -> None:
    """What is sold by weight costs what the scale says, up to its bound, and lies in no parcel unweighed."""
    rows = rows or Rows()
    dispatched = [row for row in rows.counting if row.parcel.kind == ParcelKind.DISPATCH]
    held_of = grouped(dispatched, "order_line_id")
    for line in rows.lines.values():
        held = held_of[line.pk]
        if line.estimate_grams is None:
            assert (line.bound_grams, line.weighed_grams, line.most_gross) == (None, None, None)
            assert {(row.by_weight, row.grams) for row in held} <= {(False, None)}
            continue
        side = "gross" if line.order.channel.prices_entered_with_tax else "net"
        grams = min(line.weighed_grams or line.estimate_grams, line.bound_grams)
        agreed = Fraction(line.unit_price * line.quantity * grams, line.estimate_grams)
        assert abs(getattr(line, f"priced_{side}") - agreed) <= Fraction(1, 2)
        assert line.total_gross <= line.most_gross
        assert line.weighed_grams is not None or not held, f"line {line.pk}: packed unweighed"
        assert all(row.by_weight and row.grams for row in held)
        if sum(row.quantity for row in held) == line.quantity:
            assert sum(row.grams for row in held) == line.weighed_grams
    for question in WeightQuestion.objects.filter(answer=""):
        line = rows.lines[question.line_id]
        assert line.is_to_weigh
        assert line.part.state == PartState.ACCEPTED


def check_waiting(rows: Rows | None = None) -> None:
    """Nobody works on an order that does not count."""
    rows = rows or Rows()
    parcels_of = grouped(rows.parcels.values(), "part_id")
    for part in rows.parts.values():
        if part.order.confirmed_at is None:
            assert (part.accepted_at, part.accept_by) == (None, None)
            assert parcels_of[part.pk] == []


def check_slots() -> None:
    for slot in PickupSlot.objects.prefetch_related("parts"):
        assert slot.taken == len([part for part in slot.parts.all() if part.is_standing])
        assert slot.capacity is None or slot.taken <= slot.capacity
