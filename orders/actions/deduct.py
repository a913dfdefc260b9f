"""Writing down what was deducted: a discount is a row, and so is what it takes off a line or a delivery."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from catalog.models import Promotion
from orders.actions.shares import Quote, QuotedLine, WantedDiscount
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
from shop.core.prepared import prepared


@dataclass(frozen=True, slots=True)
class Written:
    """Unsaved parts by cooperative, and lines by the key under which they were wanted."""

    parts: Mapping[object, OrderPart]
    lines: Mapping[object, OrderLine]


def write_discounts(order: Order, offer: Quote, written: Written) -> None:
    """Step: the discounts of an order that has none yet, with their shares.

    Amounts are as prices are entered: what a line or a delivery costs less than its list price is the
    sum of its shares.
    """
    shares = _lowered_prices(order, offer, written) + _given_discounts(order, offer, written)
    discounts = {share.discount.pk: share.discount for share in shares}
    Discount.objects.bulk_create(discounts.values())
    DiscountShare.objects.bulk_create(shares)


def _lowered_prices(order: Order, offer: Quote, written: Written) -> list[DiscountShare]:
    """What was lower than the list price before any discount: one discount for each rule, one by hand."""
    discounts: dict[tuple[str, str], Discount] = {}
    shares = []
    for quoted in offer.lines:
        amount = (quoted.unit_list - quoted.unit_price) * quoted.wanted.quantity
        if amount <= 0:
            continue
        discount = discounts.setdefault(_source(quoted), Discount(order=order, amount=0))
        discount.amount += amount
        line = written.lines[quoted.wanted.key]
        shares.append(DiscountShare(discount=discount, line=line, amount=amount, is_of_price=True))
    promotions = _promotions(rule for _kind, rule in discounts)
    for (kind, rule), discount in discounts.items():
        discount.kind, discount.source_key = kind, rule
        discount.currency = order.currency
        discount.value_type, discount.value = ValueType.FIXED, Decimal(discount.amount)
        promotion = promotions.get(rule)
        discount.name = promotion.name if promotion else ""
        # Nobody makes good to the cooperative what its own price is lower, except who gives it.
        by_platform = promotion is not None and promotion.borne_by_platform
        discount.bearer = Bearer.PLATFORM if by_platform else Bearer.COOPERATIVE
    return shares


def _promotions(rules: Iterable[str]) -> dict[str, Promotion]:
    """The promotions that lowered prices, by their keys as prices hold them."""
    keys = [uuid.UUID(rule) for rule in rules if rule]
    return {str(promotion.pk): promotion for promotion in _among(keys)} if keys else {}


@prepared
def _among(keys: Collection[uuid.UUID]) -> QuerySet[Promotion]:
    return Promotion.objects.filter(pk__in=keys)


def _source(quoted: QuotedLine) -> tuple[str, str]:
    """What lowered the price: a rule with its key, or a hand."""
    price = next(iter(quoted.variant.prices.all()), None)
    if price is None or quoted.unit_price != price.selling:
        return DiscountKind.MANUAL, ""
    return DiscountKind.CATALOGUE, str(price.rule or "")


def _given_discounts(order: Order, offer: Quote, written: Written) -> list[DiscountShare]:
    """What was asked for beyond prices, as far as it took anything off."""
    shares = []
    for wanted, given in zip(offer.discounts, offer.purchase.discounts, strict=True):
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
