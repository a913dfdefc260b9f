"""The shop itself."""

from __future__ import annotations

from typing import Any

from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.roots import Queries
from shop.api.types import Type
from shop.core.models import ShopSettings

shop = Type("Shop")
shop.id()
shop.columns(name="name", description="description")

query = Queries()


@query.field("shop")
def the_shop(arguments: dict[str, Any], context: Context, selection: Selection) -> ShopSettings:
    return context.settings


TYPES = (shop, query)
