"""Discounts that a seller grants on a counter sale, with a limit for each role."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from cooperatives.models import Role
from orders.actions.quotes.quote_types import RequestedDiscount
from orders.models import CostBearer, Discount, DiscountKind
from orders.pricing import DiscountInput
from shop.core.errors import ReasonRequired, Refused
from shop.core.texts.formatting import format_money

# How much of a sale's price each role may take off, in percent. Other roles grant no discount.
DISCOUNT_LIMITS: Mapping[str, int] = {Role.MANAGER: 30, Role.CASHIER: 10}


class DiscountAboveLimit(Refused):
    """The discount is more than the seller's role allows, `details["limit"]` in minor units."""

    code = "discount_above_limit"
    default_message = _("You may take off at most %(limit)s from this sale. A manager may give more.")


class InvalidSaleDiscount(Refused):
    code = "invalid_sale_discount"
    default_message = _("Enter the discount as an amount above 0.")


@dataclass(frozen=True, slots=True)
class SaleDiscount:
    """A discount of `amount` minor units on a whole sale, and why it was granted."""

    amount: int
    reason: str

    def as_requested(self) -> RequestedDiscount:
        """Return the discount for a quote. The cooperative bears it."""
        key = uuid.uuid4()
        return RequestedDiscount(
            DiscountInput(key, amount=self.amount),
            DiscountKind.MANUAL,
            CostBearer.COOPERATIVE,
            source_key=Discount.granted_source_key(None),
            reason=self.reason,
            granted_key=key,
            granted_value=Decimal(self.amount),
        )


def require_allowed_discount(
    discount: SaleDiscount, *, role: str, undiscounted: int, currency: str
) -> SaleDiscount:
    """Return the discount with its reason tidied. `undiscounted` is the sale's total without it.

    Raises DiscountAboveLimit, InvalidSaleDiscount, ReasonRequired.
    """
    reason = " ".join(discount.reason.split())[:200]
    if discount.amount < 1:
        raise InvalidSaleDiscount(field="discount")
    if not reason:
        raise ReasonRequired(field="discount_reason")
    limit = undiscounted * DISCOUNT_LIMITS.get(role, 0) // 100
    if discount.amount > limit:
        text = str(DiscountAboveLimit.default_message) % {"limit": format_money(limit, currency)}
        raise DiscountAboveLimit(text, field="discount", limit=limit)
    return SaleDiscount(discount.amount, reason)
