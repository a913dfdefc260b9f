"""Apps: API clients with permissions and tokens."""

from pathlib import Path

from shop.api.apps import mutations, queries, types
from shop.api.schema import Area

AREA = Area(Path(__file__).parent, types=(*types.TYPES, queries.query, mutations.mutation))
