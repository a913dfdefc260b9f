"""Limits of a variant per order and per buyer, and the check that they are valid."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from catalog.models import Variant
from catalog.models.purchase_limits import MAX_LIMIT, MAX_LIMIT_DAYS
from shop.core.database.row_values import to_camel_case
from shop.core.errors import Refused

_COLUMNS = {
    "per_order": "quantity_limit_per_order",
    "per_buyer": "quantity_limit_per_customer",
    "days": "quantity_limit_days",
}
LIMIT_COLUMNS = frozenset(_COLUMNS.values())


class InvalidPurchaseLimits(Refused):
    code = "invalid_purchase_limits"
    default_message = _(
        "Enter limits as whole numbers from 1. Enter a limit per buyer, or leave the days empty."
    )


@dataclass(frozen=True, slots=True)
class PurchaseLimits:
    """How many units one order may hold and one buyer may order. None means no limit.

    `days` restricts the limit per buyer to orders of the last that many days. If it is None, all orders
    count.
    """

    per_order: int | None = None
    per_buyer: int | None = None
    days: int | None = None

    @property
    def invalid_limit(self) -> str | None:
        """The name of the first limit that is not valid."""
        for name, limit, highest in (
            ("per_order", self.per_order, MAX_LIMIT),
            ("per_buyer", self.per_buyer, MAX_LIMIT),
            ("days", self.days, MAX_LIMIT_DAYS),
        ):
            if limit is not None and not 1 <= limit <= highest:
                return name
        return "days" if self.days is not None and self.per_buyer is None else None

    def columns(self) -> dict[str, object]:
        """Return the values of the variant's columns. Raises InvalidPurchaseLimits."""
        if self.invalid_limit is not None:
            raise InvalidPurchaseLimits(field=f"limit_{self.invalid_limit}")
        return {column: getattr(self, name) for name, column in _COLUMNS.items()}


def require_valid_limits(variant: Variant) -> None:
    """Check the limits of a variant that is about to be saved. Raises InvalidPurchaseLimits."""
    limits = PurchaseLimits(**{name: getattr(variant, column) for name, column in _COLUMNS.items()})
    if limits.invalid_limit is not None:
        raise InvalidPurchaseLimits(field=to_camel_case(_COLUMNS[limits.invalid_limit]))
