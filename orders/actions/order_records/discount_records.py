"""Record an order's discounts, with a row for each discount and a share for each line or delivery."""

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
from orders.pricing import AppliedDiscount
from shop.core.database.compiled_query import compiled_query


@dataclass(slots=True)
class PriceReduction:
    """Prices that one promotion rule lowers, in minor units by line key.

    `rule` is "" for prices that were set by hand.
    """

    kind: DiscountKind
    rule: str
    name: str = ""
    bearer: CostBearer = CostBearer.COOPERATIVE
    amounts: dict[uuid.UUID, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordedRows:
    """Recorded parts by cooperative, and recorded lines by the keys of the quote's lines."""

    parts: Mapping[object, OrderPart]
    lines: Mapping[Hashable, OrderLine]


def write_discounts(order: Order, quote: Quote, rows: RecordedRows) -> None:
    """In a transaction: create the discounts of an order, or of a line added to it, and their shares.

    Amounts are net or gross as prices are entered. The shares of a line or delivery add up to the difference
    from its list price.
    """
    granted_discounts = _build_granted_discounts(order, quote)
    discount_shares = _build_price_reduction_shares(order, quote, rows) + [
        discount_share
        for discount, priced in granted_discounts
        for discount_share in _discount_shares(discount, priced, rows)
    ]
    discounts = {discount_share.discount.pk: discount_share.discount for discount_share in discount_shares}
    # A discount that staff granted stays on a draft that has no items yet.
    discounts |= {discount.pk: discount for discount, _priced in granted_discounts if discount.is_granted}
    Discount.objects.bulk_create(discounts.values())
    DiscountShare.objects.bulk_create(discount_shares)


def find_price_reductions(quote: Quote) -> list[PriceReduction]:
    """Return the price reductions before any discount.

    There is one for each promotion rule, and one for prices that were set by hand. It takes one query, or
    none if no price is reduced.
    """
    reductions: dict[tuple[DiscountKind, str], PriceReduction] = {}
    priced = {line.key for line in quote.purchase.lines}
    for quoted in quote.lines:
        amount = (quoted.unit_list_price - quoted.unit_price) * quoted.requested.quantity
        if amount > 0 and quoted.requested.key in priced:
            source = _reduction_source(quoted)
            reductions.setdefault(source, PriceReduction(*source)).amounts[quoted.requested.key] = amount
    promotions = _read_promotions(rule for _kind, rule in reductions)
    for price_reduction in reductions.values():
        promotion = promotions.get(price_reduction.rule)
        if promotion is not None:
            price_reduction.name = promotion.name
            # Unless the platform bears the promotion, the cooperative is not reimbursed for it.
            price_reduction.bearer = (
                CostBearer.PLATFORM if promotion.is_borne_by_platform else CostBearer.COOPERATIVE
            )
    return list(reductions.values())


def _build_price_reduction_shares(order: Order, quote: Quote, rows: RecordedRows) -> list[DiscountShare]:
    discount_shares = []
    for price_reduction in find_price_reductions(quote):
        amount = sum(price_reduction.amounts.values())
        discount = Discount(
            order=order,
            kind=price_reduction.kind,
            value_type=ValueType.FIXED,
            value=Decimal(amount),
            amount=amount,
            currency=order.currency,
            name=price_reduction.name,
            source_key=price_reduction.rule,
            bearer=price_reduction.bearer,
        )
        discount_shares += [
            DiscountShare(discount=discount, line=rows.lines[key], amount=reduction, is_price_reduction=True)
            for key, reduction in price_reduction.amounts.items()
        ]
    return discount_shares


def _read_promotions(rules: Iterable[str]) -> dict[str, Promotion]:
    """Return the promotions of these rules, by rule key as stored on prices."""
    keys = [uuid.UUID(rule) for rule in rules if rule]
    return {str(promotion.pk): promotion for promotion in _promotions_by_key(keys)} if keys else {}


@compiled_query
def _promotions_by_key(keys: Collection[uuid.UUID]) -> QuerySet[Promotion]:
    return Promotion.objects.filter(pk__in=keys)


def _reduction_source(quoted: QuotedLine) -> tuple[DiscountKind, str]:
    """Return the cause of a lowered price: a promotion rule with its key, or a manual price."""
    price = next(iter(quoted.variant.prices.all()), None)
    if price is None or quoted.unit_price != price.selling_price:
        return DiscountKind.MANUAL, ""
    return DiscountKind.PROMOTION, str(price.promotion_key or "")


def _build_granted_discounts(order: Order, quote: Quote) -> list[tuple[Discount, AppliedDiscount]]:
    """Return vouchers and other discounts with their amounts."""
    return [
        (_build_discount(order, requested, priced.amount), priced)
        for requested, priced in zip(quote.discounts, quote.purchase.discounts, strict=True)
    ]


def _discount_shares(discount: Discount, priced: AppliedDiscount, rows: RecordedRows) -> list[DiscountShare]:
    """Return the shares of a voucher or another discount, without shares of 0."""
    return [
        DiscountShare(discount=discount, part=rows.parts[key], amount=amount)
        if priced.is_for_delivery
        else DiscountShare(discount=discount, line=rows.lines[key], amount=amount)
        for key, amount in priced.shares.items()
        if amount
    ]


def _build_discount(order: Order, requested: RequestedDiscount, amount: int) -> Discount:
    percent = requested.terms.percent
    value = Decimal(requested.terms.amount or 0) if percent is None else percent
    return Discount(
        id=requested.granted_key or uuid.uuid4(),
        order=order,
        kind=requested.kind,
        value_type=ValueType.FIXED if percent is None else ValueType.PERCENTAGE,
        value=value if requested.granted_value is None else requested.granted_value,
        amount=amount,
        currency=order.currency,
        name=requested.name,
        source_key=requested.source_key,
        reason=requested.reason,
        bearer=requested.bearer,
    )
