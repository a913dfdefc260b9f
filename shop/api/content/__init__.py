"""Pages and menus: what staff write around the goods."""

from pathlib import Path

from shop.api.content import menus, mutations, pages
from shop.api.schema import Area

AREA = Area(Path(__file__).parent, types=(*pages.TYPES, *menus.TYPES, *mutations.TYPES))
