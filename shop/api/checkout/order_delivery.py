"""Delivery of placed orders, as checkout types."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TypedDict

from cooperatives.models import PICKUP_KINDS, Warehouse
from orders.actions.basket.combined_delivery import combined_options
from orders.actions.placement.draft_orders import DraftContent, change_draft, read_draft_request
from orders.actions.quotes.build_quote import build_quote
from orders.models import Order, OrderPart
from shop.api.breadth import Selection
from shop.api.catalogue.types import warehouse_object
from shop.api.checkout.deliveries import ShippingMethodData
from shop.api.checkout.inputs import OrderUpdateShippingArguments
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.ids import Key
from shop.api.money import MoneyAmount, to_major_units
from shop.api.object_types import Row
from shop.api.orders.draft_mutations import service_key
from shop.api.orders.mutations import find_manageable_order_key, order_row
from shop.api.orders.types import WHOLE_ORDER_PERMISSIONS, order_object
from shop.api.orders.visibility import filter_visible
from shop.api.root_fields import Mutations

_COLUMNS = (
    "order",
    "service",
    "service__is_weight_based",
    "delivery_name",
    "delivery_kind",
    "warehouse",
    "delivery_gross",
    "cooperative__slug",
    "order__currency",
)

order_object.unsupported("giftCards", value=[])
mutation = Mutations(
    codes={
        "combined_option_not_available": "SHIPPING_METHOD_NOT_APPLICABLE",
        "not_a_draft": "NOT_EDITABLE",
    }
)


class _Delivery(TypedDict):
    """The delivery of a part."""

    order: uuid.UUID
    service: int | None
    service__is_weight_based: bool | None
    delivery_name: str
    delivery_kind: str
    warehouse: uuid.UUID | None
    delivery_gross: int
    cooperative__slug: str
    order__currency: str


def _load_parts(context: Context, orders: list[Row]) -> dict[Key, list[_Delivery]]:
    """Return each order's parts with their deliveries, by order key."""
    rows = filter_visible(context, OrderPart.objects.all(), order="order", part="pk")
    rows = rows.filter(order__in=[order_row.id for order_row in orders]).order_by("order", "number")
    parts_by_order: dict[Key, list[_Delivery]] = {}
    for row in rows.values(*_COLUMNS):
        parts_by_order.setdefault(row["order"], []).append(row)
    return parts_by_order


def _combined_method(parts: list[_Delivery]) -> ShippingMethodData | None:
    """Combine the parts' deliveries into one method, or None if none was chosen."""
    first = next((part for part in parts if part["service"] is not None), None)
    if first is None or first["service"] is None:
        return None
    return ShippingMethodData(
        first["service"],
        ", ".join(dict.fromkeys(part["delivery_name"] for part in parts if part["delivery_name"])),
        MoneyAmount(sum(part["delivery_gross"] for part in parts), first["order__currency"]),
        is_weight_based=bool(first["service__is_weight_based"]),
        metadata={
            part["cooperative__slug"]: str(to_major_units(part["delivery_gross"], part["order__currency"]))
            for part in parts
        },
    )


def _pickup_warehouse(parts: list[_Delivery]) -> uuid.UUID | None:
    """Return the pickup warehouse, if the whole order is collected at one."""
    warehouses = {part["warehouse"] if part["delivery_kind"] in PICKUP_KINDS else None for part in parts}
    return next(iter(warehouses)) if len(warehouses) == 1 else None


@order_object.field("shippingMethod", needs="id")
def shipping_method_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[ShippingMethodData | None]:
    parts_by_order = _load_parts(context, orders)
    return [_combined_method(parts_by_order.get(order_row.id, [])) for order_row in orders]


@order_object.field("deliveryMethod", needs="id")
def delivery_method_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | ShippingMethodData | None]:
    parts_by_order = _load_parts(context, orders)
    keys = {order_row.id: _pickup_warehouse(parts_by_order.get(order_row.id, [])) for order_row in orders}
    rows = Warehouse.objects.all()
    warehouses = warehouse_object.by_key(context, keys.values(), selection.names(), rows=rows)
    return [
        warehouses.get(keys[order_row.id]) or _combined_method(parts_by_order.get(order_row.id, []))
        for order_row in orders
    ]


def _possible_methods(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[ShippingMethodData]]:
    """Resolve the possible deliveries of a draft. Placed orders have none.

    Each draft takes a quote of its own, so a list of several drafts is refused. Raises ProtocolError.
    """
    keys = [order_row.id for order_row in orders if order_row.placed_at is None]
    if len(keys) > 1:
        raise ProtocolError("Ask for the shipping methods of one draft at a time.")
    drafts = Order.objects.filter(pk__in=keys).select_related("channel") if keys else ()
    methods_by_order: dict[uuid.UUID, list[ShippingMethodData]] = {}
    for draft in drafts:
        quote = build_quote(read_draft_request(draft), now=context.now)
        options = combined_options(quote)
        methods_by_order[draft.pk] = [ShippingMethodData.from_option(option, quote) for option in options]
    return [methods_by_order.get(order_row.id, []) for order_row in orders]


for _field in ("shippingMethods", "availableShippingMethods"):
    order_object.field(_field, needs=("id", "placed_at"))(_possible_methods)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_update_shipping(
    arguments: OrderUpdateShippingArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = find_manageable_order_key(arguments["order"], "order", context)
    service_id = service_key(arguments["input"].get("shippingMethod"))

    def set_delivery(content: DraftContent) -> DraftContent:
        return replace(content, deliveries={}, service_id=service_id)

    change_draft(order_id=key, change=set_delivery, actor=context.actor, now=context.now)
    return {"order": order_row(key, context, selection)}


TYPES = (mutation,)
