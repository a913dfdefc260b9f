"""The types whose objects a gateway of federated APIs may ask for by reference; areas put theirs in."""

from __future__ import annotations

from shop.api.base.places import address
from shop.api.object_types import Type

ENTITIES: dict[str, Type] = {"Address": address}
