"""Apps: API clients with permissions and tokens."""

from pathlib import Path

from shop.api.apps import mutations, plugins, queries, types
from shop.api.schema import Area

AREA = Area(Path(__file__).parent, types=(*types.TYPES, *plugins.TYPES, queries.query, mutations.mutation))
