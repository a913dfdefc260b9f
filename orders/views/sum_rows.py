"""Rows of a purchase's totals, the same for a basket's quote and for an order."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Prefetch
from django.utils.text import capfirst

from cooperatives.models import Cooperative
from orders.actions.order_records.discount_records import find_price_reductions
from orders.actions.quotes.quote_types import Quote, RequestedDiscount
from orders.models import (
    CostBearer,
    Discount,
    DiscountKind,
    DiscountShare,
    Order,
    OrderLine,
    shares_at_maximum,
)
from orders.pricing import AppliedDiscount, Purchase
from shop.core.texts.marked_texts import untranslated

_SHARES = DiscountShare.objects.select_related("line", "part").only(
    *(
        "discount",
        "amount",
        "amount_before_weighing",
        "is_price_reduction",
        "line__cooperative",
        "part__cooperative",
    )
)
# The discounts that `totals_of_order` needs.
DISCOUNTS = Prefetch("discounts", Discount.objects.prefetch_related(Prefetch("shares", _SHARES)))


@dataclass(frozen=True, slots=True)
class DiscountRow:
    """A discount by promotion, voucher or staff, in minor units. `bearers` is empty for the platform.

    `name` may be HTML with a lang attribute. `code` is empty without a voucher.
    """

    kind: str
    name: str
    code: str
    bearers: Sequence[Cooperative]
    amount: int
    is_for_delivery: bool = False


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals in minor units. `goods` and `delivery` add up to the total. Both are reduced by the discounts.

    Pages list goods before discounts and each discount, then the same for delivery. `delivery` is None until
    the province is known. If `is_maximum` is true, goods are sold by weight, and the sums are those of the
    highest weights.
    """

    currency: str
    goods: int
    discounts: Sequence[DiscountRow]
    delivery: int | None
    is_maximum: bool = False

    @property
    def goods_discounts(self) -> list[DiscountRow]:
        return [row for row in self.discounts if not row.is_for_delivery]

    @property
    def delivery_discounts(self) -> list[DiscountRow]:
        return [row for row in self.discounts if row.is_for_delivery]

    @property
    def goods_before_discounts(self) -> int:
        return self.goods + sum(row.amount for row in self.goods_discounts)

    @property
    def delivery_before_discounts(self) -> int | None:
        if self.delivery is None:
            return None
        return self.delivery + sum(row.amount for row in self.delivery_discounts)


def build_totals_of_quote(quote: Quote, purchase: Purchase | None = None) -> Totals:
    """Return the totals of a basket's quote. `purchase` may be the one at the maximum weights."""
    purchase = purchase or quote.purchase
    rows = _build_reduction_rows(quote, purchase) + [
        _applied_discount_row(quote, requested, applied)
        for requested, applied in zip(quote.discounts, purchase.discounts, strict=True)
        if applied.amount
    ]
    return Totals(
        quote.requested.channel.currency,
        purchase.goods.gross,
        sorted(rows, key=_sort_key),
        purchase.delivery.gross if quote.requested.province_code else None,
        is_maximum=purchase is not quote.purchase,
    )


def _build_reduction_rows(quote: Quote, purchase: Purchase) -> list[DiscountRow]:
    """Return the rows of lowered list prices. Those of weighed lines follow the weights of `purchase`."""
    price_cuts = {line.key: line.list_total.gross - line.priced.gross for line in purchase.lines}
    weighed_keys = {line.requested.key for line in quote.lines if line.variant.is_sold_by_weight}
    sellers = _sellers_of_lines(quote)
    rows = []
    for reduction in find_price_reductions(quote):
        amount = sum(
            price_cuts[key] if key in weighed_keys else reduced_amount
            for key, reduced_amount in reduction.amounts.items()
        )
        cooperatives = [sellers[key] for key in reduction.amounts]
        rows.append(_discount_row(reduction.kind, reduction.name, "", reduction.bearer, cooperatives, amount))
    return rows


def _applied_discount_row(
    quote: Quote, requested: RequestedDiscount, applied: AppliedDiscount
) -> DiscountRow:
    sellers: dict[Hashable, Cooperative] = _sellers_of_lines(quote)
    if applied.is_for_delivery:
        sellers = {
            seller_quote.cooperative.pk: seller_quote.cooperative for seller_quote in quote.seller_quotes
        }
    code = quote.voucher.code if quote.voucher and requested is quote.voucher.discount else ""
    cooperatives = [sellers[key] for key in applied.shares]
    row = _discount_row(requested.kind, requested.name, code, requested.bearer, cooperatives, applied.amount)
    return replace(row, is_for_delivery=applied.is_for_delivery)


def _sellers_of_lines(quote: Quote) -> dict[Hashable, Cooperative]:
    return {
        line.requested.key: seller_quote.cooperative
        for seller_quote in quote.seller_quotes
        for line in seller_quote.lines
    }


def totals_of_order(
    order: Order, cooperatives: Mapping[int, Cooperative], unweighed_lines: Sequence[OrderLine] = ()
) -> Totals:
    """Return the totals of an order loaded with `DISCOUNTS`. `cooperatives` maps ids to the sellers.

    `unweighed_lines` count with their highest weights, as in the quote that the buyer agreed to. Other lines
    that are not weighed count with their estimates.
    """
    discounts = order.discounts.all()
    amounts = shares_at_maximum(
        [share for discount in discounts for share in discount.shares.all()],
        unweighed_lines,
        is_tax_included=order.channel.prices_entered_with_tax,
    )
    rows = []
    for discount in discounts:
        keys = []
        discount_amount = 0
        for share in discount.shares.all():
            discount_amount += amounts[share.pk]
            if share.line is not None:
                keys.append(share.line.cooperative_id)
            elif share.part is not None:
                keys.append(share.part.cooperative_id)
        code = order.voucher_code if discount.kind == DiscountKind.VOUCHER else ""
        bearers = [cooperatives[key] for key in keys]
        row = _discount_row(discount.kind, discount.name, code, discount.bearer, bearers, discount_amount)
        is_for_delivery = all(share.line is None for share in discount.shares.all())
        rows.append(replace(row, is_for_delivery=is_for_delivery))
    possible_increase = sum(line.maximum_gross - line.total_gross for line in unweighed_lines)
    return Totals(
        order.currency,
        order.goods_gross + possible_increase,
        sorted(rows, key=_sort_key),
        order.delivery_gross,
        is_maximum=possible_increase > 0,
    )


def _discount_row(
    kind: str, name: str, code: str, bearer: str, cooperatives: Iterable[Cooperative], amount: int
) -> DiscountRow:
    bearers = (
        {cooperative.pk: cooperative for cooperative in cooperatives}
        if bearer == CostBearer.COOPERATIVE
        else {}
    )
    label = untranslated(name) if name else capfirst(str(DiscountKind(kind).label))
    return DiscountRow(
        kind=kind, name=label, code=code, bearers=[bearers[key] for key in sorted(bearers)], amount=amount
    )


def _sort_key(row: DiscountRow) -> tuple[str, str, str, int]:
    return row.kind, row.name, row.code, row.amount
