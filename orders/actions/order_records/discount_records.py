"""Writing down what was deducted: a discount is a row, and so is what it takes off a line or a delivery."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import QuerySet

from catalog.models import Promotion
from orders.actions.quotes.quote_types import Quote, QuotedLine, WantedDiscount
from orders.models import (
    Bearer,
    Discount,
    DiscountKind,
    DiscountShare,
    Order,
    OrderLine,
    OrderPart,
    ValueType,
)
from shop.core.database.compiled_query import prepared


@dataclass(slots=True)
class Lowered:
    """What a rule (by its key, empty where it was a hand) lets lines cost less than listed, in minor units by
    the keys under which they were wanted."""

    kind: DiscountKind
    rule: str
    name: str = ""
    bearer: Bearer = Bearer.COOPERATIVE
    amounts: dict[uuid.UUID, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """Unsaved parts by cooperative, and lines by the key under which they were wanted."""

    parts: Mapping[object, OrderPart]
    lines: Mapping[object, OrderLine]


def write_discounts(order: Order, quote: Quote, written: Written) -> None:
    """Step: the discounts of an order that has none yet, with their shares.

    Amounts are as prices are entered: what a line or a delivery costs less than its list price is the
    sum of its shares.
    """
    shares = _lowered_prices(order, quote, written) + _given_discounts(order, quote, written)
    discounts = {share.discount.pk: share.discount for share in shares}
    Discount.objects.bulk_create(discounts.values())
    DiscountShare.objects.bulk_create(shares)


def lowered_prices(quote: Quote) -> list[Lowered]:
    """What is lower than the list price before any discount: one for each rule, one by hand.

    In one query; in none where nothing is lower.
    """
    found: dict[tuple[DiscountKind, str], Lowered] = {}
    priced = {line.key for line in quote.purchase.lines}
    for quoted in quote.lines:
        amount = (quoted.unit_list - quoted.unit_price) * quoted.wanted.quantity
        if amount > 0 and quoted.wanted.key in priced:
            source = _source(quoted)
            found.setdefault(source, Lowered(*source)).amounts[quoted.wanted.key] = amount
    promotions = _promotions(rule for _kind, rule in found)
    for lowered in found.values():
        promotion = promotions.get(lowered.rule)
        if promotion is not None:
            lowered.name = promotion.name
            # Nobody makes good to the cooperative what its own price is lower, except who gives it.
            lowered.bearer = Bearer.PLATFORM if promotion.borne_by_platform else Bearer.COOPERATIVE
    return list(found.values())


def _lowered_prices(order: Order, quote: Quote, written: Written) -> list[DiscountShare]:
    shares = []
    for lowered in lowered_prices(quote):
        amount = sum(lowered.amounts.values())
        discount = Discount(
            order=order,
            kind=lowered.kind,
            value_type=ValueType.FIXED,
            value=Decimal(amount),
            amount=amount,
            currency=order.currency,
            name=lowered.name,
            source_key=lowered.rule,
            bearer=lowered.bearer,
        )
        shares += [
            DiscountShare(discount=discount, line=written.lines[key], amount=less, is_of_price=True)
            for key, less in lowered.amounts.items()
        ]
    return shares


def _promotions(rules: Iterable[str]) -> dict[str, Promotion]:
    """The promotions that lowered prices, by their keys as prices hold them."""
    keys = [uuid.UUID(rule) for rule in rules if rule]
    return {str(promotion.pk): promotion for promotion in _among(keys)} if keys else {}


@prepared
def _among(keys: Collection[uuid.UUID]) -> QuerySet[Promotion]:
    return Promotion.objects.filter(pk__in=keys)


def _source(quoted: QuotedLine) -> tuple[DiscountKind, str]:
    """What lowered the price: a rule with its key, or a hand."""
    price = next(iter(quoted.variant.prices.all()), None)
    if price is None or quoted.unit_price != price.selling:
        return DiscountKind.MANUAL, ""
    return DiscountKind.CATALOGUE, str(price.rule or "")


def _given_discounts(order: Order, quote: Quote, written: Written) -> list[DiscountShare]:
    """What was asked for beyond prices, as far as it took anything off."""
    shares = []
    for wanted, given in zip(quote.discounts, quote.purchase.discounts, strict=True):
        discount = _given(order, wanted, given.amount)
        shares += [
            DiscountShare(discount=discount, part=written.parts[key], amount=amount)
            if given.of_delivery
            else DiscountShare(discount=discount, line=written.lines[key], amount=amount)
            for key, amount in given.shares.items()
            if amount
        ]
    return shares


def _given(order: Order, wanted: WantedDiscount, amount: int) -> Discount:
    percent = wanted.terms.percent
    return Discount(
        order=order,
        kind=wanted.kind,
        value_type=ValueType.FIXED if percent is None else ValueType.PERCENTAGE,
        value=Decimal(wanted.terms.amount or 0) if percent is None else percent,
        amount=amount,
        currency=order.currency,
        name=wanted.name,
        source_key=wanted.source_key,
        reason=wanted.reason,
        bearer=wanted.bearer,
    )
