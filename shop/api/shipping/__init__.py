"""Shipping zones and methods, for staff."""

from pathlib import Path

from shop.api.schema import Area
from shop.api.shipping import mutations, zones

AREA = Area(Path(__file__).parent, types=(*zones.TYPES, mutations.mutation))
