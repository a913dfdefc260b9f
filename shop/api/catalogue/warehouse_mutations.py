"""Create, change and close warehouses."""

from __future__ import annotations

from typing import Any

from catalog.actions.stock.close_warehouse import close_warehouse
from cooperatives.actions.warehouses import amend_warehouse, enter_warehouse
from cooperatives.models import Warehouse
from shop.api.addresses import address_from
from shop.api.breadth import Selection
from shop.api.catalogue.given import CODES, OWN_GOODS, columns, found, is_theirs, named_key, owner, required
from shop.api.catalogue.types import warehouse
from shop.api.context import Context
from shop.api.ids import given_key
from shop.api.root_fields import Mutations
from shop.core.errors import Missing

mutation = Mutations(codes=CODES)
_COLUMNS = {
    "slug": "slug",
    "email": "email",
    "externalReference": "external_reference",
    "clickAndCollectOption": "collecting",
    "isPrivate": "is_private",
}


@mutation.field(permissions=OWN_GOODS)
def create_warehouse(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    made = enter_warehouse(
        cooperative_id=owner(given, context),
        values=columns(given, **_COLUMNS) | {"name": required(given, "name")},
        address=address_from(given["address"], context),
        actor=context.actor,
        now=context.now,
    )
    return {"warehouse": found(warehouse, made.pk, context, selection.names("warehouse"))}


@mutation.field(permissions=OWN_GOODS)
def update_warehouse(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    key: Any = named_key(arguments, warehouse, context) or None
    row = Warehouse.objects.open().filter(pk=key).select_related("address").first()
    if row is None:
        raise Missing(field="id")
    place = given.get("address")
    values = columns(given, **_COLUMNS)
    if "name" in given:
        values["name"] = required(given, "name")
    changed = amend_warehouse(
        warehouse_id=row.pk,
        values=values,
        address=None if place is None else address_from(place, context, of=row.address),
        actor=context.actor,
        now=context.now,
    )
    return {"warehouse": found(warehouse, changed.pk, context, selection.names("warehouse"))}


@mutation.field(permissions=OWN_GOODS)
def delete_warehouse(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    """Close a warehouse; it is deleted if it never had stock."""
    key: Any = given_key(arguments["id"], "Warehouse", field="id")
    row = Warehouse.objects.open().filter(pk=key).select_related("cooperative").first()
    if row is None or not is_theirs(warehouse, key, context):
        raise Missing(field="id")
    gone = found(warehouse, row.pk, context, selection.names("warehouse"))
    close_warehouse(cooperative=row.cooperative, warehouse_id=row.pk, actor=context.actor, now=context.now)
    return {"warehouse": gone}


TYPES = (mutation,)
