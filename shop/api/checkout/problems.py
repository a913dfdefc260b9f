"""What stands in the way of a basket, as the contract says it."""

from __future__ import annotations

import uuid
from typing import Any

from orders.actions.shares import Problem, Quote, QuotedLine
from orders.models import BasketLine
from shop.api.checkout.deliveries import Chosen, Shown
from shop.api.context import Context
from shop.api.money import Sum
from shop.api.types import Type

_SHORT = frozenset({Problem.SOLD_OUT, Problem.ONLY_LEFT})
_NOT_SO = frozenset({Problem.NOT_DELIVERED, Problem.SLOT_GONE, Problem.PAUSED})


def problems_of(basket_id: uuid.UUID, offer: Quote, context: Context) -> list[dict[str, Any]]:
    """All of a basket's: its lines', and one where a delivery that was chosen is not to be had."""
    rows = BasketLine.objects.in_bulk([line.wanted.key for line in offer.lines if _stops(line)])
    found = [
        problem
        for line in offer.lines
        if line.wanted.key in rows
        for problem in line_problems(line, rows[line.wanted.key], offer, context)
    ]
    refused = next(
        (
            offer.wanted.deliveries[share.cooperative.pk]
            for share in offer.shares
            if share.cooperative.pk in offer.wanted.deliveries and _NOT_SO & set(share.problems)
        ),
        None,
    )
    if refused is not None:
        gone = Shown(refused.service_id or 0, "", Sum(0, offer.wanted.channel.currency))
        found.append(
            {"__typename": "CheckoutProblemDeliveryMethodInvalid", "delivery": Chosen(basket_id, gone)}
        )
    return found


def line_problems(line: QuotedLine, row: Any, offer: Quote, context: Context) -> list[dict[str, Any]]:
    """Those of one line; its goods can be looked at, on sale or not."""
    if Problem.NOT_FOR_SALE in line.problems:
        context.goods_at_hand.add(line.variant.product_id)
        return [{"__typename": "CheckoutLineProblemVariantNotAvailable", "line": row}]
    if not _SHORT & set(line.problems):
        return []
    line.variant.in_channel = offer.wanted.channel.pk  # type: ignore[attr-defined]
    return [
        {
            "__typename": "CheckoutLineProblemInsufficientStock",
            "availableQuantity": line.free,
            "line": row,
            "variant": line.variant,
        }
    ]


def _stops(line: QuotedLine) -> bool:
    return bool((_SHORT | {Problem.NOT_FOR_SALE}) & set(line.problems))


stale = Type("CheckoutProblemDeliveryMethodStale")
stale.plain("delivery")
invalid = Type("CheckoutProblemDeliveryMethodInvalid")
invalid.plain("delivery")
short = Type("CheckoutLineProblemInsufficientStock")
short.plain("availableQuantity", "line", "variant")
unavailable = Type("CheckoutLineProblemVariantNotAvailable")
unavailable.plain("line")

TYPES = (stale, invalid, short, unavailable)
