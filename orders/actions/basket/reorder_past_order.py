"""What was ordered once is put into the basket again, and what is different by now is said."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from django.db import transaction

from orders import locks
from orders.actions.basket.basket_lines import new_basket, touch
from orders.actions.quotes.build_quote import quote, wanted_of
from orders.actions.quotes.quote_types import Problem, QuotedLine, Wanted, WantedLine
from orders.models import Basket, BasketLine, Order, OrderLine
from shop.core.errors import Missing
from shop.core.models import Channel


class Differs(StrEnum):
    """How something is not as it was when it was ordered."""

    GONE = "gone"
    RESTING = "resting"
    SOLD_OUT = "sold_out"
    FEWER = "fewer"
    DEARER = "dearer"
    CHEAPER = "cheaper"


@dataclass(frozen=True, slots=True)
class Difference:
    """`was` and `now` are steps where there are fewer, minor units where the price is another.

    `name` is what the goods were called when they were ordered, `translated` that in the order's language;
    `seller` is the cooperative's name where it is resting.
    """

    name: str
    what: Differs
    was: int = 0
    now: int = 0
    seller: str = ""
    translated: str = ""


@dataclass(slots=True)
class Reordered:
    """The basket, None where nothing of the order is to be had; how many lines of it lie in there now."""

    basket: Basket | None = None
    put: int = 0
    differences: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class _Once:
    """One kind of goods as it was ordered: all lines of a variant together."""

    key: uuid.UUID
    name: str
    translated: str
    variant_id: int | None
    price: int
    quantity: int


@transaction.atomic(durable=True)
def reorder(
    *,
    order_id: uuid.UUID,
    basket_id: uuid.UUID | None,
    user_id: int | None,
    channel: Channel,
    language: str = "vi",
    province_code: str = "",
    now: datetime.datetime,
) -> Reordered:
    """Let the basket, which is made where there is none, hold what an order held, as far as it is to be had.

    What lies in it already counts, so a second tap adds nothing. Raises Missing.
    """
    order = Order.objects.placed().filter(pk=order_id).first()
    if order is None:
        raise Missing()
    basket = locks.lock_basket(basket_id) if basket_id else None
    if basket is not None and basket.channel_id != channel.pk:
        basket = None
    ordered = _ordered(order)
    answer = Reordered(basket)
    takes = _what_is_there(ordered, _asked(order, ordered, channel, basket), answer, now=now)
    if not takes:
        return answer
    basket = answer.basket = basket or new_basket(
        user_id=user_id, channel=channel, language=language, province_code=province_code, now=now
    )
    answer.put = len(takes)
    _fill(basket, takes)
    touch(basket, now)
    return answer


def _ordered(order: Order) -> list[_Once]:
    """What was ordered, in its order; goods that are gone for good have no variant."""
    found: dict[object, _Once] = {}
    for line in OrderLine.objects.filter(order=order).order_by("position", "pk"):
        once = found.setdefault(
            line.variant_id or line.pk,
            _Once(line.pk, *_names(line), line.variant_id, line.unit_price, 0),
        )
        once.quantity += line.quantity
    return list(found.values())


def _names(line: OrderLine) -> tuple[str, str]:
    """What it was called in the shop's own language, and in the order's where its goods had a name in it."""
    own = (line.product_name, line.variant_name)
    translated = (line.translated_product_name, line.translated_variant_name or line.variant_name)
    return _joined(own), _joined(translated) if line.translated_product_name else ""


def _joined(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if name)


def _asked(order: Order, ordered: Sequence[_Once], channel: Channel, basket: Basket | None) -> Wanted:
    """The same goods asked for anew, at the prices they had then."""
    comparable = order.currency == channel.currency
    lines = [
        WantedLine(once.key, once.variant_id, once.quantity, once.price if comparable else None)
        for once in ordered
        if once.variant_id is not None
    ]
    if basket is None:
        return Wanted(channel, lines, {}, country=channel.default_country)
    there = wanted_of(basket)
    return Wanted(channel, lines, {}, there.province_code, there.country, there.basket_id)


def _what_is_there(
    ordered: Sequence[_Once], asked: Wanted, answer: Reordered, *, now: datetime.datetime
) -> list[tuple[QuotedLine, int]]:
    """The lines that can be had, each with how many steps; the answer hears all that differs."""
    quoted = {
        line.wanted.key: (line, share)
        for share in quote(asked, now=now).shares
        for line in share.lines
        if Problem.NOT_FOR_SALE not in line.problems
    }
    takes = []
    for once in ordered:
        found = quoted.get(once.key)
        differs = partial(Difference, once.name, translated=once.translated)
        if found is None:
            answer.differences.append(differs(what=Differs.GONE))
            continue
        line, share = found
        if Problem.PAUSED in share.problems:
            seller = share.cooperative.name
            answer.differences.append(differs(what=Differs.RESTING, seller=seller))
            continue
        most = min(each for each in (once.quantity, line.free, line.limit) if each is not None)
        if most < 1:
            answer.differences.append(differs(what=Differs.SOLD_OUT))
            continue
        if most < once.quantity:
            answer.differences.append(differs(what=Differs.FEWER, was=once.quantity, now=most))
        if Problem.PRICE_CHANGED in line.problems:
            what = Differs.DEARER if line.unit_price > once.price else Differs.CHEAPER
            answer.differences.append(differs(what=what, was=once.price, now=line.unit_price))
        takes.append((line, most))
    return takes


def _fill(basket: Basket, takes: Sequence[tuple[QuotedLine, int]]) -> None:
    """What lies there of a variant grows to as much as was ordered; its price has been said."""
    there: dict[int, BasketLine] = {}
    held: dict[int, int] = {}
    for line in basket.lines.order_by("created_at", "pk"):
        there.setdefault(line.variant_id, line)
        held[line.variant_id] = held.get(line.variant_id, 0) + line.quantity
    new: list[BasketLine] = []
    grown: list[BasketLine] = []
    for quoted, quantity in takes:
        variant = quoted.variant
        if variant.pk in there:
            line = there[variant.pk]
            line.quantity += max(0, quantity - held[variant.pk])
            grown.append(line)
        else:
            line = BasketLine(basket=basket, variant=variant, quantity=quantity)
            new.append(line)
        line.seen_price = quoted.unit_price
    BasketLine.objects.bulk_create(new)
    BasketLine.objects.bulk_update(grown, ["quantity", "seen_price"])
