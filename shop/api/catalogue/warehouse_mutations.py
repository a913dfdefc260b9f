"""Create, change and close warehouses."""

from __future__ import annotations

import uuid

from catalog.actions.stock.close_warehouse import close_warehouse
from cooperatives.actions.warehouses import create_warehouse_from_columns, update_warehouse_columns
from cooperatives.models import Warehouse
from shop.api.addresses import convert_address
from shop.api.breadth import Selection
from shop.api.catalogue.input_values import (
    CODES,
    OWN_PRODUCT_PERMISSIONS,
    columns,
    find_key,
    find_owner_from_input,
    may_manage_row,
    required_text,
    staff_row,
)
from shop.api.catalogue.inputs import (
    CreateWarehouseArguments,
    DeleteWarehouseArguments,
    UpdateWarehouseArguments,
)
from shop.api.catalogue.types import warehouse_object
from shop.api.context import Context
from shop.api.ids import input_key
from shop.api.root_fields import Mutations
from shop.core.errors import Missing

mutation = Mutations(codes=CODES)
_COLUMNS = {
    "slug": "slug",
    "email": "email",
    "externalReference": "external_reference",
    "clickAndCollectOption": "click_and_collect",
    "isPrivate": "is_private",
}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def create_warehouse(
    arguments: CreateWarehouseArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    created_warehouse = create_warehouse_from_columns(
        cooperative_id=find_owner_from_input(input_data, context),
        values=columns(input_data, **_COLUMNS) | {"name": required_text(input_data, "name")},
        address=convert_address(input_data["address"], context, is_business=True),
        actor=context.actor,
        now=context.now,
    )
    return {
        "warehouse": staff_row(warehouse_object, created_warehouse.pk, context, selection.names("warehouse"))
    }


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def update_warehouse(
    arguments: UpdateWarehouseArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    key = find_key(arguments, warehouse_object, context)
    rows = Warehouse.objects.open().select_related("address")
    row = rows.filter(pk=key).first() if isinstance(key, uuid.UUID) else None
    if row is None:
        raise Missing(field="id")
    address_input = input_data.get("address")
    values = columns(input_data, **_COLUMNS)
    if "name" in input_data:
        values["name"] = required_text(input_data, "name")
    changed = update_warehouse_columns(
        warehouse_id=row.pk,
        values=values,
        address=None
        if address_input is None
        else convert_address(address_input, context, existing=row.address, is_business=True),
        actor=context.actor,
        now=context.now,
    )
    return {"warehouse": staff_row(warehouse_object, changed.pk, context, selection.names("warehouse"))}


@mutation.field(permissions=OWN_PRODUCT_PERMISSIONS)
def delete_warehouse(
    arguments: DeleteWarehouseArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Close a warehouse. It is deleted if it never had stock."""
    key = input_key(arguments["id"], "Warehouse", field="id")
    row = Warehouse.objects.open().filter(pk=key).select_related("cooperative").first()
    if row is None or not may_manage_row(warehouse_object, key, context):
        raise Missing(field="id")
    deleted = staff_row(warehouse_object, row.pk, context, selection.names("warehouse"))
    close_warehouse(cooperative=row.cooperative, warehouse_id=row.pk, actor=context.actor, now=context.now)
    return {"warehouse": deleted}


TYPES = (mutation,)
