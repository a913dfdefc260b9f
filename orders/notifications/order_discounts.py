"""The discounts of an order as its confirmation lists them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db.models import QuerySet

from orders.models import Discount, DiscountShare, Order, OrderPart, shares_at_maximum
from shop.core.database.compiled_query import compiled_query


def load_discounts_at_maximum(
    order: Order, parts: Sequence[OrderPart]
) -> tuple[list[Discount], list[Discount]]:
    """Return the order's discounts on goods and on delivery, with their amounts at the highest weights.

    The discounts are not to be saved.
    """
    if (order.list_net, order.list_gross) == (order.total_net, order.total_gross):
        return [], []
    shares = list(_select_discount_shares(order.pk))
    lines = [line for part in parts for line in part.lines.all() if line.is_to_weigh]
    amounts = shares_at_maximum(shares, lines, is_tax_included=order.channel.prices_entered_with_tax)
    discounts = {share.discount_id: share.discount for share in shares}
    for discount in discounts.values():
        discount.amount = sum(amounts[share.pk] for share in shares if share.discount_id == discount.pk)
    ids_on_lines = {share.discount_id for share in shares if share.line_id is not None}
    return (
        [discount for discount in discounts.values() if discount.pk in ids_on_lines],
        [discount for discount in discounts.values() if discount.pk not in ids_on_lines],
    )


@compiled_query
def _select_discount_shares(order_id: uuid.UUID) -> QuerySet[DiscountShare]:
    shares = DiscountShare.objects.filter(discount__order=order_id).select_related("discount")
    return shares.order_by("discount__kind", "discount", "pk")
