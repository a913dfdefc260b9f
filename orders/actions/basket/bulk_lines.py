"""Change many basket lines at once for the API, which refuses shortages instead of reporting them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from catalog.actions.stock.stock_movements import SoldOut
from orders.actions.basket.basket_lines import (
    LineToAdd,
    add_lines_to_locked_basket,
    create_empty_basket,
    lock_existing_basket,
    mark_basket_changed,
    set_line_quantity,
    store_added_lines,
)
from orders.actions.basket.checkout_details import (
    write_billing_address,
    write_shipping_address,
)
from orders.actions.quotes.build_quote import (
    QuoteInputs,
    build_basket_request,
    build_quote,
    quote_request_of_rows,
)
from orders.actions.quotes.quote_queries import BasketRows, read_buyable_variants
from orders.actions.quotes.quote_types import Quote, QuoteProblem
from orders.actions.quotes.sales_terms import sales_terms
from orders.models import Basket, BasketLine
from shop.accounts.models import Address
from shop.core.errors import Missing
from shop.core.models import Channel

_SHORT = frozenset({QuoteProblem.SOLD_OUT, QuoteProblem.FEWER_IN_STOCK})


@dataclass(frozen=True, slots=True)
class LineUpdate:
    """An update of a line, found by id or variant. Quantity 0 removes the line, None keeps its quantity."""

    line_id: uuid.UUID | None = None
    variant_id: int | None = None
    quantity: int | None = None
    forced_price: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic(durable=True)
def create_basket(
    *,
    user_id: int | None,
    channel: Channel,
    language: str,
    lines_to_add: Sequence[LineToAdd] = (),
    metadata: Mapping[str, str] | None = None,
    private_metadata: Mapping[str, str] | None = None,
    email: str = "",
    shipping_address: Address | None = None,
    billing_address: Address | None = None,
    now: datetime.datetime,
) -> tuple[Basket, Quote | None]:
    """Create a basket with all details given, or nothing, and return it and a quote of its lines.

    Raises as `bulk_add_lines`.
    """
    basket = create_empty_basket(
        user_id=user_id,
        channel=channel,
        language=language,
        email=email,
        metadata=metadata,
        private_metadata=private_metadata,
        now=now,
    )
    if shipping_address is not None:
        write_shipping_address(basket, shipping_address, now=now)
    if billing_address is not None:
        write_billing_address(basket, billing_address, now=now)
    if not lines_to_add:
        return basket, None
    variants = read_buyable_variants(channel.pk, {line_to_add.variant_id for line_to_add in lines_to_add})
    inputs = QuoteInputs(variants, sales_terms())
    lines: list[BasketLine] = []
    shop_limit = inputs.terms.settings.limit_quantity_per_checkout
    store_added_lines(basket, lines, lines_to_add, variants, shop_limit, now=now)
    request = quote_request_of_rows(basket, BasketRows(lines, variants, {}, has_reservations=False))
    quote = build_quote(request, now=now, inputs=inputs)
    _require_no_shortage(quote, variants)
    return basket, quote


@transaction.atomic(durable=True)
def bulk_add_lines(
    *, basket_id: uuid.UUID, lines_to_add: Sequence[LineToAdd], now: datetime.datetime
) -> Quote:
    """Add all of these lines or none, and return the new quote.

    Raises Missing, NotForSale, InvalidQuantity, QuantityExceedsLimit, SoldOut.
    """
    basket = lock_existing_basket(basket_id)
    quote = _add_lines(basket, lines_to_add, now=now)
    mark_basket_changed(basket, now)
    return quote


@transaction.atomic(durable=True)
def bulk_update_lines(
    *, basket_id: uuid.UUID, updates: Sequence[LineUpdate], now: datetime.datetime
) -> Quote:
    """Change all of these lines or none, and add variants that are not in the basket yet.

    Returns and raises what `bulk_add_lines` does, and raises Missing for a line that is not in the basket.
    """
    basket = lock_existing_basket(basket_id)
    changed_variant_ids = set()
    for update in updates:
        line = _find_line(basket, update)
        if line is None:
            if update.variant_id is None:
                raise Missing(field="lineId")
            if update.quantity == 0:
                continue
            quantity = update.quantity if update.quantity is not None else 1
            line_to_add = LineToAdd(
                update.variant_id, quantity, update.forced_price, metadata=update.metadata
            )
            add_lines_to_locked_basket(basket, [line_to_add], now=now)
            changed_variant_ids.add(update.variant_id)
        else:
            _change_line(basket, line, update, now=now)
            changed_variant_ids.add(line.variant_id)
    quote = _quote_without_shortage(basket, changed_variant_ids, now=now)
    mark_basket_changed(basket, now)
    return quote


@transaction.atomic(durable=True)
def bulk_remove_lines(*, basket_id: uuid.UUID, line_ids: Sequence[uuid.UUID], now: datetime.datetime) -> None:
    """Remove all of these lines or none, with their reservations. Raises Missing, naming unknown lines."""
    basket = lock_existing_basket(basket_id)
    known_ids = set(basket.lines.filter(pk__in=line_ids).values_list("pk", flat=True))
    if missing_ids := [key for key in line_ids if key not in known_ids]:
        raise Missing(field="lines", missing_lines=missing_ids)
    for key in known_ids:
        set_line_quantity(basket, key, 0, now=now)
    mark_basket_changed(basket, now)


def _add_lines(basket: Basket, lines_to_add: Sequence[LineToAdd], *, now: datetime.datetime) -> Quote:
    add_lines_to_locked_basket(basket, lines_to_add, now=now)
    return _quote_without_shortage(basket, {line_to_add.variant_id for line_to_add in lines_to_add}, now=now)


def _find_line(basket: Basket, requested: LineUpdate) -> BasketLine | None:
    """Return the line by its id, or the variant's first line. Raises Missing."""
    lines = basket.lines.order_by("created_at", "pk")
    if requested.line_id is not None:
        line = lines.filter(pk=requested.line_id).first()
        if line is None:
            raise Missing(field="lineId")
        return line
    return lines.filter(variant=requested.variant_id).first()


def _change_line(basket: Basket, line: BasketLine, requested: LineUpdate, *, now: datetime.datetime) -> None:
    if requested.forced_price is not None or requested.metadata:
        if requested.forced_price is not None:
            line.forced_price = requested.forced_price
        line.metadata = {**line.metadata, **requested.metadata}
        line.save(update_fields=["forced_price", "metadata"])
    if requested.quantity is not None:
        set_line_quantity(basket, line.pk, requested.quantity, now=now)


def _quote_without_shortage(basket: Basket, variant_ids: set[int], *, now: datetime.datetime) -> Quote:
    """Return the current quote. Raises SoldOut if the basket holds more of these variants than is free."""
    current_quote = build_quote(build_basket_request(basket), now=now)
    _require_no_shortage(current_quote, variant_ids)
    return current_quote


def _require_no_shortage(quote: Quote, variant_ids: Container[int]) -> None:
    """Raise SoldOut if more of these variants is requested than is free."""
    free_by_variant = {
        line.variant.pk: line.available_quantity or 0
        for line in quote.lines
        if line.variant.pk in variant_ids and _SHORT & set(line.problems)
    }
    if free_by_variant:
        raise SoldOut(field="quantity", free=free_by_variant)
