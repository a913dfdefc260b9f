"""Stock and warehouses, for staff."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from cooperatives.models import ClickAndCollect, Warehouse, WarehouseChannel
from shop.accounts.models import Address
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import STAFF, channel_object
from shop.api.base.places import address_object
from shop.api.breadth import Selection
from shop.api.catalogue.inputs import (
    StockArguments,
    StocksArguments,
    WarehouseArguments,
    WarehousesArguments,
    WarehouseStocksArguments,
)
from shop.api.catalogue.types import WAREHOUSE_PERMISSIONS, stock_object, variant_object, warehouse_object
from shop.api.connections import SortKey, connect, connect_for_parents
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.field_permissions import CooperativeScoped
from shop.api.filters import Conditions, build_condition, equals, has_metadata, id_in, is_one_of, sort_keys
from shop.api.ids import key_from_id, keys_from_ids
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Rows
from shop.api.root_fields import Queries
from shop.api.schema import Choices

OWN_STOCK_PERMISSIONS = (CooperativeScoped(Permission.MANAGE_PRODUCTS),)

stock_object.id()
stock_object.columns(quantity="on_hand")
stock_object.related("warehouse", warehouse_object, column="warehouse_id")
stock_object.field("quantityAllocated", needs="allocated", permissions=WAREHOUSE_PERMISSIONS)(
    lambda rows, *_: [row.allocated for row in rows]
)
stock_object.field("quantityReserved", needs="reserved", permissions=WAREHOUSE_PERMISSIONS)(
    lambda rows, *_: [row.reserved for row in rows]
)

warehouse_object.id()
warehouse_object.columns(
    name="name",
    slug="slug",
    email="email",
    isPrivate="is_private",
    clickAndCollectOption="click_and_collect",
    companyName="address__company_name",
    externalReference="external_reference",
)


@warehouse_object.field("address", needs="address_id")
def address_of_warehouses(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    """Resolve the warehouse's address, which is public because buyers may collect there."""
    requested = Address.objects.filter(pk__in={row.address_id for row in rows})
    addresses_by_key = {
        address_row.id: address_row for address_row in address_object.read(requested, selection.names())
    }
    return [addresses_by_key.get(row.address_id) for row in rows]


add_metadata_fields(warehouse_object, Warehouse, permissions=OWN_STOCK_PERMISSIONS)

channel_object.related_rows(
    "warehouses",
    warehouse_object,
    column="channel_rows__channel",
    order=["channel_rows__sort_order", "created_at", "pk"],
    permissions=STAFF,
)

ENUMS: dict[str, Choices] = {"WarehouseClickAndCollectOptionEnum": ClickAndCollect}


stock_object.related_in_channel("productVariant", variant_object, column="variant_id", channel_column=None)


@warehouse_object.field("stocks", needs="id", permissions=WAREHOUSE_PERMISSIONS)
def stocks_of_warehouses(
    rows: list[Row], arguments: WarehouseStocksArguments, context: Context, selection: Selection
) -> Sequence[object]:
    keys = [row.id for row in rows]
    return connect_for_parents(
        stock_object,
        stock_object.rows(context),
        arguments,
        selection,
        order=[SortKey("id")],
        parent_column="warehouse_id",
        parents=keys,
    )


query = Queries()


@query.field("stock", permissions=OWN_STOCK_PERMISSIONS)
def one_stock(arguments: StockArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "Stock")
    return stock_object.by_key(context, [key], selection.names()).get(key)


@query.field("stocks", permissions=OWN_STOCK_PERMISSIONS)
def all_stocks(arguments: StocksArguments, context: Context, selection: Selection) -> dict[str, object]:
    rows = stock_object.rows(context).filter(build_condition(arguments.get("filter"), _STOCK_FILTER, context))
    return connect(stock_object, rows, arguments, selection, order=[SortKey("id")])


@query.field("warehouse", permissions=WAREHOUSE_PERMISSIONS)
def one_warehouse(arguments: WarehouseArguments, context: Context, selection: Selection) -> Row | None:
    global_id, reference = arguments.get("id"), arguments.get("externalReference")
    if (global_id is None) == (reference is None):
        raise ProtocolError("A warehouse is found by exactly one of `id` and `externalReference`.")
    rows = warehouse_object.rows(context)
    rows = (
        rows.filter(external_reference=reference)
        if global_id is None
        else rows.filter(pk=key_from_id(global_id, "Warehouse"))
    )
    return next(iter(warehouse_object.read(rows, selection.names())), None)


@query.field("warehouses", permissions=WAREHOUSE_PERMISSIONS)
def all_warehouses(
    arguments: WarehousesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = warehouse_object.rows(context).filter(
        build_condition(arguments.get("filter"), _WAREHOUSE_FILTER, context)
    )
    if (text := arguments.get("cooperative")) is not None:
        rows = rows.filter(cooperative=key_from_id(text, "Cooperative"))
    order = sort_keys(arguments.get("sortBy"), {"NAME": [SortKey("name")]}, [SortKey("name")])
    return connect(warehouse_object, rows, arguments, selection, order=order)


_STOCK_FILTER: Conditions = {
    "quantity": lambda context, value: Q(on_hand=int(value)),
    "search": lambda context, text: (
        Q(variant__product__name__icontains=text)
        | Q(variant__name__icontains=text)
        | Q(warehouse__name__icontains=text)
    ),
}
_WAREHOUSE_FILTER: Conditions = {
    "clickAndCollectOption": equals("click_and_collect"),
    "metadata": has_metadata(),
    "search": lambda context, text: Q(name__icontains=text) | Q(email__icontains=text),
    "ids": id_in("Warehouse"),
    "isPrivate": equals("is_private"),
    "channels": lambda context, channel_ids: Q(pk__in=_in_channels(channel_ids)),
    "slugs": is_one_of("slug"),
}


def _in_channels(channel_ids: list[str]) -> object:
    served: Rows = WarehouseChannel.objects.all()
    return served.filter(channel__in=keys_from_ids(channel_ids, "Channel")).values("warehouse")


TYPES = (stock_object, warehouse_object, query)
