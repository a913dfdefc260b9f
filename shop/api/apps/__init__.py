"""Apps: programs that act through the API."""

from pathlib import Path

from shop.api.apps import mutations, queries, types
from shop.api.schema import Area

AREA = Area(Path(__file__).parent, types=(*types.TYPES, queries.query, mutations.mutation))
