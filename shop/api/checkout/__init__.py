"""Baskets as Saleor's checkouts."""

from pathlib import Path

from shop.api.checkout import (
    baskets,
    deliveries,
    line_mutations,
    lines,
    mutations,
    order_delivery,
    problems,
    queries,
)
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(
        *baskets.TYPES,
        *lines.TYPES,
        *deliveries.TYPES,
        *problems.TYPES,
        *queries.TYPES,
        *order_delivery.TYPES,
        mutations.mutation,
        line_mutations.mutation,
    ),
)
