"""Record an order's discounts: a row per discount, and a share per line or delivery it reduces."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import QuerySet

from catalog.models import Promotion
from orders.actions.quotes.quote_types import Quote, QuotedLine, RequestedDiscount
from orders.models import (
    CostBearer,
    Discount,
    DiscountKind,
    DiscountShare,
    Order,
    OrderLine,
    OrderPart,
    ValueType,
)
from shop.core.database.compiled_query import compiled_query


@dataclass(slots=True)
class PriceReduction:
    """Prices below list price by one catalogue rule (`rule` "": set manually), in minor units by line key."""

    kind: DiscountKind
    rule: str
    name: str = ""
    bearer: CostBearer = CostBearer.COOPERATIVE
    amounts: dict[uuid.UUID, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UnsavedRows:
    """Unsaved parts by cooperative, and unsaved lines by the keys of the quote's lines."""

    parts: Mapping[object, OrderPart]
    lines: Mapping[Hashable, OrderLine]


def write_discounts(order: Order, quote: Quote, written: UnsavedRows) -> None:
    """Step: create the discounts and their shares of an order that has none yet.

    Amounts are net or gross as prices are entered. The shares of a line or delivery add up to the difference
    from its list price.
    """
    shares = _price_reduction_shares(order, quote, written) + _discount_shares(order, quote, written)
    discounts = {share.discount.pk: share.discount for share in shares}
    Discount.objects.bulk_create(discounts.values())
    DiscountShare.objects.bulk_create(shares)


def price_reductions(quote: Quote) -> list[PriceReduction]:
    """Return the price reductions before any discount: one per catalogue rule, and one for manual prices.

    One query, or none where no price is reduced.
    """
    found: dict[tuple[DiscountKind, str], PriceReduction] = {}
    priced = {line.key for line in quote.purchase.lines}
    for quoted in quote.lines:
        amount = (quoted.unit_list - quoted.unit_price) * quoted.requested.quantity
        if amount > 0 and quoted.requested.key in priced:
            source = _reduction_source(quoted)
            found.setdefault(source, PriceReduction(*source)).amounts[quoted.requested.key] = amount
    promotions = _promotions(rule for _kind, rule in found)
    for lowered in found.values():
        promotion = promotions.get(lowered.rule)
        if promotion is not None:
            lowered.name = promotion.name
            # Unless the platform bears the promotion, nobody reimburses the cooperative for it.
            lowered.bearer = CostBearer.PLATFORM if promotion.borne_by_platform else CostBearer.COOPERATIVE
    return list(found.values())


def _price_reduction_shares(order: Order, quote: Quote, written: UnsavedRows) -> list[DiscountShare]:
    shares = []
    for lowered in price_reductions(quote):
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
    """Return the promotions of these rules, by rule key as stored on prices."""
    keys = [uuid.UUID(rule) for rule in rules if rule]
    return {str(promotion.pk): promotion for promotion in _promotions_by_key(keys)} if keys else {}


@compiled_query
def _promotions_by_key(keys: Collection[uuid.UUID]) -> QuerySet[Promotion]:
    return Promotion.objects.filter(pk__in=keys)


def _reduction_source(quoted: QuotedLine) -> tuple[DiscountKind, str]:
    """Return what lowered the price: a catalogue rule with its key, or a manual price."""
    price = next(iter(quoted.variant.prices.all()), None)
    if price is None or quoted.unit_price != price.selling:
        return DiscountKind.MANUAL, ""
    return DiscountKind.CATALOGUE, str(price.rule or "")


def _discount_shares(order: Order, quote: Quote, written: UnsavedRows) -> list[DiscountShare]:
    """Return the shares of vouchers and other discounts, as far as they took something off."""
    shares = []
    for requested, given in zip(quote.discounts, quote.purchase.discounts, strict=True):
        discount = _build_discount(order, requested, given.amount)
        shares += [
            DiscountShare(discount=discount, part=written.parts[key], amount=amount)
            if given.of_delivery
            else DiscountShare(discount=discount, line=written.lines[key], amount=amount)
            for key, amount in given.shares.items()
            if amount
        ]
    return shares


def _build_discount(order: Order, requested: RequestedDiscount, amount: int) -> Discount:
    percent = requested.terms.percent
    return Discount(
        order=order,
        kind=requested.kind,
        value_type=ValueType.FIXED if percent is None else ValueType.PERCENTAGE,
        value=Decimal(requested.terms.amount or 0) if percent is None else percent,
        amount=amount,
        currency=order.currency,
        name=requested.name,
        source_key=requested.source_key,
        reason=requested.reason,
        bearer=requested.bearer,
    )
