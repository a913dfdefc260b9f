"""Discounts that staff grant on draft orders and their items."""

from __future__ import annotations

import uuid
from decimal import Decimal

from orders.actions.placement.grant_draft_discounts import (
    change_order_discount,
    grant_order_discount,
    remove_line_discount,
    remove_order_discount,
    set_line_discount,
)
from orders.models import Order, ValueType
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.ids import input_key
from shop.api.money import parse_minor_units
from shop.api.orders.draft_mutations import find_line
from shop.api.orders.inputs import (
    OrderDiscountAddArguments,
    OrderDiscountCommonInput,
    OrderDiscountDeleteArguments,
    OrderDiscountUpdateArguments,
    OrderLineDiscountRemoveArguments,
    OrderLineDiscountUpdateArguments,
)
from shop.api.orders.mutations import find_manageable_order_key, order_row
from shop.api.orders.types import WHOLE_ORDER_PERMISSIONS, discount_object, line_object
from shop.api.root_fields import Mutations
from shop.core.errors import Missing

mutation = Mutations(
    codes={
        "discount_above_total": "INVALID",
        "not_a_draft": "CANNOT_DISCOUNT",
        "order_already_discounted": "CANNOT_DISCOUNT",
    }
)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_discount_add(
    arguments: OrderDiscountAddArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = find_manageable_order_key(arguments["orderId"], "orderId", context)
    value_type, value = _read_value(arguments["input"], key)
    grant_order_discount(
        order_id=key,
        value_type=value_type,
        value=value,
        reason=arguments["input"].get("reason") or "",
        actor=context.actor,
        now=context.now,
    )
    return {"order": order_row(key, context, selection)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_discount_update(
    arguments: OrderDiscountUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    discount_id = uuid.UUID(str(input_key(arguments["discountId"], "OrderDiscount", field="discountId")))
    order_id = discount_object.rows(context).filter(pk=discount_id).values_list("order", flat=True).first()
    if order_id is None:
        raise Missing(field="discountId")
    value_type, value = _read_value(arguments["input"], order_id)
    change_order_discount(
        discount_id=discount_id,
        value_type=value_type,
        value=value,
        reason=arguments["input"].get("reason"),
        actor=context.actor,
        now=context.now,
    )
    return {"order": order_row(order_id, context, selection)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_discount_delete(
    arguments: OrderDiscountDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    discount_id = uuid.UUID(str(input_key(arguments["discountId"], "OrderDiscount", field="discountId")))
    order_id = remove_order_discount(discount_id=discount_id, actor=context.actor, now=context.now)
    return {"order": order_row(order_id, context, selection)}


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_line_discount_update(
    arguments: OrderLineDiscountUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    order_id, line_id = find_line(arguments["orderLineId"], context, field="orderLineId")
    value_type, value = _read_value(arguments["input"], order_id)
    set_line_discount(
        order_id=order_id,
        line_id=line_id,
        value_type=value_type,
        value=value,
        reason=arguments["input"].get("reason"),
        actor=context.actor,
        now=context.now,
    )
    return _build_line_payload(order_id, line_id, context, selection)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_line_discount_remove(
    arguments: OrderLineDiscountRemoveArguments, context: Context, selection: Selection
) -> dict[str, object]:
    order_id, line_id = find_line(arguments["orderLineId"], context, field="orderLineId")
    remove_line_discount(order_id=order_id, line_id=line_id, actor=context.actor, now=context.now)
    return _build_line_payload(order_id, line_id, context, selection)


def _build_line_payload(
    order_id: uuid.UUID, line_id: uuid.UUID, context: Context, selection: Selection
) -> dict[str, object]:
    rows = line_object.by_key(context, [line_id], selection.names("orderLine"))
    return {"order": order_row(order_id, context, selection), "orderLine": rows.get(line_id)}


def _read_value(input_data: OrderDiscountCommonInput, order_id: uuid.UUID) -> tuple[ValueType, Decimal]:
    """Return the type and the value, in percent or minor units. Raises InputError."""
    value_type, value = ValueType(input_data["valueType"]), input_data["value"]
    if value_type == ValueType.PERCENTAGE:
        return value_type, value
    currency = Order.objects.values_list("currency", flat=True).get(pk=order_id)
    return value_type, Decimal(parse_minor_units(value, currency, field="value"))


TYPES = (mutation,)
