"""What of an order somebody sees: all of it, or the parts of the cooperatives that they work for.

Buyers and the platform's staff see whole orders. Staff of a cooperative see an order with their lines,
parcels, refunds and the sums of those, once it counts; where the buyer lives, as long as the members' app
shows it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from cooperatives.access import Scope
from orders.models import Order, OrderPart, Refund
from orders.models.part import OrderPartQuerySet
from orders.states import STANDING
from shop.accounts.staff.permissions import Permission
from shop.api.context import Context
from shop.api.object_types import Row, Rows

# Sums of an order that are sums of its parts' columns of the same name.
_OF_PARTS = ("goods_net", "goods_gross", "delivery_net", "delivery_gross", "total_net", "total_gross")
_LISTED = ("list_net", "list_gross")
SUMS = (*_OF_PARTS, *_LISTED, "due_gross")


def whole_orders() -> Rows:
    """Orders with the sums of the whole, for whoever was found to see it already."""
    return Order.objects.annotate(
        is_whole=Value(True, BooleanField()),
        shows_address=Value(True, BooleanField()),
        **{f"seen_{column}": F(column) for column in SUMS},
    )


def orders_seen(context: Context) -> Rows:
    """By an unguessable id for anybody, but not another person's; those that staff handle for staff."""
    scope = scope_of(context)
    if scope.is_everything:
        return whole_orders()
    if not scope:
        return whole_orders().filter(pk__in=Order.objects.visible_to(context.user, context.now).values("pk"))
    return _partly_seen(context, scope)


def scope_of(context: Context) -> Scope:
    return context.scope(Permission.MANAGE_ORDERS)


def sees_parts(context: Context) -> bool:
    """Whether of some orders only parts are seen."""
    scope = scope_of(context)
    return bool(scope) and not scope.is_everything


def parts_seen(context: Context) -> OrderPartQuerySet:
    """The parts that staff of some cooperatives, or in some channels, handle."""
    scope = scope_of(context)
    rows = OrderPart.objects.filter(scope.rows(cooperative="cooperative", channel="order__channel"))
    return rows if scope.is_everything else rows.filter(order__confirmed_at__isnull=False)


def within(context: Context, rows: Any, *, order: str, part: str) -> Any:
    """Of rows that belong to orders which are seen: those of the parts that are seen.

    `order` and `part` are the paths to them; rows without a part belong to whoever sees the whole.
    """
    return _of_orders(context, rows, order, part, _is_whole(context))


def handled(context: Context, rows: Any, *, order: str, part: str) -> Any:
    """Of those the ones that somebody handles: what they bought themselves they only see, as any buyer."""
    return _of_orders(context, rows, order, part, _is_of_their_channels(context))


def orders_handled(context: Context) -> Rows:
    """Orders of which somebody handles something."""
    if not sees_parts(context):
        return Order.objects.all()
    parts = parts_seen(context).filter(order=OuterRef("pk"))
    return Order.objects.filter(_is_of_their_channels(context) | Exists(parts))


def _of_orders(context: Context, rows: Any, order: str, part: str, is_whole: Q) -> Any:
    if not sees_parts(context):
        return rows
    whole = Order.objects.filter(is_whole).values("pk")
    return rows.filter(Q(**{f"{order}__in": whole}) | Q(**{f"{part}__in": _keys(context)}))


def _is_whole(context: Context) -> Q:
    """Orders of which the requester sees everything: their own, and those of channels that they handle.

    Not those of guests: whoever works for a cooperative knows orders by other ids than their buyers do.
    """
    own = Q(user=context.user.pk if context.user else None, user__isnull=False, placed_at__isnull=False)
    return own | _is_of_their_channels(context)


def _is_of_their_channels(context: Context) -> Q:
    found = Q(pk__in=())
    for reach in scope_of(context).reaches:
        if reach.is_platform_wide and reach.channels is not None:
            found |= Q(channel__in=reach.channels)
    return found


def _partly_seen(context: Context, scope: Scope) -> Rows:
    parts = parts_seen(context).filter(order=OuterRef("pk"))
    whole = _is_whole(context)
    rows = Order.objects.filter(whole | Exists(parts))
    seen = {column: _sum(parts, column) for column in _OF_PARTS}
    seen |= {
        column: _sum(parts, f"lines__{column}") + _sum(parts, f"delivery_{column}") for column in _LISTED
    }
    standing = parts.filter(state__in=STANDING)
    given = Refund.objects.filter(order=OuterRef("pk"), part__in=_keys(context, state__in=STANDING))
    taken_off = given.order_by().values("order").annotate(total=Sum(F("amount") - F("surplus")))
    seen["due_gross"] = _sum(standing, "total_gross") - Coalesce(Subquery(taken_off.values("total")), 0)
    return rows.annotate(
        is_whole=Case(When(whole, then=Value(True)), default=Value(False), output_field=BooleanField()),
        shows_address=Case(
            When(whole, then=Value(True)),
            When(Exists(parts.showing_address()), then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        ),
        **{
            f"seen_{column}": Case(When(whole, then=F(column)), default=expression)
            for column, expression in seen.items()
        },
    )


def _keys(context: Context, **narrowed: Any) -> Any:
    return parts_seen(context).filter(**narrowed).order_by().values("pk")


def _sum(parts: OrderPartQuerySet, column: str) -> Any:
    summed = parts.order_by().values("order").annotate(total=Sum(column))
    return Coalesce(Subquery(summed.values("total")), 0)


# --- ids ----------------------------------------------------------------------------------------------

# Whoever holds the id of an order sees all of it, so staff of a cooperative are not told it: they know
# the order by its number, written as a key.
_LARGEST_NUMBER = 2**63 - 1


def shown_key(row: Row) -> uuid.UUID:
    """The key that an order is known by to the requester; of rows with `id`, `number` and `is_whole`."""
    key: uuid.UUID = row.id if row.is_whole else uuid.UUID(int=row.number)
    return key


def order_key(context: Context, key: uuid.UUID | None) -> uuid.UUID | None:
    """The key of the order that the requester knows by this one."""
    if key is None or not sees_parts(context):
        return key
    return order_keys(context, [key]).get(key)


def order_keys(context: Context, keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """The keys of orders that staff of a cooperative know by these; nobody else needs a query for it."""
    wanted = list(keys)
    if not sees_parts(context):
        return {key: key for key in wanted}
    numbers = [key.int for key in wanted if key.int <= _LARGEST_NUMBER]
    rows = Order.objects.filter(number__in=numbers).values_list("number", "pk")
    found = {uuid.UUID(int=number): pk for number, pk in rows}
    whole = Order.objects.filter(_is_whole(context), pk__in=wanted).values_list("pk", flat=True)
    return found | {key: key for key in whole}
