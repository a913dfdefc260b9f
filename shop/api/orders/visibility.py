"""Visibility of orders: whole orders, or only the parts of the requester's cooperatives.

Buyers and platform staff see whole orders. Staff of a cooperative see placed orders with their own lines,
parcels and refunds, and the totals of these. They see the buyer's address as long as the members' app shows
it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TypeVar

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from cooperatives.access import PermissionScope
from orders.models import Order, OrderPart, Refund
from orders.models.part import OrderPartQuerySet
from orders.states import ACTIVE_PART_STATES
from shop.accounts.staff.permissions import Permission
from shop.api.context import Context
from shop.api.object_types import Row, Rows

Visible = TypeVar("Visible", bound="QuerySet[Model]")

# Totals of an order that are sums of its parts' columns of the same name.
_OF_PARTS = ("goods_net", "goods_gross", "delivery_net", "delivery_gross", "total_net", "total_gross")
_LISTED = ("list_net", "list_gross")
SUMS = (*_OF_PARTS, *_LISTED, "current_total_gross")


def set_whole_totals(order: Order) -> Order:
    """Set on a loaded order the attributes that `whole_orders` annotates."""
    order.is_whole = order.may_show_address = True  # type: ignore[attr-defined]
    for column in SUMS:
        setattr(order, f"visible_{column}", getattr(order, column))
    return order


def whole_orders() -> QuerySet[Order]:
    """Return orders with whole totals, for requesters already known to see them."""
    return Order.objects.annotate(
        is_whole=Value(True, BooleanField()),
        may_show_address=Value(True, BooleanField()),
        **{f"visible_{column}": F(column) for column in SUMS},
    )


def visible_orders(context: Context) -> QuerySet[Order]:
    """Return visible orders: guests' by unguessable id, one's own, and for staff those they handle."""
    scope = order_scope(context)
    if scope.covers_everything:
        return whole_orders()
    if not scope:
        return whole_orders().filter(pk__in=Order.objects.visible_to(context.user, context.now).values("pk"))
    return _partial_orders(context, scope)


def order_scope(context: Context) -> PermissionScope:
    return context.scope(Permission.MANAGE_ORDERS)


def can_only_see_parts(context: Context) -> bool:
    """Return whether the requester sees only parts of some orders."""
    scope = order_scope(context)
    return bool(scope) and not scope.covers_everything


def visible_parts(context: Context) -> OrderPartQuerySet:
    """Return the parts that staff of some cooperatives or channels handle."""
    scope = order_scope(context)
    rows = OrderPart.objects.filter(scope.row_filter(cooperative="cooperative", channel="order__channel"))
    return rows if scope.covers_everything else rows.filter(order__confirmed_at__isnull=False)


def filter_visible(context: Context, rows: Visible, *, order: str, part: str) -> Visible:
    """Filter rows of orders by the visible parts.

    `order` and `part` are the lookup paths. Rows without a part need visibility of the whole order.
    """
    return _filter_by_visibility(context, rows, order, part, _whole_orders_condition(context))


def filter_handled(context: Context, rows: Visible, *, order: str, part: str) -> Visible:
    """Filter rows that the requester handles. Their own purchases are visible but not handled."""
    return _filter_by_visibility(context, rows, order, part, _channel_orders_condition(context))


def handled_orders(context: Context) -> Rows:
    """Return orders with at least one part that the requester handles."""
    if not can_only_see_parts(context):
        return Order.objects.all()
    parts = visible_parts(context).filter(order=OuterRef("pk"))
    return Order.objects.filter(_channel_orders_condition(context) | Exists(parts))


def _filter_by_visibility(
    context: Context, rows: Visible, order: str, part: str, whole_condition: Q
) -> Visible:
    if not can_only_see_parts(context):
        return rows
    whole_orders = Order.objects.filter(whole_condition).values("pk")
    return rows.filter(Q(**{f"{order}__in": whole_orders}) | Q(**{f"{part}__in": _visible_keys(context)}))


def _whole_orders_condition(context: Context) -> Q:
    """Match orders that the requester sees as a whole: their own, and those of channels that they handle.

    Guests' orders are excluded, because cooperatives' staff see other order ids than buyers.
    """
    own_orders = Q(
        user=context.user.pk if context.user else None, user__isnull=False, placed_at__isnull=False
    )
    return own_orders | _channel_orders_condition(context)


def _channel_orders_condition(context: Context) -> Q:
    condition = Q(pk__in=())
    for grant in order_scope(context).grants:
        if grant.is_platform_wide and grant.channel_ids is not None:
            condition |= Q(channel__in=grant.channel_ids)
    return condition


def _partial_orders(context: Context, scope: PermissionScope) -> QuerySet[Order]:
    parts = visible_parts(context).filter(order=OuterRef("pk"))
    whole_orders = _whole_orders_condition(context)
    orders = Order.objects.filter(whole_orders | Exists(parts))
    expressions = {column: _sum_of_parts(parts, column) for column in _OF_PARTS}
    expressions |= {
        column: _sum_of_parts(parts, f"lines__{column}") + _sum_of_parts(parts, f"delivery_{column}")
        for column in _LISTED
    }
    active = parts.filter(state__in=ACTIVE_PART_STATES)
    refunds = Refund.objects.filter(
        order=OuterRef("pk"), part__in=_visible_keys(context, state__in=ACTIVE_PART_STATES)
    )
    refunded = refunds.order_by().values("order").annotate(total=Sum(F("amount") - F("surplus")))
    expressions["current_total_gross"] = _sum_of_parts(active, "total_gross") - Coalesce(
        Subquery(refunded.values("total")), 0
    )
    return orders.annotate(
        is_whole=Case(
            When(whole_orders, then=Value(True)), default=Value(False), output_field=BooleanField()
        ),
        may_show_address=Case(
            When(whole_orders, then=Value(True)),
            When(Exists(parts.showing_address()), then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        ),
        **{
            f"visible_{column}": Case(When(whole_orders, then=F(column)), default=expression)
            for column, expression in expressions.items()
        },
    )


def _visible_keys(context: Context, **narrowed: object) -> QuerySet[OrderPart, int]:
    return visible_parts(context).filter(**narrowed).order_by().values_list("pk", flat=True)


def _sum_of_parts(parts: OrderPartQuerySet, column: str) -> Combinable:
    sums = parts.order_by().values("order").annotate(total=Sum(column))
    return Coalesce(Subquery(sums.values("total")), 0)


# An order's id grants access to the whole order, so it is hidden from cooperatives' staff. They get an id
# made from the order number instead.
_MAX_ORDER_NUMBER = 2**63 - 1


def shown_key(row: Row) -> uuid.UUID:
    """Return an order's key as shown to the requester, for rows with `id`, `number` and `is_whole`."""
    key: uuid.UUID = row.id if row.is_whole else uuid.UUID(int=row.number)
    return key


def find_order_key(context: Context, key: uuid.UUID | None) -> uuid.UUID | None:
    """Return an order's real key for a key shown to the requester."""
    if key is None or not can_only_see_parts(context):
        return key
    return find_order_keys(context, [key]).get(key)


def find_order_keys(context: Context, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return real keys by shown keys. It takes one query for cooperatives' staff, and none for others."""
    requested = list(keys)
    if not can_only_see_parts(context):
        return {key: key for key in requested}
    numbers = [key.int for key in requested if key.int <= _MAX_ORDER_NUMBER]
    rows = Order.objects.filter(number__in=numbers).values_list("number", "pk")
    keys_by_shown_key = {uuid.UUID(int=number): pk for number, pk in rows}
    whole_keys = Order.objects.filter(_whole_orders_condition(context), pk__in=requested).values_list(
        "pk", flat=True
    )
    return keys_by_shown_key | {key: key for key in whole_keys}
