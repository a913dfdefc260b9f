"""Price a purchase by one pure function for basket, draft and order.

All amounts are whole minor units of one currency. Prices are given as the channel enters them, with or
without tax. Each total is rounded once, and the order's total is the sum of these totals.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.pricing import price_of_measure
from shop.core.money import gross_of, net_of, percent_of, split_amount


@dataclass(frozen=True, slots=True)
class LineInput:
    """A line to price. `tax_rate` is in percent.

    `unit_list_price` and `unit_price` are the prices of one unit, before and after promotions.
    """

    key: Hashable
    cooperative_id: int
    unit_list_price: int
    unit_price: int
    quantity: int
    tax_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class DeliveryInput:
    """One cooperative's delivery, with its list price and the price charged."""

    cooperative_id: int
    list_price: int
    price: int
    tax_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class DiscountInput:
    """A discount of `percent` or `amount` on lines or deliveries.

    `lines` and `cooperative_ids` narrow it down. If they are None, it covers all.
    """

    key: Hashable
    percent: Decimal | None = None
    amount: int | None = None
    is_for_delivery: bool = False
    lines: frozenset[Hashable] | None = None
    cooperative_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class NetAndGross:
    net: int
    gross: int


@dataclass(frozen=True, slots=True)
class PricedItem:
    """A priced line or delivery: at list price, after its own discounts, and after all discounts."""

    key: Hashable
    cooperative_id: int
    list_total: NetAndGross
    priced: NetAndGross
    total: NetAndGross


@dataclass(frozen=True, slots=True)
class AppliedDiscount:
    """The amount of a discount and its shares by line key, or by cooperative for deliveries."""

    key: Hashable
    amount: int
    shares: dict[Hashable, int]
    is_for_delivery: bool


@dataclass(frozen=True, slots=True)
class AgreedDiscountShare:
    """A discount's agreed share of a line. A percentage scales with the weight, an amount does not."""

    key: Hashable
    amount: int
    is_percentage: bool


@dataclass(frozen=True, slots=True)
class AgreedLine:
    """A line sold by weight, as agreed at its estimate `grams`. Sums are net or gross like prices."""

    grams: int
    list_total: int
    priced: int
    tax_rate: Decimal
    shares: Sequence[AgreedDiscountShare] = ()


@dataclass(frozen=True, slots=True)
class WeighedPrice:
    """The same line at its weighed amount, with its sums and its discount shares by key."""

    list_total: NetAndGross
    priced: NetAndGross
    total: NetAndGross
    shares: dict[Hashable, int]


@dataclass(frozen=True, slots=True)
class Purchase:
    lines: list[PricedItem]
    deliveries: list[PricedItem]
    discounts: list[AppliedDiscount]

    @property
    def goods(self) -> NetAndGross:
        return _sum_amounts([line.total for line in self.lines])

    @property
    def delivery(self) -> NetAndGross:
        return _sum_amounts([delivery.total for delivery in self.deliveries])

    @property
    def list_total(self) -> NetAndGross:
        return _sum_amounts([item.list_total for item in (*self.lines, *self.deliveries)])

    @property
    def total(self) -> NetAndGross:
        return _sum_amounts([self.goods, self.delivery])

    def goods_of(self, cooperative_id: int) -> NetAndGross:
        return _sum_amounts([line.total for line in self.lines if line.cooperative_id == cooperative_id])


def price_purchase(
    lines: Sequence[LineInput],
    deliveries: Sequence[DeliveryInput] = (),
    discounts: Sequence[DiscountInput] = (),
    *,
    is_tax_included: bool = True,
) -> Purchase:
    """Price lines and deliveries, applying discounts in their order.

    A discount never takes more than is left, and its shares add up to it exactly. `is_tax_included` says
    whether the given prices include tax. Raises ValueError for a discount with neither or both of
    percent and amount.
    """
    remaining_by_line: dict[Hashable, int] = {line.key: line.unit_price * line.quantity for line in lines}
    remaining_by_delivery: dict[Hashable, int] = {
        delivery.cooperative_id: delivery.price for delivery in deliveries
    }
    applied_discounts = []
    for discount in discounts:
        remaining_amounts = remaining_by_delivery if discount.is_for_delivery else remaining_by_line
        discounted_keys = _discounted_keys(discount, lines, deliveries)
        applied_discounts.append(_apply_discount(discount, remaining_amounts, discounted_keys))
    return Purchase(
        lines=[_price_line(line, remaining_by_line[line.key], is_tax_included) for line in lines],
        deliveries=[
            _price_delivery(delivery, remaining_by_delivery[delivery.cooperative_id], is_tax_included)
            for delivery in deliveries
        ],
        discounts=applied_discounts,
    )


