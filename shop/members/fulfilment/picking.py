"""The pick list by product: items to fetch from each warehouse for all accepted orders."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Warehouse
from orders.actions.order_records.recalculate_order import open_quantities
from orders.models import Allocation, OrderLine, OrderPart
from shop.core.models import Picture
from shop.members.fulfilment.worklist import load_line_pictures
from shop.members.member_access import for_members, render_page
from shop.members.order_texts import sorted_lines


@dataclass(slots=True)
class PickedOrder:
    """An order that needs an item, with its quantity in sale steps and in words."""

    part: OrderPart
    quantity: int
    amount: str


@dataclass(slots=True)
class PickItem:
    """A variant to fetch. `grams` is the estimated weight of lines that are still to be weighed."""

    line: OrderLine
    picture: Picture | None
    orders: list[PickedOrder] = field(default_factory=list)
    grams: int = 0

    @property
    def amount(self) -> str:
        return self.line.amount_label(sum(order.quantity for order in self.orders))


@dataclass(frozen=True, slots=True)
class WarehousePicks:
    """The items to pick in one warehouse. `warehouse` is None for products without tracked stock."""

    warehouse: Warehouse | None
    items: list[PickItem]


@require_safe
@for_members(MemberRight.PACK)
def show_pick_list(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the open items of all accepted orders, by warehouse and product."""
    parts = list(
        OrderPart.objects.for_cooperative(membership.cooperative)
        .with_unpicked_lines()
        .select_related("order", "warehouse")
        .prefetch_related("lines")
    )
    context = {"order_count": len(parts), "warehouses": _picks_by_warehouse(parts), "now": timezone.now()}
    return render_page(request, membership, "members/pick_list.html", context)


def _picks_by_warehouse(parts: Sequence[OrderPart]) -> list[WarehousePicks]:
    """Return the open quantities of the parts' lines. Four queries for all of them."""
    lines = [(part, line) for part in parts for line in sorted_lines(part)]
    pictures = load_line_pictures([line for _part, line in lines])
    still_open = open_quantities([line for _part, line in lines])
    unpacked = _unpacked_by_line([line for _part, line in lines])
    items: dict[tuple[object, ...], tuple[Warehouse | None, PickItem]] = {}
    for part, line in lines:
        open_quantity = still_open[line.pk]
        for warehouse, quantity in _split_by_warehouse(part, open_quantity, unpacked.get(line.pk, [])):
            key = (warehouse and warehouse.pk, line.variant_id or line.product_name, line.amount_label(1))
            _warehouse, item = items.setdefault(
                key, (warehouse, PickItem(line, pictures.get(line.picture_key or 0)))
            )
            item.orders.append(PickedOrder(part, quantity, line.amount_label(quantity)))
            if line.is_to_weigh:
                item.grams += (line.estimate_grams or 0) * quantity // line.quantity
    return _group_items(list(items.values()))


def _unpacked_by_line(lines: Sequence[OrderLine]) -> dict[uuid.UUID, list[tuple[Warehouse, int]]]:
    """Return each line's allocations that are not in parcels yet, by warehouse. Two queries."""
    allocations = Allocation.objects.filter(line__in=lines)
    quantities = allocations.unpacked_quantities()
    unpacked: dict[uuid.UUID, list[tuple[Warehouse, int]]] = {}
    for allocation in allocations.select_related("stock__warehouse").order_by("pk"):
        share = allocation.stock.warehouse, quantities.get(allocation.pk, 0)
        unpacked.setdefault(allocation.line_id, []).append(share)
    return unpacked


def _split_by_warehouse(
    part: OrderPart, open_quantity: int, unpacked: Sequence[tuple[Warehouse, int]]
) -> list[tuple[Warehouse | None, int]]:
    """Split a line's open quantity as packing takes it: by allocation, the rest from the part's warehouse."""
    shares: list[tuple[Warehouse | None, int]] = []
    for warehouse, quantity in unpacked:
        taken_quantity = min(open_quantity, quantity)
        if taken_quantity > 0:
            shares.append((warehouse, taken_quantity))
            open_quantity -= taken_quantity
    if open_quantity > 0:
        shares.append((part.warehouse, open_quantity))
    return shares


def _group_items(rows: list[tuple[Warehouse | None, PickItem]]) -> list[WarehousePicks]:
    """Sort items by name within their warehouses; goods without tracked stock come last."""
    rows.sort(key=lambda row: (row[0] is None, row[0].name if row[0] else "", row[1].line.product_name))

    def warehouse_key(row: tuple[Warehouse | None, PickItem]) -> object:
        return row[0].pk if row[0] else None

    grouped = [list(group) for _key, group in groupby(rows, key=warehouse_key)]
    return [WarehousePicks(group[0][0], [item for _warehouse, item in group]) for group in grouped]
