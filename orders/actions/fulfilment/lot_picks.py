"""Choose the lots of a parcel's lines.

The lot that expires first is taken, unless the packer chooses another. Returned items go back to the lots
that they were taken from.
"""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from catalog.models import Lot, LotBalance
from orders import locks
from orders.models import Allocation, OrderLine, ParcelLine
from orders.states import OUTGOING_KINDS, ParcelState
from shop.core.errors import Missing, Refused
from shop.core.money import split_amount


class ExpiredLot(Refused):
    """Only an expired lot has enough, or the packer chose one. `details["lots"]` lists the codes."""

    code = "expired_lot"
    default_message = _("This lot is past its use-by date. Choose another one, or say why it is sent.")


class RecalledLot(Refused):
    """Only a recalled lot has enough, or the packer chose one. `details["lots"]` lists the codes."""

    code = "recalled_lot"
    default_message = _(
        "This lot is recalled and must not be sent. Take another lot, or report the shortage."
    )


class LotQuantityShort(Refused):
    """The chosen lot has less. `details["free"]` is what it has left."""

    code = "lot_quantity_short"
    default_message = _("The chosen lot has less than this. Choose another one, or count the lot.")


@dataclass(frozen=True, slots=True)
class LotChoices:
    """The lots that a packer chose, by order line. None stands for stock without a lot.

    `picks` are lots with quantities that a phone told the packer to take, by order line. Other lines take
    lots by expiry. `reason` says why an expired lot is sent.
    """

    lots: Mapping[uuid.UUID, int | None] = field(default_factory=dict)
    reason: str = ""
    picks: Mapping[uuid.UUID, Sequence[tuple[int | None, int]]] = field(default_factory=dict)


_BY_EXPIRY = 0  # instead of a lot's id


@dataclass(slots=True)
class _FreeLot:
    lot: Lot
    quantity: int


@dataclass(frozen=True, slots=True)
class LotSuggestion:
    """What to take for a line, by lot, and the lots to choose from. None stands for stock without a lot."""

    picks: Sequence[tuple[Lot | None, int]]
    lots: Sequence[Lot]
    has_expired: bool


