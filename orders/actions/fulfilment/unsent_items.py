"""Items that are refunded instead of sent."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import save_reserved_and_allocated
from orders import locks
from orders.actions.fulfilment.pack_parcels import release_allocation
from orders.actions.fulfilment.parcel_rows import read_next_parcel
from orders.actions.order_records.part_changes import record_part_change
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import Order, OrderLine, OrderPart, Parcel, ParcelLine
from orders.states import ParcelKind, ParcelState
from shop.core.actors import Actor
from shop.core.errors import Refused


class UnsentExceedsOpen(Refused):
    code = "unsent_exceeds_open"
    default_message = _("That is more than is still to be packed.")


class NoLinesLeftToSend(Refused):
    """The part would be empty. It has to be cancelled and refunded as a whole."""

    code = "no_lines_left_to_send"
    default_message = _("Nothing in this part would be left to send. Cancel the whole part instead.")


def mark_lines_unsent(
    order: Order,
    part: OrderPart,
    quantities: Mapping[uuid.UUID, int],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Parcel:
    """On a locked order: mark these quantities as never to be sent and release their stock.

    Raises UnsentExceedsOpen, NoLinesLeftToSend.
    """
    lines = {line.pk: line for line in part.lines.order_by("position", "pk")}
    still_open = read_unpacked_quantities(lines.values())
    if any(not 1 <= count <= still_open.get(line_id, 0) for line_id, count in quantities.items()):
        raise UnsentExceedsOpen(open=still_open)
    if is_nothing_left_to_send(part, sum(quantities.values()), sum(still_open.values())):
        raise NoLinesLeftToSend()
    parcel = Parcel.objects.create(
        part=part,
        number=read_next_parcel(order).number,
        kind=ParcelKind.REFUND,
        state=ParcelState.DELIVERED,
        delivered_at=now,
    )
    ParcelLine.objects.bulk_create(
        ParcelLine(parcel=parcel, order_line=lines[line_id], quantity=count)
        for line_id, count in quantities.items()
    )
    # `orders.actions.refunds.undo_shortage` allocates what was released here.
    goods = [
        f"{count} × {', '.join(filter(None, (lines[line_id].product_name, lines[line_id].variant_name)))}"
        for line_id, count in quantities.items()
    ]
    data = {"released": _release_unsent(quantities, lines), "goods": goods}
    record_part_change(order, part, "parcel.lines_marked_unsent", parcel, actor=actor, now=now, data=data)
    return parcel


def is_nothing_left_to_send(part: OrderPart, unsent: int, still_open: int) -> bool:
    """Return whether nothing of the part has been or can be sent without the `unsent` quantities."""
    return unsent >= still_open and not part.parcels.dispatches().exists()


def _release_unsent(
    quantities: Mapping[uuid.UUID, int], lines: Mapping[uuid.UUID, OrderLine]
) -> list[tuple[str, int, int]]:
    """Release the allocations of these quantities, except those of undispatched parcels.

    Return what was released, as line id, stock id and quantity.
    """
    allocations = [
        allocation for line_id in quantities for allocation in lines[line_id].allocations.order_by("-pk")
    ]
    stocks = locks.lock_stock({allocation.stock_id for allocation in allocations})
    packed_quantities = {
        (line_id, stock_id): total
        for line_id, stock_id, total in ParcelLine.objects.filter(
            order_line__in=list(quantities),
            parcel__state__in=[ParcelState.PACKING, ParcelState.PACKED],
            stock__isnull=False,
        )
        .order_by("order_line")
        .values_list("order_line", "stock")
        .annotate(total=Sum("quantity"))
    }
    unreleased_quantities = dict(quantities)
    released_rows = []
    for allocation in allocations:
        unpacked = allocation.quantity - packed_quantities.get((allocation.line_id, allocation.stock_id), 0)
        released = min(unreleased_quantities[allocation.line_id], max(0, unpacked))
        if released:
            release_allocation(stocks[allocation.stock_id], allocation.line_id, released)
            unreleased_quantities[allocation.line_id] -= released
            released_rows.append((str(allocation.line_id), allocation.stock_id, released))
    save_reserved_and_allocated(stocks.values())
    return released_rows
