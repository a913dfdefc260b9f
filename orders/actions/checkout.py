"""Opening the checkout keeps the goods for a while."""

from __future__ import annotations

import datetime
import uuid

from django.db import transaction

from catalog.actions.stock import Pick, SoldOut, choose_stock, write_promises
from catalog.models import Stock
from orders import locks
from orders.actions.basket import release_reservations
from orders.actions.quote import quote, stock_in_reach, wanted_of
from orders.actions.shares import Problem, Quote
from orders.models import Basket, BasketLine, Reservation
from shop.core.errors import Missing


@transaction.atomic(durable=True)
def open_checkout(*, basket_id: uuid.UUID, now: datetime.datetime) -> Quote:
    """Keep the basket's goods for the channel's reservation time, and show what it costs now.

    Lines that are short keep nothing and say so; prices shown here count as seen, after the change
    has been said once in the answer. Raises Missing.
    """
    basket = locks.lock_basket(basket_id)
    if basket is None:
        raise Missing()
    reserve(basket, now=now)
    answer = quote(wanted_of(basket), now=now)
    for line in answer.lines:
        if Problem.PRICE_CHANGED in line.problems:
            BasketLine.objects.filter(pk=line.wanted.key).update(seen_price=line.unit_price)
    return answer


def reserve(basket: Basket, *, now: datetime.datetime) -> None:
    """Step: keep what a locked basket wants, anew. Lines that are short keep what they kept: nothing."""
    minutes = basket.channel.reservation_minutes
    release_reservations(list(Reservation.objects.filter(line__basket=basket)))
    if not minutes:
        return
    lines = list(basket.lines.filter(variant__track_inventory=True).order_by("created_at", "pk"))
    reach = stock_in_reach(wanted_of(basket), {line.variant_id for line in lines})
    rows = locks.lock_stock(reach.values_list("pk", flat=True))
    kept = []
    for line in lines:
        for pick in _pick(line, rows, basket):
            # Told to the row in memory at once, so that the next line of the variant sees less.
            rows[pick.stock_id].reserved += pick.quantity
            kept.append(
                Reservation(
                    line=line,
                    stock_id=pick.stock_id,
                    quantity=pick.quantity,
                    expires_at=now + datetime.timedelta(minutes=minutes),
                )
            )
    Reservation.objects.bulk_create(kept)
    write_promises(rows[stock_id] for stock_id in {reservation.stock_id for reservation in kept})


def _pick(line: BasketLine, rows: dict[int, Stock], basket: Basket) -> list[Pick]:
    """Where a line's goods can be kept: nowhere, if there are not enough."""
    try:
        return choose_stock(
            {line.variant_id: line.quantity},
            rows.values(),
            order=list(rows),
            strategy=basket.channel.allocation_strategy,
        )
    except SoldOut:
        return []
