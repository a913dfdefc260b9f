"""The pick list across orders: what to fetch from which warehouse and lot, and what has been fetched."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Lot
from cooperatives.models import Cooperative, Warehouse
from orders import locks
from orders.actions.fulfilment.lot_picks import LotSupply
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.models import Allocation, OrderLine, PickTick
from orders.states import PartState
from shop.core.actors import Actor
from shop.core.database.transactions import delete_rows
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused


class PickListChanged(Refused):
    """The quantities to fetch have changed, for example because somebody has packed an order."""

    code = "pick_list_changed"
    default_message = _("The list has changed meanwhile. Look at it again.")


@dataclass(slots=True)
class PickShare:
    """A quantity of a line to fetch from one warehouse, in sales units.

    `warehouse` is None for products without tracked stock. If the stock has lots, `lots` says what to take,
    first expired first. None stands for stock without a lot. `tick` is None until the share is fetched.
    """

    line: OrderLine
    warehouse: Warehouse | None
    quantity: int
    lots: list[tuple[Lot | None, int]] = field(default_factory=list)
    tick: PickTick | None = None

    @property
    def warehouse_id(self) -> uuid.UUID | None:
        return self.warehouse.pk if self.warehouse is not None else None

    @property
    def key(self) -> str:
        """The key of the share in a form: line, warehouse, quantity."""
        return f"{self.line.pk}/{self.warehouse_id or ''}/{self.quantity}"

    @property
    def amount(self) -> str:
        return self.line.count_label(self.quantity)


@dataclass(frozen=True, slots=True)
class RequestedPick:
    """A share of the pick list as a member saw it."""

    line_id: uuid.UUID
    warehouse_id: uuid.UUID | None
    quantity: int


def find_open_pick_shares(lines: Sequence[OrderLine], *, today: datetime.date) -> list[PickShare]:
    """Return what is to fetch for these lines (loaded with parts and warehouses), in their order.

    Lots are shared out in that order. Seven queries at most, whatever the number of lines.
    """
    still_open = read_unpacked_quantities(lines)
    allocations = Allocation.objects.filter(line__in=[line.pk for line in lines])
    unpacked = allocations.unpacked_quantities()
    rows = list(allocations.select_related("stock__warehouse").order_by("pk"))
    supply = LotSupply({row.stock_id for row in rows}, today)
    rows_by_line: dict[uuid.UUID, list[Allocation]] = {}
    for row in rows:
        rows_by_line.setdefault(row.line_id, []).append(row)
    shares = [
        share
        for line in lines
        for share in _split_line(line, still_open[line.pk], rows_by_line.get(line.pk, []), unpacked, supply)
    ]
    _attach_ticks(shares)
    return shares


def _split_line(
    line: OrderLine,
    open_quantity: int,
    allocations: Iterable[Allocation],
    unpacked: dict[int, int],
    supply: LotSupply,
) -> list[PickShare]:
    """Split a line's open quantity as packing takes it: by allocation, the rest from the part's warehouse."""
    shares: dict[uuid.UUID | None, PickShare] = {}
    for allocation in allocations:
        quantity = min(open_quantity, unpacked.get(allocation.pk, 0))
        if quantity <= 0:
            continue
        warehouse = allocation.stock.warehouse
        share = shares.setdefault(warehouse.pk, PickShare(line, warehouse, 0))
        share.quantity += quantity
        if supply.lots_in([allocation.stock_id]):
            share.lots += supply.take_by_expiry(allocation.stock_id, quantity, includes_expired=False)
        open_quantity -= quantity
    if open_quantity > 0:
        default_share = PickShare(line, line.part.warehouse, 0)
        shares.setdefault(default_share.warehouse_id, default_share).quantity += open_quantity
    return list(shares.values())


def _attach_ticks(shares: Iterable[PickShare]) -> None:
    line_ids = {share.line.pk for share in shares}
    ticks = PickTick.objects.filter(line__in=line_ids).select_related("picked_by")
    by_key = {(tick.line_id, tick.warehouse_id, tick.quantity): tick for tick in ticks}
    for share in shares:
        share.tick = by_key.get((share.line.pk, share.warehouse_id, share.quantity))


@transaction.atomic(durable=True)
def tick_picks(
    *, cooperative: Cooperative, picks: Collection[RequestedPick], actor: Actor, now: datetime.datetime
) -> None:
    """Tick shares of the pick list as fetched.

    A share that somebody else has ticked keeps that person's name. If one cannot be ticked, none is. Raises
    Missing, PickListChanged.
    """
    lines = _lock_lines(cooperative, picks)
    accepted_lines = [line for line in lines if line.part.state == PartState.ACCEPTED]
    shares = find_open_pick_shares(accepted_lines, today=vietnam_date(now))
    open_by_key = {(share.line.pk, share.warehouse_id): share for share in shares}
    chosen = [open_by_key.get((pick.line_id, pick.warehouse_id)) for pick in picks]
    new_ticks = []
    for pick, share in zip(picks, chosen, strict=True):
        if share is None or share.quantity != pick.quantity:
            raise PickListChanged()
        if share.tick is None:
            new_ticks.append(
                PickTick(
                    line=share.line,
                    warehouse=share.warehouse,
                    quantity=share.quantity,
                    picked_by_id=actor.user_id,
                    picked_at=now,
                )
            )
    outdated = [RequestedPick(tick.line_id, tick.warehouse_id, tick.quantity) for tick in new_ticks]
    _delete_ticks(outdated)  # of other quantities
    PickTick.objects.bulk_create(new_ticks)


@transaction.atomic(durable=True)
def untick_picks(*, cooperative: Cooperative, picks: Collection[RequestedPick]) -> None:
    """Remove the ticks of these shares, no matter which member set them. Raises Missing."""
    _lock_lines(cooperative, picks)
    _delete_ticks(picks)


def _lock_lines(cooperative: Cooperative, picks: Iterable[RequestedPick]) -> list[OrderLine]:
    """Lock the orders of the picks' lines, as packing does, and return the lines. Raises Missing."""
    line_ids = {pick.line_id for pick in picks}
    lines = OrderLine.objects.filter(pk__in=line_ids, part__cooperative=cooperative)
    locks.lock_orders(lines.values_list("part__order", flat=True))
    rows = list(lines.select_related("part__warehouse").order_by("pk"))
    if not line_ids or len(rows) != len(line_ids):
        raise Missing()
    return rows


def _delete_ticks(picks: Iterable[RequestedPick]) -> None:
    chosen = Q(pk__in=())
    for pick in picks:
        chosen |= Q(line=pick.line_id, warehouse=pick.warehouse_id)
    if chosen:
        delete_rows(PickTick.objects.filter(chosen))
