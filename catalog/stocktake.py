"""The rows of a stock-take: the recorded stock of each variant and lot in a warehouse at a moment."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum

from catalog.models import Lot, LotBalance, Movement, MovementReason, Price, Stock
from cooperatives.models import Warehouse

CURRENCY = "VND"  # of the members' pages
IMPLAUSIBLE_FACTOR = 10  # one digit too many or too few


@dataclass(frozen=True, slots=True)
class StocktakeRow:
    """A lot in a stock, or what the stock holds outside its lots if `lot` is None.

    `book` is its quantity at the moment, `stock_book` that of the whole stock, both in sales units. `amount`
    is the list price. If `is_counted_since`, the row or its whole stock was counted again after the moment.
    """

    stock: Stock
    lot: Lot | None
    book: int
    stock_book: int
    amount: int | None
    has_lots: bool
    is_counted_since: bool

    @property
    def key(self) -> str:
        return f"stock-{self.stock.pk}" if self.lot is None else f"lot-{self.lot.pk}"

    @property
    def is_listed(self) -> bool:
        """Whether the row is there to count. Goods outside the lots are there only if the books say so."""
        if self.lot is not None:
            return self.book != 0
        return self.book > 0 or not self.has_lots


def implausible_ratio(book: int, counted: int) -> int:
    """Return how many times the larger quantity is the smaller one, if that is likely a typing error.

    Otherwise return 0, also if either is 0 or less: stock runs out, and comes in unrecorded.
    """
    smaller, larger = sorted((book, counted))
    ratio = larger // smaller if smaller > 0 else 0
    return ratio if ratio >= IMPLAUSIBLE_FACTOR else 0


def load_stocktake_rows(warehouse: Warehouse, *, at: datetime.datetime) -> list[StocktakeRow]:
    """Return the rows of the warehouse as of a moment, the lots of a variant first expired first.

    What happened after the moment is left out, whenever it was recorded. Takes four queries.
    """
    later = _read_later_movements(warehouse, at)
    balances: dict[int, list[LotBalance]] = defaultdict(list)
    for balance in (
        LotBalance.objects.filter(stock__warehouse=warehouse)
        .select_related("lot")
        .order_by(
            F("lot__expires_on").asc(nulls_last=True), F("lot__harvested_on").asc(nulls_last=True), "lot"
        )
    ):
        balances[balance.stock_id].append(balance)
    stocks = list(Stock.objects.countable().filter(warehouse=warehouse))
    prices = Price.objects.filter(
        variant__stocks__warehouse=warehouse, amount__isnull=False, currency=CURRENCY
    )
    amounts = dict(prices.order_by("-channel").values_list("variant", "amount"))  # of the first channel
    return [
        row
        for stock in stocks
        for row in _rows_of_stock(stock, balances[stock.pk], later, amounts.get(stock.variant_id))
    ]


@dataclass(frozen=True, slots=True)
class _LaterMovements:
    """What happened after the moment, by stock and lot: the moved quantities, and what was counted."""

    moved: Mapping[tuple[int, int | None], int]
    moved_by_stock: Mapping[int, int]
    counted: Collection[tuple[int, int | None]]


def _read_later_movements(warehouse: Warehouse, at: datetime.datetime) -> _LaterMovements:
    movements = Movement.objects.filter(stock__warehouse=warehouse).after(at)
    sums = list(
        movements.values("stock", "lot").annotate(
            sum=Sum("quantity"), counts=Count("pk", filter=Q(reason=MovementReason.COUNT))
        )
    )
    moved_by_stock: Counter[int] = Counter()
    for row in sums:
        moved_by_stock[row["stock"]] += row["sum"]
    return _LaterMovements(
        moved={(row["stock"], row["lot"]): row["sum"] for row in sums},
        moved_by_stock=moved_by_stock,
        counted={(row["stock"], row["lot"]) for row in sums if row["counts"]},
    )


def _rows_of_stock(
    stock: Stock, balances: Sequence[LotBalance], later: _LaterMovements, amount: int | None
) -> list[StocktakeRow]:
    """Return a row for each lot of the stock, then the row for what is outside its lots."""
    stock_book = stock.on_hand - later.moved_by_stock.get(stock.pk, 0)
    lot_books = {
        balance.lot_id: balance.on_hand - later.moved.get((stock.pk, balance.lot_id), 0)
        for balance in balances
    }
    has_lots = any(lot_books.values())
    outside_lots = stock_book - sum(lot_books.values())
    is_counted = (stock.pk, None) in later.counted
    rows = [
        StocktakeRow(
            stock=stock,
            lot=balance.lot,
            book=lot_books[balance.lot_id],
            stock_book=stock_book,
            amount=amount,
            has_lots=has_lots,
            is_counted_since=is_counted or (stock.pk, balance.lot_id) in later.counted,
        )
        for balance in balances
    ]
    outside = StocktakeRow(
        stock=stock,
        lot=None,
        book=outside_lots,
        stock_book=stock_book,
        amount=amount,
        has_lots=has_lots,
        is_counted_since=is_counted,
    )
    return [*rows, outside]
