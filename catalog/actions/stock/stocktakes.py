"""Record a confirmed stock-take of a warehouse."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.actions.stock.lots import count_lot
from catalog.actions.stock.stock_movements import count_stock
from catalog.models import Movement
from catalog.stocktake import StocktakeRow, load_stocktake_rows
from cooperatives.models import Cooperative, Warehouse
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused


@dataclass(frozen=True, slots=True)
class CountedRow:
    """The counted quantity of a row, and the book quantity that the member saw beside it."""

    key: str
    counted: int
    seen_book: int


@dataclass(frozen=True, slots=True)
class UnsavedRow:
    """A row that must be looked at again, with its present book quantity. `refused` is why it was refused."""

    row: StocktakeRow
    counted: int
    refused: Refused | None = None


@dataclass(slots=True)
class StocktakeOutcome:
    saved_count: int = 0
    gone_count: int = 0
    unsaved: list[UnsavedRow] = field(default_factory=list)


def record_stocktake(
    *,
    cooperative: Cooperative,
    warehouse_id: uuid.UUID,
    counts: Sequence[CountedRow],
    counted_at: datetime.datetime,
    idempotency_key: str,
    actor: Actor,
    now: datetime.datetime,
) -> StocktakeOutcome:
    """Record each row by its own count, which holds for `counted_at`. Later sales and receipts are kept.

    A row is not saved if it was counted again since, or if its book quantity of that moment is no longer the
    one that the member saw. Rows that the warehouse no longer lists are reported as gone. A repeated
    `idempotency_key` records nothing twice. Raises Missing for another cooperative's warehouse.
    """
    warehouse = Warehouse.objects.for_cooperative(cooperative).filter(pk=warehouse_id).first()
    if warehouse is None:
        raise Missing()
    rows = {row.key: row for row in load_stocktake_rows(warehouse, at=counted_at)}
    keys = {count.key: f"stocktake:{idempotency_key}:{count.key}" for count in counts}
    recorded = set(
        Movement.objects.filter(idempotency_key__in=keys.values()).values_list("idempotency_key", flat=True)
    )
    outcome = StocktakeOutcome()
    # Lots come after the stock outside lots, because counting a lot changes the stock with which that is
    # compared.
    for count in sorted(counts, key=lambda count: count.key.startswith("lot-")):
        row = rows.get(count.key)
        if keys[count.key] in recorded:
            outcome.saved_count += 1
        elif row is None:
            outcome.gone_count += 1
        elif row.is_counted_since or row.book != count.seen_book:
            outcome.unsaved.append(UnsavedRow(row, count.counted))
        else:
            try:
                _record_row(
                    row, count, cooperative, counted_at=counted_at, key=keys[count.key], actor=actor, now=now
                )
            except Refused as refused:
                outcome.unsaved.append(UnsavedRow(row, count.counted, refused))
            else:
                outcome.saved_count += 1
    return outcome


def _record_row(
    row: StocktakeRow,
    count: CountedRow,
    cooperative: Cooperative,
    *,
    counted_at: datetime.datetime,
    key: str,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    if row.lot is not None:
        count_lot(
            cooperative=cooperative,
            lot_id=row.lot.pk,
            warehouse_id=row.stock.warehouse_id,
            counted_quantity=count.counted,
            counted_at=counted_at,
            idempotency_key=key,
            actor=actor,
            now=now,
        )
        return
    count_stock(
        cooperative=cooperative,
        variant_id=row.stock.variant_id,
        warehouse_id=row.stock.warehouse_id,
        counted_quantity=row.stock_book - row.book + count.counted,
        counted_at=counted_at,
        idempotency_key=key,
        actor=actor,
        now=now,
    )
