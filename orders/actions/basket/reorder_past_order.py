"""Put the lines of a past order into the basket again and report what has changed since."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from django.db import transaction

from orders import locks
from orders.actions.basket.basket_lines import create_empty_basket, mark_basket_changed
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import QuotedLine, QuoteProblem, QuoteRequest, RequestedLine
from orders.models import Basket, BasketLine, Order, OrderLine
from shop.core.errors import Missing
from shop.core.models import Channel


class DifferenceKind(StrEnum):
    """A difference between a line now and when it was ordered."""

    GONE = "gone"
    PAUSED = "paused"
    SOLD_OUT = "sold_out"
    FEWER = "fewer"
    DEARER = "dearer"
    CHEAPER = "cheaper"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between the past order and the basket.

    `was` and `now` are sales units for FEWER, and minor units for a changed price. `name` is the product's
    name when it was ordered, and `translated` is the same in the order's language. `seller` is the
    cooperative's name if it is paused.
    """

    name: str
    kind: DifferenceKind
    was: int = 0
    now: int = 0
    seller: str = ""
    translated: str = ""


@dataclass(slots=True)
class ReorderResult:
    """The basket, or None if nothing of the order is available, and the number of lines from the order."""

    basket: Basket | None = None
    added_line_count: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class _OrderedVariant:
    """All lines of one variant in the past order."""

    key: uuid.UUID
    name: str
    translated: str
    variant_id: int | None
    price: int
    quantity: int


@transaction.atomic(durable=True)
def add_past_order_to_basket(
    *,
    order_id: uuid.UUID,
    part_number: int | None = None,
    basket_id: uuid.UUID | None,
    user_id: int | None,
    channel: Channel,
    language: str = "vi",
    province_code: str = "",
    now: datetime.datetime,
) -> ReorderResult:
    """Add the available lines of a past order, or of one part, to the basket, which is created if missing.

    Quantities that are in the basket already count, so a second tap adds nothing. Raises Missing.
    """
    order = Order.objects.placed().filter(pk=order_id).first()
    if order is None:
        raise Missing()
    basket = locks.lock_basket(basket_id) if basket_id else None
    if basket is not None and basket.channel_id != channel.pk:
        basket = None
    ordered_variants = _read_ordered_variants(order, part_number)
    result = ReorderResult(basket)
    available = _find_available_lines(
        ordered_variants, _build_quote_request(order, ordered_variants, channel, basket), result, now=now
    )
    if not available:
        return result
    basket = result.basket = basket or create_empty_basket(
        user_id=user_id, channel=channel, language=language, province_code=province_code, now=now
    )
    result.added_line_count = len(available)
    _increase_lines(basket, available)
    mark_basket_changed(basket, now)
    return result


def _read_ordered_variants(order: Order, part_number: int | None) -> list[_OrderedVariant]:
    """Return the ordered variants by position, of one part or of all. A deleted variant has no id."""
    ordered_variants: dict[object, _OrderedVariant] = {}
    lines = OrderLine.objects.filter(order=order)
    if part_number is not None:
        lines = lines.filter(part__number=part_number)
    for line in lines.order_by("position", "pk"):
        ordered_variant = ordered_variants.setdefault(
            line.variant_id or line.pk,
            _OrderedVariant(line.pk, *_names_of_line(line), line.variant_id, line.unit_price, 0),
        )
        ordered_variant.quantity += line.quantity
    return list(ordered_variants.values())


def _names_of_line(line: OrderLine) -> tuple[str, str]:
    """Return the name in the shop's language, and in the order's language if there is one."""
    names = (line.product_name, line.variant_name)
    translated = (line.translated_product_name, line.translated_variant_name or line.variant_name)
    return _join_names(names), _join_names(translated) if line.translated_product_name else ""


def _join_names(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if name)


