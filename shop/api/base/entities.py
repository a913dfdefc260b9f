"""Types that a federation gateway may resolve by reference. Areas register theirs here."""

from __future__ import annotations

from shop.api.base.places import address_object
from shop.api.object_types import Type

ENTITIES: dict[str, Type] = {"Address": address_object}
