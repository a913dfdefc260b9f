"""Allocate stock to the lines of an order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from catalog.actions.stock.stock_movements import StockPick, choose_stock, save_reserved_and_allocated
from orders import locks
from orders.actions.basket.basket_lines import release_reserved_stock, reservations_of_basket
from orders.actions.quotes.quote_types import Quote
from orders.models import Allocation, OrderLine


def allocate_order_stock(lines: Sequence[OrderLine], quote: Quote) -> None:
    """In a transaction: allocate stock to an order's lines and release the reservations of the quoted basket.

    Raises SoldOut with every shortage at once.
    """
    quantities: Counter[int] = Counter()
    for line in quote.lines:
        if line.variant.track_inventory:
            quantities[line.variant.pk] += line.requested.quantity
    basket_id = quote.requested.basket_id if quote.requested.has_reservations else None
    reservations = reservations_of_basket(basket_id) if basket_id is not None else []
    stocks = locks.lock_stock({*quote.stock_ids, *(reservation.stock_id for reservation in reservations)})
    freed = release_reserved_stock(
        reservations_of_basket(basket_id) if basket_id is not None and reservations else [], stocks
    )
    picks = choose_stock(
        quantities,
        [stocks[stock_id] for stock_id in quote.stock_ids if stock_id in stocks],
        stock_ids_in_order=quote.stock_ids,
        strategy=quote.requested.channel.allocation_strategy,
    )
    for pick in picks:
        stocks[pick.stock_id].allocated += pick.quantity
    Allocation.objects.bulk_create(distribute_picks(lines, picks))
    save_reserved_and_allocated(stocks[stock_id] for stock_id in freed | {pick.stock_id for pick in picks})


def distribute_picks(lines: Sequence[OrderLine], picks: Sequence[StockPick]) -> list[Allocation]:
    """Distribute the picks of each variant over its lines, in line order."""
    unallocated = {line.pk: line.quantity for line in lines}
    allocations = []
    for pick in picks:
        remaining = pick.quantity
        for line in lines:
            allocated = min(remaining, unallocated[line.pk]) if line.variant_id == pick.variant_id else 0
            if allocated:
                allocations.append(Allocation(line=line, stock_id=pick.stock_id, quantity=allocated))
                unallocated[line.pk] -= allocated
                remaining -= allocated
    return allocations
