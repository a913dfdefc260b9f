"""Zones and kinds of delivery, as staff manage them."""

from pathlib import Path

from shop.api.schema import Area
from shop.api.shipping import mutations, zones

AREA = Area(Path(__file__).parent, types=(*zones.TYPES, mutations.mutation))
