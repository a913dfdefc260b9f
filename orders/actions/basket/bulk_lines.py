"""Change many basket lines at once for the API, where shortages are refused instead of reported."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from catalog.actions.stock.stock_movements import SoldOut
from orders.actions.basket.basket_lines import Put, locked_basket, new_basket, put_all, set_quantity, touch
from orders.actions.basket.checkout_details import write_columns, write_payer, write_receiver
from orders.actions.quotes.build_quote import quote, wanted_of
from orders.actions.quotes.quote_types import Problem, Quote
from orders.models import Basket, BasketLine
from shop.accounts.models import Address
from shop.core.errors import Missing
from shop.core.models import Channel

_SHORT = frozenset({Problem.SOLD_OUT, Problem.ONLY_LEFT})


@dataclass(frozen=True, slots=True)
class Set:
    """A line, by its id or variant, and its new quantity: 0 removes it, None leaves the quantity."""

    line_id: uuid.UUID | None = None
    variant_id: int | None = None
    quantity: int | None = None
    forced_price: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic(durable=True)
def begin_basket(
    *,
    user_id: int | None,
    channel: Channel,
    language: str,
    puts: Sequence[Put] = (),
    metadata: Mapping[str, str] | None = None,
    private_metadata: Mapping[str, str] | None = None,
    email: str = "",
    shipping_address: Address | None = None,
    billing_address: Address | None = None,
    now: datetime.datetime,
) -> tuple[Basket, Quote | None]:
    """Create a basket with all details given, or nothing; return it and a quote of its lines.

    Raises as `put_lines`.
    """
    basket = new_basket(user_id=user_id, channel=channel, language=language, now=now)
    if email:
        write_columns(basket, now, email=email)
    if shipping_address is not None:
        write_receiver(basket, shipping_address, now=now)
    if billing_address is not None:
        write_payer(basket, billing_address, now=now)
    if metadata or private_metadata:
        basket.metadata, basket.private_metadata = dict(metadata or {}), dict(private_metadata or {})
        basket.save(update_fields=["metadata", "private_metadata"])
    return basket, _add_lines(basket, puts, now=now) if puts else None


@transaction.atomic(durable=True)
def put_lines(*, basket_id: uuid.UUID, puts: Sequence[Put], now: datetime.datetime) -> Quote:
    """Add all of these lines or none; return the new quote.

    Raises Missing, NotForSale, OddQuantity, OverLimit, SoldOut.
    """
    basket = locked_basket(basket_id)
    quote = _add_lines(basket, puts, now=now)
    touch(basket, now)
    return quote


@transaction.atomic(durable=True)
def set_lines(*, basket_id: uuid.UUID, sets: Sequence[Set], now: datetime.datetime) -> Quote:
    """Change all of these lines or none, adding variants not there yet.

    Returns and raises as `put_lines`.
    """
    basket = locked_basket(basket_id)
    touched = set()
    for each in sets:
        line = _find_line(basket, each)
        if line is None:
            if each.variant_id is None:
                raise Missing(field="lineId")
            if each.quantity == 0:
                continue
            quantity = each.quantity if each.quantity is not None else 1
            put = Put(each.variant_id, quantity, each.forced_price, metadata=each.metadata)
            put_all(basket, [put])
            touched.add(each.variant_id)
        else:
            _change_line(basket, line, each)
            touched.add(line.variant_id)
    quote = _quote_without_shortage(basket, touched, now=now)
    touch(basket, now)
    return quote


@transaction.atomic(durable=True)
def take_out(*, basket_id: uuid.UUID, line_ids: Sequence[uuid.UUID], now: datetime.datetime) -> None:
    """Remove all of these lines or none, with their reservations. Raises Missing, naming unknown lines."""
    basket = locked_basket(basket_id)
    there = set(basket.lines.filter(pk__in=line_ids).values_list("pk", flat=True))
    if missing := [key for key in line_ids if key not in there]:
        raise Missing(field="lines", missing_lines=missing)
    for key in there:
        set_quantity(basket, key, 0)
    touch(basket, now)


def _add_lines(basket: Basket, puts: Sequence[Put], *, now: datetime.datetime) -> Quote:
    put_all(basket, puts)
    return _quote_without_shortage(basket, {each.variant_id for each in puts}, now=now)


def _find_line(basket: Basket, wanted: Set) -> BasketLine | None:
    """Return the line by its id, or the variant's first line."""
    lines = basket.lines.order_by("created_at", "pk")
    if wanted.line_id is not None:
        found = lines.filter(pk=wanted.line_id).first()
        if found is None:
            raise Missing(field="lineId")
        return found
    return lines.filter(variant=wanted.variant_id).first()


def _change_line(basket: Basket, line: BasketLine, wanted: Set) -> None:
    if wanted.forced_price is not None or wanted.metadata:
        if wanted.forced_price is not None:
            line.forced_price = wanted.forced_price
        line.metadata = {**line.metadata, **wanted.metadata}
        line.save(update_fields=["forced_price", "metadata"])
    if wanted.quantity is not None:
        set_quantity(basket, line.pk, wanted.quantity)


def _quote_without_shortage(basket: Basket, variant_ids: set[int], *, now: datetime.datetime) -> Quote:
    """Return the current quote. Raises SoldOut where the basket holds more of these variants than is free."""
    current_quote = quote(wanted_of(basket), now=now)
    short = {
        line.variant.pk: line.free or 0
        for line in current_quote.lines
        if line.variant.pk in variant_ids and _SHORT & set(line.problems)
    }
    if short:
        raise SoldOut(field="quantity", free=short)
    return current_quote
