"""Pages and menus."""

from pathlib import Path

from shop.api.base.entities import ENTITIES
from shop.api.content import menus, mutations, pages, reason_settings
from shop.api.content.types import page_type_object
from shop.api.schema import Area

ENTITIES["PageType"] = page_type_object
AREA = Area(
    Path(__file__).parent, types=(*pages.TYPES, *menus.TYPES, *mutations.TYPES, *reason_settings.TYPES)
)
