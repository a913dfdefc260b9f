"""Problems of a checkout and its lines, as the schema's types."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from orders.actions.quotes.quote_types import Quote, QuotedLine, QuoteProblem
from orders.models import BasketLine
from shop.api.breadth import Selection
from shop.api.catalogue.types import variant_object
from shop.api.checkout.deliveries import DeliveryData, ShippingMethodData
from shop.api.context import Context
from shop.api.money import MoneyAmount
from shop.api.object_types import Type

_OUT_OF_STOCK = frozenset({QuoteProblem.SOLD_OUT, QuoteProblem.FEWER_IN_STOCK})
_DELIVERY_PROBLEMS = frozenset({QuoteProblem.NOT_DELIVERED, QuoteProblem.SLOT_GONE, QuoteProblem.PAUSED})


@dataclass(frozen=True, slots=True)
class InsufficientStock:
    """A line with a quantity above `available`, and its variant in the basket's channel."""

    available: int | None
    line: object
    variant_id: int
    in_channel: int
    typename: ClassVar[str] = "CheckoutLineProblemInsufficientStock"


def find_basket_problems(basket_id: uuid.UUID, quote: Quote, context: Context) -> Sequence[object]:
    """Return a basket's problems, which are those of its lines, and one for an unavailable delivery."""
    rows = BasketLine.objects.in_bulk([line.requested.key for line in quote.lines if _is_unavailable(line)])
    problems = [
        problem
        for line in quote.lines
        if line.requested.key in rows
        for problem in line_problems(line, rows[line.requested.key], quote, context)
    ]
    refused = next(
        (
            quote.requested.deliveries[seller_quote.cooperative.pk]
            for seller_quote in quote.seller_quotes
            if seller_quote.cooperative.pk in quote.requested.deliveries
            and _DELIVERY_PROBLEMS & set(seller_quote.problems)
        ),
        None,
    )
    if refused is not None:
        deleted = ShippingMethodData(
            refused.service_id or 0, "", MoneyAmount(0, quote.requested.channel.currency)
        )
        problems.append(
            {
                "__typename": "CheckoutProblemDeliveryMethodInvalid",
                "delivery": DeliveryData(basket_id, deleted),
            }
        )
    return problems


def line_problems(line: QuotedLine, row: object, quote: Quote, context: Context) -> Sequence[object]:
    """Return the problems of a line. Its variant is visible even if not on sale."""
    if QuoteProblem.NOT_FOR_SALE in line.problems:
        context.revealed_products.add(line.variant.product_id)
        return [{"__typename": "CheckoutLineProblemVariantNotAvailable", "line": row}]
    if not _OUT_OF_STOCK & set(line.problems):
        return []
    return [InsufficientStock(line.available_quantity, row, line.variant.pk, quote.requested.channel.pk)]


def _is_unavailable(line: QuotedLine) -> bool:
    return bool((_OUT_OF_STOCK | {QuoteProblem.NOT_FOR_SALE}) & set(line.problems))


stale_delivery_object = Type("CheckoutProblemDeliveryMethodStale")
stale_delivery_object.value_fields("delivery")
invalid_delivery_object = Type("CheckoutProblemDeliveryMethodInvalid")
invalid_delivery_object.value_fields("delivery")
insufficient_stock_object = Type(InsufficientStock.typename)
insufficient_stock_object.value_fields("line")


@insufficient_stock_object.field()
def available_quantity(
    problems: list[InsufficientStock], arguments: object, context: Context, selection: Selection
) -> list[int | None]:
    return [problem.available for problem in problems]


insufficient_stock_object.related_in_channel("variant", variant_object, column="variant_id")


unavailable_variant_object = Type("CheckoutLineProblemVariantNotAvailable")
unavailable_variant_object.value_fields("line")

TYPES = (
    stale_delivery_object,
    invalid_delivery_object,
    insufficient_stock_object,
    unavailable_variant_object,
)