class LotSupply:
    """What the lots in some stocks have left beyond undispatched parcels. Taking reduces it.

    Recalled lots are kept apart, and nothing is taken from them. It takes two queries, whatever the number of
    lots. `has_lots` tells whether there are any.
    """

    def __init__(self, stock_ids: Collection[int], today: datetime.date) -> None:
        self._today = today
        self._lots: defaultdict[int, list[_FreeLot]] = defaultdict(list)
        self._recalled: defaultdict[int, list[Lot]] = defaultdict(list)
        self._of_no_lot: defaultdict[int, int] = defaultdict(int)
        balances = (
            LotBalance.objects.filter(stock__in=stock_ids)
            .exclude(on_hand=0)
            .select_related("lot__variant", "stock")
            .order_by(
                F("lot__expires_on").asc(nulls_last=True), F("lot__harvested_on").asc(nulls_last=True), "lot"
            )
        )
        rows = list(balances)
        self.has_lots = bool(rows)
        if not rows:
            return
        packed_lines = ParcelLine.objects.filter(
            stock__in=stock_ids,
            parcel__kind__in=OUTGOING_KINDS,
            parcel__state__in=[ParcelState.PACKING, ParcelState.PACKED],
        )
        sums = packed_lines.order_by().values_list("stock", "lot").annotate(sum=Sum("quantity"))
        packed = {(stock_id, lot_id): total for stock_id, lot_id, total in sums}
        for row in rows:
            if row.stock_id not in self._of_no_lot:
                self._of_no_lot[row.stock_id] = row.stock.on_hand - packed.get((row.stock_id, None), 0)
            self._of_no_lot[row.stock_id] -= row.on_hand
            free_quantity = row.on_hand - packed.get((row.stock_id, row.lot_id), 0)
            if row.lot.is_recalled:
                if row.on_hand > 0:
                    self._recalled[row.stock_id].append(row.lot)
            elif free_quantity > 0:
                self._lots[row.stock_id].append(_FreeLot(row.lot, free_quantity))

    def lots_in(self, stock_ids: Iterable[int]) -> list[Lot]:
        """Return the lots that have something left, each once."""
        found = {free.lot.pk: free.lot for stock_id in stock_ids for free in self._lots[stock_id]}
        return list(found.values())

    def needs_expired(self, stock_id: int, quantity: int) -> list[Lot]:
        """Return the expired lots of a stock if without them it has less than this, or else none."""
        fresh = sum(free.quantity for free in self._lots[stock_id] if not self._is_expired(free))
        expired = [free.lot for free in self._lots[stock_id] if free.quantity and self._is_expired(free)]
        return expired if quantity > fresh + max(0, self._of_no_lot[stock_id]) else []

    def require_enough_unrecalled(self, stock_id: int, quantity: int, *, includes_expired: bool) -> None:
        """Raise RecalledLot if the quantity is there only with recalled lots."""
        lots = [free for free in self._lots[stock_id] if includes_expired or not self._is_expired(free)]
        self._require_unrecalled(
            stock_id, quantity, sum(free.quantity for free in lots) + max(0, self._of_no_lot[stock_id])
        )

    def take_of_no_lot(self, stock_id: int, quantity: int) -> None:
        """Take stock without a lot. Raises RecalledLot if there is less and a recalled lot has the rest."""
        self._require_unrecalled(stock_id, quantity, max(0, self._of_no_lot[stock_id]))
        self._of_no_lot[stock_id] -= quantity

    def take_by_expiry(
        self, stock_id: int, quantity: int, *, includes_expired: bool
    ) -> list[tuple[Lot | None, int]]:
        """Take from lots that are not expired, then stock without a lot, then from expired lots if included.

        What none of them has is taken without a lot, because the packer holds the goods whatever the records
        say.
        """
        picks: list[tuple[Lot | None, int]] = []
        lots = self._lots[stock_id]
        missing = self._take(picks, [free for free in lots if not self._is_expired(free)], quantity)
        of_no_lot = min(missing, max(0, self._of_no_lot[stock_id]))
        missing -= of_no_lot
        self._of_no_lot[stock_id] -= of_no_lot
        if includes_expired:
            missing = self._take(picks, [free for free in lots if self._is_expired(free)], missing)
        if of_no_lot + missing:
            picks.append((None, of_no_lot + missing))
        return picks

    def take_lot(self, stock_id: int, lot_id: int, quantity: int, *, may_be_expired: bool) -> Lot:
        """Take all of the quantity from one lot.

        Raises ExpiredLot, LotQuantityShort, Missing, RecalledLot.
        """
        free = next((row for row in self._lots[stock_id] if row.lot.pk == lot_id), None)
        if free is None:
            lot = Lot.objects.filter(pk=lot_id, variant__stocks=stock_id).first()
            if lot is None:
                raise Missing()
            free = _FreeLot(lot, 0)
        if free.lot.is_recalled:
            raise RecalledLot(lots=[free.lot.code])
        if free.quantity < quantity:
            raise LotQuantityShort(free=free.quantity)
        if self._is_expired(free) and not may_be_expired:
            raise ExpiredLot(lots=[free.lot.code])
        free.quantity -= quantity
        return free.lot

    def _require_unrecalled(self, stock_id: int, quantity: int, available: int) -> None:
        if quantity > available and self._recalled[stock_id]:
            raise RecalledLot(lots=[lot.code for lot in self._recalled[stock_id]])

    def _is_expired(self, free: _FreeLot) -> bool:
        return free.lot.is_expired_on(self._today)

    @staticmethod
    def _take(picks: list[tuple[Lot | None, int]], lots: Iterable[_FreeLot], quantity: int) -> int:
        """Take the quantity from these lots in turn, adding to `picks`, and return what is still missing."""
        for free in lots:
            taken = min(free.quantity, quantity)
            if taken:
                picks.append((free.lot, taken))
                free.quantity -= taken
                quantity -= taken
        return quantity


def assign_lots(
    parcel_lines: Sequence[ParcelLine], choices: LotChoices, *, today: datetime.date
) -> list[ParcelLine]:
    """In a transaction: split new parcel lines by the lots they are taken from.

    Locks their stocks if these have lots. Raises ExpiredLot, LotQuantityShort, Missing, RecalledLot.
    """
    stock_ids = {parcel_line.stock_id for parcel_line in parcel_lines if parcel_line.stock_id is not None}
    has_choices = bool(choices.picks) or any(lot_id is not None for lot_id in choices.lots.values())
    if has_choices or LotSupply(stock_ids, today).has_lots:
        locks.lock_stock(stock_ids)
    supply = LotSupply(stock_ids, today)
    may_be_expired = bool(choices.reason.strip())
    split_rows: list[ParcelLine] = []
    for parcel_line, lot_id in _split_by_choice(parcel_lines, choices):
        if parcel_line.stock_id is None:
            split_rows.append(parcel_line)
        elif lot_id is None:
            supply.take_of_no_lot(parcel_line.stock_id, parcel_line.quantity)
            split_rows.append(parcel_line)
        elif lot_id != _BY_EXPIRY:
            parcel_line.lot = supply.take_lot(
                parcel_line.stock_id, lot_id, parcel_line.quantity, may_be_expired=may_be_expired
            )
            split_rows.append(parcel_line)
        else:
            expired = supply.needs_expired(parcel_line.stock_id, parcel_line.quantity)
            if expired and not may_be_expired:
                raise ExpiredLot(lots=[lot.code for lot in expired])
            supply.require_enough_unrecalled(
                parcel_line.stock_id, parcel_line.quantity, includes_expired=may_be_expired
            )
            picks = supply.take_by_expiry(
                parcel_line.stock_id, parcel_line.quantity, includes_expired=may_be_expired
            )
            split_rows += split_by_lot(parcel_line, picks)
    return split_rows


