"""Preview the checkout without changes, and open it, which reserves stock for a while."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from dataclasses import replace

from django.db import transaction

from catalog.actions.stock.stock_movements import (
    SoldOut,
    StockPick,
    choose_stock,
    save_reserved_and_allocated,
)
from catalog.models import Stock
from cooperatives.models import DeliveryMethod
from orders import locks
from orders.actions.basket.basket_lines import (
    release_reserved_stock,
    reservations_of_basket,
    store_delivery_choices,
)
from orders.actions.order_records.record_order import Contact, require_contact_phone
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_queries import pickup_warehouses, read_reachable_stock
from orders.actions.quotes.quote_types import Quote, QuoteProblem, QuoteRequest, RequestedDelivery
from orders.models import Basket, BasketLine, Reservation
from shop.core.errors import Missing


def preview_checkout(basket: Basket, *, province_code: str, now: datetime.datetime) -> Quote:
    """Quote the checkout of a basket as `open_checkout` does, without reserving stock or writing anything."""
    return build_quote(
        replace(build_basket_request(basket), province_code=province_code),
        now=now,
        should_propose_deliveries=True,
    )


@transaction.atomic(durable=True)
def open_checkout(
    *,
    basket_id: uuid.UUID,
    now: datetime.datetime,
    province_code: str | None = None,
    choices: Mapping[int, RequestedDelivery] | None = None,
    language: str | None = None,
    contact: Contact | None = None,
    should_mark_prices_seen: bool = True,
) -> Quote:
    """Reserve stock for the channel's reservation time, and return the current quote.

    Stores the province, deliveries and language that the page gives. Later mail uses the language. If no
    delivery is chosen, the quote may propose one. Lines that are short reserve nothing and show the problem.
    Changed prices count as seen once they were returned, unless `should_mark_prices_seen` is off. `contact`,
    once entered, decides whether this buyer may use the voucher code. Raises InvalidPhone, Missing.
    """
    basket = locks.lock_basket(basket_id)
    if basket is None:
        raise Missing()
    before = _checkout_details(basket)
    if province_code is not None:
        basket.province_code = province_code
    if contact is not None:
        require_contact_phone(contact)
        basket.phone, basket.email = contact.phone, contact.email
    basket.language = language or basket.language
    _save_changed_details(basket, before)
    store_delivery_choices(basket, choices or {})
    quote_request = build_basket_request(basket)
    reserve_basket_stock(basket, quote_request, now=now)
    # Prices may change while stock is being locked.
    quote_request = replace(quote_request, variants=None, has_reservations=True)
    current_quote = build_quote(quote_request, now=now, should_propose_deliveries=True)
    for line in current_quote.lines if should_mark_prices_seen else []:
        if QuoteProblem.PRICE_CHANGED in line.problems:
            BasketLine.objects.filter(pk=line.requested.key).update(seen_price=line.unit_price)
    return current_quote


def _checkout_details(basket: Basket) -> dict[str, str]:
    return {name: getattr(basket, name) for name in ("province_code", "language", "phone", "email")}


def _save_changed_details(basket: Basket, before: Mapping[str, str]) -> None:
    """Save the details that have changed."""
    changed = [name for name, value in _checkout_details(basket).items() if value != before[name]]
    if changed:
        basket.save(update_fields=changed)


def reserve_basket_stock(basket: Basket, quote_request: QuoteRequest, *, now: datetime.datetime) -> None:
    """In a transaction: replace a locked basket's reservations. Lines that are short reserve nothing.

    Stock reserved before and stock to be reserved is locked together, so that two checkouts never deadlock.
    """
    minutes = basket.channel.reservation_minutes
    lines = list(basket.lines.filter(variant__track_inventory=True).order_by("created_at", "pk"))
    chosen_method_ids = [
        choice.delivery_method_id
        for choice in quote_request.deliveries.values()
        if choice.delivery_method_id is not None
    ]
    delivery_methods = DeliveryMethod.objects.filter(pk__in=chosen_method_ids, warehouse__isnull=False)
    variant_ids = {line.variant_id for line in lines}
    reachable_stock = read_reachable_stock(
        quote_request, variant_ids, pickup_warehouses(quote_request, delivery_methods)
    )
    reachable_ids = [stock.stock_id for stock in reachable_stock]
    before = reservations_of_basket(basket.pk) if quote_request.has_reservations else []
    stocks = locks.lock_stock({*reachable_ids, *(reservation.stock_id for reservation in before)})
    freed = release_reserved_stock(reservations_of_basket(basket.pk) if before else [], stocks)
    pickable = {stock_id: stocks[stock_id] for stock_id in reachable_ids if stock_id in stocks}
    reservations = []
    for line in lines if minutes else []:
        for pick in _choose_stock_for(line, pickable, basket):
            # Updated in memory too, so that the next line of the variant sees less free.
            stocks[pick.stock_id].reserved += pick.quantity
            reservations.append(
                Reservation(
                    line=line,
                    stock_id=pick.stock_id,
                    quantity=pick.quantity,
                    expires_at=now + datetime.timedelta(minutes=minutes),
                )
            )
    Reservation.objects.bulk_create(reservations)
    save_reserved_and_allocated(
        stocks[stock_id] for stock_id in freed | {reservation.stock_id for reservation in reservations}
    )


def _choose_stock_for(line: BasketLine, rows: dict[int, Stock], basket: Basket) -> list[StockPick]:
    """Return the stock for a line, or nothing if there is not enough."""
    try:
        return choose_stock(
            {line.variant_id: line.quantity},
            rows.values(),
            stock_ids_in_order=list(rows),
            strategy=basket.channel.allocation_strategy,
        )
    except SoldOut:
        return []
