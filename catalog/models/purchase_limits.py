"""Database constraints on the limits of a variant per order and per buyer."""

from __future__ import annotations

from django.db.models import CheckConstraint, Q

MAX_LIMIT = 1_000_000  # sales units
MAX_LIMIT_DAYS = 365

LIMIT_CONSTRAINTS = [
    CheckConstraint(
        condition=Q(quantity_limit_per_order=None) | Q(quantity_limit_per_order__range=(1, MAX_LIMIT)),
        name="variant_limit_per_order_in_range",
    ),
    CheckConstraint(
        condition=Q(quantity_limit_per_customer=None) | Q(quantity_limit_per_customer__range=(1, MAX_LIMIT)),
        name="variant_limit_per_customer_in_range",
    ),
    CheckConstraint(
        condition=Q(quantity_limit_days=None)
        | Q(quantity_limit_days__range=(1, MAX_LIMIT_DAYS), quantity_limit_per_customer__isnull=False),
        name="variant_limit_days_of_a_limit",
    ),
]
