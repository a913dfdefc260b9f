"""Discounts of orders, and each line's share of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Sum

from orders.models import Discount, DiscountKind, DiscountShare, ValueType, VoucherType
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.ids import Key
from shop.api.money import MoneyAmount, to_major_units
from shop.api.object_types import Row, Rows
from shop.api.orders.lines import unit_price
from shop.api.orders.types import discount_object, line_discount_object, order_object
from shop.api.orders.visibility import can_only_see_parts, filter_visible
from shop.api.schema import Choices

ENUMS: dict[str, Choices] = {
    "OrderDiscountType": DiscountKind,
    "DiscountValueTypeEnum": ValueType,
    "VoucherTypeEnum": VoucherType,
}

discount_object.id()
discount_object.columns(
    type="kind", name="name", translatedName="name", valueType="value_type", reason="reason"
)


@discount_object.field(needs=("value_type", "value", "currency"))
def value(rows: list[Row], *_: object) -> Sequence[object]:
    return [_discount_value(row.value_type, row.value, row.currency) for row in rows]


def _discount_value(value_type: str, stored_value: Decimal, currency: str) -> Decimal:
    """Return a percentage, or an amount in major units."""
    return stored_value if value_type == ValueType.PERCENTAGE else to_major_units(int(stored_value), currency)


def _totals(rows: list[Row], arguments: object, context: Context, selection: Selection) -> list[MoneyAmount]:
    """Resolve the discount's total over the visible parts of the order."""
    if not can_only_see_parts(context):
        return [MoneyAmount(row.amount, row.currency) for row in rows]
    visible_shares = _visible_shares(context).filter(discount__in=[row.id for row in rows])
    totals = dict(visible_shares.order_by("discount").values_list("discount").annotate(total=Sum("amount")))
    return [MoneyAmount(totals.get(row.id, 0), row.currency) for row in rows]


def _visible_shares(context: Context) -> Rows:
    """Return the visible shares of lines and deliveries."""
    of_lines = filter_visible(
        context, DiscountShare.objects.all(), order="discount__order", part="line__part"
    )
    of_parts = filter_visible(context, DiscountShare.objects.all(), order="discount__order", part="part")
    visible: Rows = of_lines | of_parts
    return visible


discount_object.field("amount", needs=("id", "amount", "currency"))(_totals)
discount_object.field("total", needs=("id", "amount", "currency"))(_totals)

_SHARE = ("amount", "discount__currency")

line_discount_object.id()
line_discount_object.columns(
    type="discount__kind",
    name="discount__name",
    translatedName="discount__name",
    valueType="discount__value_type",
    reason="discount__reason",
)


@line_discount_object.field("value", needs=("discount__value_type", "discount__value", "discount__currency"))
def value_of_line_discounts(rows: list[Row], *_: object) -> Sequence[object]:
    return [
        _discount_value(row.discount__value_type, row.discount__value, row.discount__currency) for row in rows
    ]


@line_discount_object.field("total", needs=_SHARE)
def total_of_line_discounts(rows: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(row.amount, row.discount__currency) for row in rows]


@line_discount_object.field(needs=(*_SHARE, "line__quantity"))
def unit(rows: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(unit_price(row.amount, row.line__quantity), row.discount__currency) for row in rows]


@order_object.field("discounts", needs="id")
def discounts_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve the discounts of orders, without those of single products, which are on the lines."""
    rows = discount_object.rows(context).filter(order__in=[order_row.id for order_row in orders])
    if can_only_see_parts(context):
        rows = rows.filter(pk__in=_visible_shares(context).values("discount"))
    rows = rows.filter(pk__in=Discount.objects.on_whole_order().values("pk")).order_by("order", "kind", "pk")
    discounts_by_order = discount_object.grouped(rows, selection.names(), by="order_id")
    return [discounts_by_order.get(order_row.id, []) for order_row in orders]


def _read_totals_and_names(context: Context, orders: list[Row]) -> dict[Key, tuple[int, list[str]]]:
    """Return the total and the names of each order's discounts."""
    rows = _visible_shares(context).filter(discount__order__in=[order_row.id for order_row in orders])
    rows = rows.filter(discount__in=Discount.objects.on_whole_order())
    columns = ("discount__order", "discount__kind", "discount", "discount__name")
    totals_and_names: dict[Key, tuple[int, list[str]]] = {}
    for key, *_unused, name, amount in rows.order_by(*columns).values_list(*columns).annotate(Sum("amount")):
        total, names = totals_and_names.get(key, (0, []))
        totals_and_names[key] = (total + amount, [*names, name] if name else names)
    return totals_and_names


@order_object.field("discount", needs=("id", "currency"))
def discount_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[MoneyAmount | None]:
    totals_and_names = _read_totals_and_names(context, orders)
    return [
        MoneyAmount(totals_and_names[order_row.id][0], order_row.currency)
        if order_row.id in totals_and_names
        else None
        for order_row in orders
    ]


@order_object.field(needs="id")
def discount_name(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str | None]:
    totals_and_names = _read_totals_and_names(context, orders)
    return [
        ", ".join(totals_and_names[order_row.id][1]) if order_row.id in totals_and_names else None
        for order_row in orders
    ]


order_object.field("translatedDiscountName", needs="id")(discount_name)

TYPES = (discount_object, line_discount_object)
