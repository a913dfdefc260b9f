"""Price lines sold by weight at their weighed amount, and update the sums of their part."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence

from django.db.models import F, Sum

from orders.models import (
    Discount,
    DiscountShare,
    Order,
    OrderLine,
    OrderPart,
    WeightAnswer,
    WeightQuestion,
    price_at_weight,
)
from orders.pricing import WeighedPrice
from shop.core.money import percent_of


def read_total_at_weight(order: Order, line: OrderLine, grams: int) -> int:
    """Return the line's total at this weight, in minor units."""
    return _price_at(order, line, _load_discount_shares(line), grams).total.gross


def reprice_line_by_weight(
    order: Order,
    part: OrderPart,
    line: OrderLine,
    weighed_grams: int | None,
) -> None:
    """In a transaction: set a line's weight, and recalculate its sums and its part's.

    If the weight is None, the estimate counts. The sums follow from the agreed terms, never from the previous
    weight. The order's own columns are left to `orders.actions.order_records.recalculate_order`.
    """
    line.weighed_grams = weighed_grams
    discount_shares = _load_discount_shares(line)
    weighed_price = _price_at(order, line, discount_shares, line.charged_grams or 0)
    _save_shares(order, discount_shares, weighed_price)
    line.list_net, line.list_gross = weighed_price.list_total.net, weighed_price.list_total.gross
    line.priced_net, line.priced_gross = weighed_price.priced.net, weighed_price.priced.gross
    line.total_net, line.total_gross = weighed_price.total.net, weighed_price.total.gross
    line.commission = percent_of(line.total_gross, line.commission_rate)
    line.save()
    recalculate_part_sums(part)


def recalculate_part_sums(part: OrderPart) -> None:
    """In a transaction: recalculate the part's sums over its lines."""
    sums = part.lines.aggregate(net=Sum("total_net"), gross=Sum("total_gross"), commission=Sum("commission"))
    part.goods_net, part.goods_gross, part.commission = sums["net"], sums["gross"], sums["commission"]
    part.total_net = part.goods_net + part.delivery_net
    part.total_gross = part.goods_gross + part.delivery_gross
    part.save(
        update_fields=[
            "goods_net",
            "goods_gross",
            "total_net",
            "total_gross",
            "commission",
            "updated_at",
        ]
    )


def record_weight_of_unsent_line(line: OrderLine, *, now: datetime.datetime) -> None:
    """In a transaction: record the estimate as the weight of a line of which nothing is sent.

    The line's total stays.
    """
    close_weight_questions([line], now=now)
    line.weighed_grams = line.estimate_grams
    line.save(update_fields=["weighed_grams"])


def read_maximum_current_total(order: Order) -> int:
    """Return the highest current total that needs no question to the buyer about weights, in minor units.

    Equals `current_total_gross` once everything is weighed. Cards are authorised for this amount.
    """
    possible_increase: int = order.lines.unweighed().aggregate(
        more=Sum(F("bound_gross") - F("total_gross"), default=0)
    )["more"]
    return order.current_total_gross + possible_increase


def close_weight_questions(lines: Iterable[OrderLine], *, now: datetime.datetime) -> None:
    """In a transaction: close the unanswered weight questions about these lines."""
    WeightQuestion.objects.open().filter(line__in=lines).update(
        answer=WeightAnswer.NO_LONGER_ASKED, answered_at=now
    )


def _load_discount_shares(line: OrderLine) -> list[DiscountShare]:
    return list(DiscountShare.objects.filter(line=line).select_related("discount").order_by("pk"))


def _price_at(
    order: Order, line: OrderLine, discount_shares: Sequence[DiscountShare], grams: int
) -> WeighedPrice:
    return price_at_weight(
        line, discount_shares, grams, is_tax_included=order.channel.prices_entered_with_tax
    )


def _save_shares(order: Order, discount_shares: Sequence[DiscountShare], weighed_price: WeighedPrice) -> None:
    """Save each discount's new share of the line. A discount's amount stays the sum of its shares."""
    is_tax_included = order.channel.prices_entered_with_tax
    for discount_share in discount_shares:
        discount_share.amount_before_weighing = discount_share.agreed_amount
        discount_share.amount = discount_share.amount_at(weighed_price, is_tax_included=is_tax_included)
    DiscountShare.objects.bulk_update(discount_shares, ["amount_before_weighing", "amount"])
    discounts = Discount.objects.filter(
        pk__in={discount_share.discount_id for discount_share in discount_shares}
    )
    amounts = discounts.annotate(total=Sum("shares__amount")).order_by("pk")
    for discount_id, amount in amounts.values_list("pk", "total"):
        Discount.objects.filter(pk=discount_id).update(amount=amount)
