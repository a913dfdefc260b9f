"""Baskets as checkouts: filled, sent somewhere, and made into orders."""

from pathlib import Path

from shop.api.checkout import baskets, deliveries, line_mutations, lines, mutations, problems, queries
from shop.api.schema import Area

AREA = Area(
    Path(__file__).parent,
    types=(
        *baskets.TYPES,
        *lines.TYPES,
        *deliveries.TYPES,
        *problems.TYPES,
        *queries.TYPES,
        mutations.mutation,
        line_mutations.mutation,
    ),
)
