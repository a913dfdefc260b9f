"""Management of buyers, staff users and permission groups."""

from pathlib import Path

from shop.api.schema import Area
from shop.api.staff import addresses, cooperatives, groups, lists, people

AREA = Area(
    Path(__file__).parent,
    types=(lists.query, people.mutation, groups.mutation, addresses.mutation, cooperatives.mutation),
)