def _build_quote_request(
    order: Order, ordered_variants: Sequence[_OrderedVariant], channel: Channel, basket: Basket | None
) -> QuoteRequest:
    """Return a quote request for the same variants at the prices of the past order."""
    comparable = order.currency == channel.currency
    lines = [
        RequestedLine(
            ordered_variant.key,
            ordered_variant.variant_id,
            ordered_variant.quantity,
            ordered_variant.price if comparable else None,
        )
        for ordered_variant in ordered_variants
        if ordered_variant.variant_id is not None
    ]
    if basket is None:
        return QuoteRequest(channel, lines, {}, country=channel.default_country)
    basket_request = build_basket_request(basket)
    return QuoteRequest(
        channel=channel,
        lines=lines,
        deliveries={},
        province_code=basket_request.province_code,
        country=basket_request.country,
        basket_id=basket_request.basket_id,
    )


def _find_available_lines(
    ordered_variants: Sequence[_OrderedVariant],
    quote_request: QuoteRequest,
    result: ReorderResult,
    *,
    now: datetime.datetime,
) -> list[tuple[QuotedLine, int]]:
    """Return the available lines with their quantities, and add all differences to `result`."""
    quoted = {
        line.requested.key: (line, seller_quote)
        for seller_quote in build_quote(quote_request, now=now).seller_quotes
        for line in seller_quote.lines
        if QuoteProblem.NOT_FOR_SALE not in line.problems
    }
    available = []
    for ordered_variant in ordered_variants:
        quoted_line = quoted.get(ordered_variant.key)
        difference = partial(Difference, ordered_variant.name, translated=ordered_variant.translated)
        if quoted_line is None:
            result.differences.append(difference(kind=DifferenceKind.GONE))
            continue
        line, seller_quote = quoted_line
        if QuoteProblem.PAUSED in seller_quote.problems:
            seller = seller_quote.cooperative.name
            result.differences.append(difference(kind=DifferenceKind.PAUSED, seller=seller))
            continue
        available_quantity = min(
            count
            for count in (ordered_variant.quantity, line.available_quantity, line.limit)
            if count is not None
        )
        if available_quantity < 1:
            result.differences.append(difference(kind=DifferenceKind.SOLD_OUT))
            continue
        if available_quantity < ordered_variant.quantity:
            result.differences.append(
                difference(kind=DifferenceKind.FEWER, was=ordered_variant.quantity, now=available_quantity)
            )
        if QuoteProblem.PRICE_CHANGED in line.problems:
            kind = (
                DifferenceKind.DEARER if line.unit_price > ordered_variant.price else DifferenceKind.CHEAPER
            )
            result.differences.append(difference(kind=kind, was=ordered_variant.price, now=line.unit_price))
        available.append((line, available_quantity))
    return available


def _increase_lines(basket: Basket, available: Sequence[tuple[QuotedLine, int]]) -> None:
    """Raise lines of each variant to the ordered quantity, adding missing ones at the current price."""
    line_by_variant: dict[int, BasketLine] = {}
    quantity_by_variant: dict[int, int] = {}
    for line in basket.lines.order_by("created_at", "pk"):
        line_by_variant.setdefault(line.variant_id, line)
        quantity_by_variant[line.variant_id] = quantity_by_variant.get(line.variant_id, 0) + line.quantity
    new_lines: list[BasketLine] = []
    grown_lines: list[BasketLine] = []
    for quoted, quantity in available:
        variant = quoted.variant
        if variant.pk in line_by_variant:
            line = line_by_variant[variant.pk]
            line.quantity += max(0, quantity - quantity_by_variant[variant.pk])
            grown_lines.append(line)
        else:
            line = BasketLine(basket=basket, variant=variant, quantity=quantity)
            new_lines.append(line)
        price = next(iter(variant.prices.all()), None)
        line.seen_price = price.price_at(line.quantity) if price is not None else None
    BasketLine.objects.bulk_create(new_lines)
    BasketLine.objects.bulk_update(grown_lines, ["quantity", "seen_price"])