def _split_by_choice(
    parcel_lines: Iterable[ParcelLine], choices: LotChoices
) -> Iterator[tuple[ParcelLine, int | None]]:
    """Yield the rows with the id of the lot that was chosen for each, None or `_BY_EXPIRY`."""
    left = {line_id: list(picks) for line_id, picks in choices.picks.items()}
    for parcel_line in parcel_lines:
        line_id, missing = parcel_line.order_line_id, parcel_line.quantity
        if line_id not in left:
            yield parcel_line, choices.lots.get(line_id, _BY_EXPIRY)
            continue
        taken: list[tuple[int | None, int]] = []
        while missing:
            lot_id, quantity = left[line_id].pop(0) if left[line_id] else (_BY_EXPIRY, missing)
            taken.append((lot_id, min(quantity, missing)))
            if quantity > missing:
                left[line_id].insert(0, (lot_id, quantity - missing))
            missing -= min(quantity, missing)
        rows = split_by_lot(parcel_line, [(None, quantity) for _lot_id, quantity in taken])
        yield from zip(rows, (lot_id for lot_id, _quantity in taken), strict=True)


def split_by_lot(parcel_line: ParcelLine, picks: Sequence[tuple[Lot | None, int]]) -> list[ParcelLine]:
    """Return one new row for each lot. A weight is divided in proportion to the quantities."""
    quantities = [quantity for _lot, quantity in picks]
    grams: Sequence[int | None] = [None] * len(picks)
    if parcel_line.grams is not None:
        grams = split_amount(parcel_line.grams, quantities)
    return [
        ParcelLine(
            parcel=parcel_line.parcel,
            order_line=parcel_line.order_line,
            stock=parcel_line.stock,
            quantity=quantity,
            lot=lot,
            is_sold_by_weight=parcel_line.is_sold_by_weight,
            grams=row_grams,
            return_reason=parcel_line.return_reason,
            reason_page_id=parcel_line.reason_page_id,
        )
        for (lot, quantity), row_grams in zip(picks, grams, strict=True)
    ]


def pick_returned_lots(line: ParcelLine, quantity: int) -> list[tuple[Lot | None, int]]:
    """Return the lots that the returned units of a line belong to, with their quantities.

    Recalled lots count first, so that none of their items are sold again, then lots by expiry. `line` is of
    the return. It takes two queries.
    """
    parcel_lines = ParcelLine.objects.filter(
        order_line=line.order_line_id, parcel__state=ParcelState.DELIVERED
    )
    sums = parcel_lines.order_by().values_list("lot", "parcel__kind").annotate(sum=Sum("quantity"))
    kept: defaultdict[int, int] = defaultdict(int)
    for lot_id, kind, total in sums.exclude(lot=None).exclude(parcel=line.parcel_id):
        kept[lot_id] += total if kind in OUTGOING_KINDS else -total
    lots = sorted(
        Lot.objects.filter(pk__in=list(kept)).first_expired_first(), key=lambda lot: not lot.is_recalled
    )
    picks: list[tuple[Lot | None, int]] = []
    for lot in lots:
        taken = min(quantity, kept[lot.pk])
        if taken > 0:
            picks.append((lot, taken))
            quantity -= taken
    return [*picks, (None, quantity)] if quantity else picks


def suggest_lots(
    quantities: Mapping[OrderLine, int], *, today: datetime.date
) -> dict[uuid.UUID, LotSuggestion]:
    """Return what to take for these open quantities, by line, if its stock has lots.

    It takes four queries.
    """
    allocations = list(
        Allocation.objects.filter(line__in=list(quantities)).select_related("stock").order_by("line", "pk")
    )
    supply = LotSupply({allocation.stock_id for allocation in allocations}, today)
    if not supply.has_lots:
        return {}
    unpacked = Allocation.objects.filter(
        pk__in=[allocation.pk for allocation in allocations]
    ).unpacked_quantities()
    suggestions = {}
    for line, open_quantity in quantities.items():
        stock_ids = [allocation.stock_id for allocation in allocations if allocation.line_id == line.pk]
        lots = supply.lots_in(stock_ids)
        if not lots:
            continue
        picks: list[tuple[Lot | None, int]] = []
        missing = open_quantity
        for allocation in allocations:
            taken = min(missing, unpacked[allocation.pk]) if allocation.line_id == line.pk else 0
            if taken > 0:
                picks += supply.take_by_expiry(allocation.stock_id, taken, includes_expired=False)
                missing -= taken
        has_expired = any(lot.is_expired_on(today) for lot in lots)
        suggestions[line.pk] = LotSuggestion(picks, lots, has_expired)
    return suggestions
