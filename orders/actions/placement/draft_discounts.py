"""Discounts that staff grant by hand on a draft, as a whole or on one line."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from orders.actions.quotes.quote_types import RequestedDiscount, RequestedLine
from orders.models import CostBearer, Discount, DiscountKind, Order, ValueType
from orders.pricing import DiscountInput


@dataclass(frozen=True, slots=True)
class DraftDiscount:
    """A discount of a draft, or of its line `line_key`.

    `value` is a percentage, or minor units: of the draft's items, or of one unit of the line.
    """

    key: uuid.UUID
    value_type: ValueType
    value: Decimal
    reason: str = ""
    line_key: uuid.UUID | None = None


def find_draft_discounts(order: Order) -> list[DraftDiscount]:
    """Return the discounts that staff granted on a draft, those of lines first."""
    granted = [
        DraftDiscount(
            discount.pk,
            ValueType(discount.value_type),
            discount.value,
            reason=discount.reason,
            line_key=discount.granted_line_key,
        )
        for discount in Discount.objects.granted_by_staff().filter(order=order).order_by("pk")
    ]
    return sorted(granted, key=lambda discount: discount.line_key is None)


def find_discounts_for_lines(order: Order, lines: Sequence[RequestedLine]) -> list[DraftDiscount]:
    """Return a draft's discounts for lines that replace its own.

    A new line of the same variant takes over the discount of a former line.
    """
    variants = dict(order.lines.values_list("pk", "variant_id"))
    keys = {line.key for line in lines}
    keys_by_variant = {line.variant_id: line.key for line in reversed(lines)}
    return [
        discount
        if discount.line_key is None or discount.line_key in keys
        else replace(discount, line_key=keys_by_variant.get(variants[discount.line_key], discount.line_key))
        for discount in find_draft_discounts(order)
    ]


def requested_discounts(
    discounts: Sequence[DraftDiscount], lines: Sequence[RequestedLine]
) -> list[RequestedDiscount]:
    """Return the discounts for a quote of these lines. A line that is gone has no discount."""
    quantities = {line.key: line.quantity for line in lines}
    return [
        _requested_discount(discount, quantities.get(discount.line_key, 1) if discount.line_key else 1)
        for discount in discounts
        if discount.line_key is None or discount.line_key in quantities
    ]


def _requested_discount(discount: DraftDiscount, quantity: int) -> RequestedDiscount:
    is_percent = discount.value_type == ValueType.PERCENTAGE
    return RequestedDiscount(
        DiscountInput(
            discount.key,
            percent=discount.value if is_percent else None,
            amount=None if is_percent else int(discount.value) * quantity,
            lines=None if discount.line_key is None else frozenset({discount.line_key}),
        ),
        DiscountKind.MANUAL,
        CostBearer.PLATFORM,
        source_key=Discount.granted_source_key(discount.line_key),
        reason=discount.reason,
        granted_key=discount.key,
        granted_value=discount.value,
    )
