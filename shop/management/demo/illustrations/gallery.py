"""All pictures. Importing the scenes registers them."""

from __future__ import annotations

from shop.management.demo.illustrations import (  # noqa: F401
    scenes_craft,
    scenes_fruit,
    scenes_garden,
    scenes_gifts,
    scenes_grain,
    scenes_kitchen,
    scenes_papers,
    scenes_places,
    scenes_tea,
)
from shop.management.demo.illustrations.catalogue import paint, picture_names

__all__ = ["paint", "picture_names"]
