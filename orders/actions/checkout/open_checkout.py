"""Showing the checkout, which changes nothing, and opening it, which reserves the goods for a while."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import replace

from django.db import transaction

from catalog.actions.stock.stock_movements import Pick, SoldOut, choose_stock, write_promises
from catalog.models import Stock
from cooperatives.models import DeliveryWay
from orders import locks
from orders.actions.basket.basket_lines import give_back, kept_for, store_deliveries
from orders.actions.order_records.record_order import Contact
from orders.actions.quotes.build_quote import quote, wanted_of
from orders.actions.quotes.quote_queries import stock_in_order
from orders.actions.quotes.quote_types import Problem, Quote, Wanted, WantedDelivery
from orders.models import Basket, BasketLine, Reservation
from shop.core.errors import Missing


def preview_checkout(basket: Basket, *, province_code: str, now: datetime.datetime) -> Quote:
    """Quote the checkout of a basket as `open_checkout` does, without reserving goods or writing anything."""
    return quote(replace(wanted_of(basket), province_code=province_code), now=now, proposing=True)


@transaction.atomic(durable=True)
def open_checkout(
    *,
    basket_id: uuid.UUID,
    now: datetime.datetime,
    province_code: str | None = None,
    choices: Mapping[int, WantedDelivery] | None = None,
    language: str | None = None,
    contact: Contact | None = None,
    marks_prices_seen: bool = True,
) -> Quote:
    """Keep the basket's goods for the channel's reservation time, and show what it costs now.

    A province and ways that were chosen on the page are kept with the basket, and the page's language,
    which the letters will have; where no way is chosen, the first possible one is proposed. Lines that
    are short keep nothing and say so. Prices shown here count as seen, after the change has been said
    once in the answer, unless `marks_prices_seen` is off. `contact`, once it is written, tells whether
    this buyer may use the code. Raises Missing.
    """
    basket = locks.lock_basket(basket_id)
    if basket is None:
        raise Missing()
    was = _said(basket)
    if province_code is not None:
        basket.province_code = province_code
    if contact is not None:
        basket.phone, basket.email = contact.phone, contact.email
    basket.language = language or basket.language
    _keep_said(basket, was)
    store_deliveries(basket, choices or {})
    wanted = wanted_of(basket)
    reserve(basket, wanted, now=now)
    answer = quote(wanted, now=now, proposing=True)
    for line in answer.lines if marks_prices_seen else []:
        if Problem.PRICE_CHANGED in line.problems:
            BasketLine.objects.filter(pk=line.wanted.key).update(seen_price=line.unit_price)
    return answer


def _said(basket: Basket) -> dict[str, str]:
    return {name: getattr(basket, name) for name in ("province_code", "language", "phone", "email")}


def _keep_said(basket: Basket, was: Mapping[str, str]) -> None:
    """Save what was said of it, where that is something else."""
    changed = [name for name, said in _said(basket).items() if said != was[name]]
    if changed:
        basket.save(update_fields=changed)


def reserve(basket: Basket, wanted: Wanted, *, now: datetime.datetime) -> None:
    """Step: keep what a locked basket wants, anew. Lines that are short keep nothing.

    What it kept before and what it may keep now are locked together, so that two checkouts never
    wait for each other.
    """
    minutes = basket.channel.reservation_minutes
    lines = list(basket.lines.filter(variant__track_inventory=True).order_by("created_at", "pk"))
    chosen = [each.way_id for each in wanted.deliveries.values() if each.way_id is not None]
    ways = DeliveryWay.objects.filter(pk__in=chosen, warehouse__isnull=False)
    in_reach = stock_in_order(wanted, {line.variant_id for line in lines}, ways)
    before = kept_for(basket.pk)
    rows = locks.lock_stock({*in_reach, *(each.stock_id for each in before)})
    freed = give_back(kept_for(basket.pk) if before else [], rows)
    pickable = {stock_id: rows[stock_id] for stock_id in in_reach if stock_id in rows}
    kept = []
    for line in lines if minutes else []:
        for pick in _pick(line, pickable, basket):
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
    write_promises(rows[stock_id] for stock_id in freed | {reservation.stock_id for reservation in kept})


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