def _discounted_keys(
    discount: DiscountInput, lines: Sequence[LineInput], deliveries: Sequence[DeliveryInput]
) -> list[Hashable]:
    if discount.is_for_delivery:
        return [
            delivery.cooperative_id
            for delivery in deliveries
            if _applies_to(discount, delivery.cooperative_id, None)
        ]
    return [line.key for line in lines if _applies_to(discount, line.cooperative_id, line.key)]


def _price_line(line: LineInput, total: int, is_tax_included: bool) -> PricedItem:
    return PricedItem(
        key=line.key,
        cooperative_id=line.cooperative_id,
        list_total=_add_tax(line.unit_list_price * line.quantity, line.tax_rate, is_tax_included),
        priced=_add_tax(line.unit_price * line.quantity, line.tax_rate, is_tax_included),
        total=_add_tax(total, line.tax_rate, is_tax_included),
    )


def _price_delivery(delivery: DeliveryInput, total: int, is_tax_included: bool) -> PricedItem:
    return PricedItem(
        key=delivery.cooperative_id,
        cooperative_id=delivery.cooperative_id,
        list_total=_add_tax(delivery.list_price, delivery.tax_rate, is_tax_included),
        priced=_add_tax(delivery.price, delivery.tax_rate, is_tax_included),
        total=_add_tax(total, delivery.tax_rate, is_tax_included),
    )


def price_weighed(agreed: AgreedLine, grams: int, *, is_tax_included: bool = True) -> WeighedPrice:
    """Price a line at its weighed amount, in proportion to the estimate. Each sum is rounded once.

    Percentages scale with the weight. Amounts stay as agreed, up to the remaining price.
    """
    list_amount = price_of_measure(agreed.list_total, agreed.grams, grams)
    remaining = priced = price_of_measure(agreed.priced, agreed.grams, grams)
    shares_by_key: dict[Hashable, int] = {}
    for share in sorted(agreed.shares, key=lambda share: not share.is_percentage):
        requested = (
            price_of_measure(share.amount, agreed.grams, grams) if share.is_percentage else share.amount
        )
        shares_by_key[share.key] = min(requested, remaining)
        remaining -= shares_by_key[share.key]
    listed_sums, priced_sums, total = (
        _add_tax(amount, agreed.tax_rate, is_tax_included) for amount in (list_amount, priced, remaining)
    )
    return WeighedPrice(listed_sums, priced_sums, total, shares_by_key)


def _applies_to(discount: DiscountInput, cooperative_id: int, line: Hashable | None) -> bool:
    if discount.cooperative_ids is not None and cooperative_id not in discount.cooperative_ids:
        return False
    return discount.lines is None or line in discount.lines


def _apply_discount(
    discount: DiscountInput, remaining_amounts: dict[Hashable, int], keys: Sequence[Hashable]
) -> AppliedDiscount:
    """Apply a discount to the remaining amounts of these keys, in proportion to them."""
    total = sum(remaining_amounts[key] for key in keys)
    if (discount.percent is None) == (discount.amount is None):
        raise ValueError("a discount is a percentage or an amount")
    requested = discount.amount if discount.percent is None else percent_of(total, discount.percent)
    amount = max(0, min(requested or 0, total))
    shares = (
        dict(zip(keys, split_amount(amount, [remaining_amounts[key] for key in keys]), strict=True))
        if amount
        else {}
    )
    for key, share in shares.items():
        remaining_amounts[key] -= share
    return AppliedDiscount(discount.key, amount, shares, discount.is_for_delivery)


def _add_tax(amount: int, tax_rate: Decimal, is_tax_included: bool) -> NetAndGross:
    if is_tax_included:
        return NetAndGross(net=net_of(amount, tax_rate), gross=amount)
    return NetAndGross(net=amount, gross=gross_of(amount, tax_rate))


def _sum_amounts(amounts: Sequence[NetAndGross]) -> NetAndGross:
    return NetAndGross(sum(amount.net for amount in amounts), sum(amount.gross for amount in amounts))
