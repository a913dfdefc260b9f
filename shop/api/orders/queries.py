"""Look up and list orders."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Sum

from orders.models import Order, Refund
from shop.api.account.types import user_object
from shop.api.base.channels import order_settings_object
from shop.api.breadth import Selection
from shop.api.connections import connect, connect_for_parents
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.filters import build_condition, require_one_filter, sort_keys
from shop.api.ids import key_from_id
from shop.api.money import TaxedAmount
from shop.api.object_types import Row, Rows, compiled_rows
from shop.api.orders.filters import FILTER, PLACED, SORTS, WHERE, search_condition
from shop.api.orders.inputs import (
    OrderArguments,
    OrderByTokenArguments,
    OrdersArguments,
    OrdersTotalArguments,
    UserOrdersArguments,
)
from shop.api.orders.types import ORDER_PERMISSIONS, WHOLE_ORDER_PERMISSIONS, order_object
from shop.api.orders.visibility import (
    can_only_see_parts,
    find_order_key,
    handled_orders,
    order_scope,
    visible_parts,
    whole_orders,
)
from shop.api.root_fields import Queries
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel
from shop.reports.sales import BASIS_CONDITIONS, SalesBasis

query = Queries()


@query.field("order")
def one_order(arguments: OrderArguments, context: Context, selection: Selection) -> Row | None:
    """Return an order by `id`, or by `externalReference` for staff and apps only, since it is guessable."""
    global_id, reference = arguments.get("id"), arguments.get("externalReference")
    if (global_id is None) == (reference is None):
        raise ProtocolError("An order is found by exactly one of `id` and `externalReference`.")
    if global_id is not None:
        key = find_order_key(context, key_from_id(global_id, "Order"))
        return order_object.by_key(context, [key], selection.names()).get(key)
    context.require(*WHOLE_ORDER_PERMISSIONS)
    rows = order_object.rows(context).filter(external_reference=reference)
    return next(iter(order_object.read(rows, selection.names())), None)


@query.field()
def order_by_token(arguments: OrderByTokenArguments, context: Context, selection: Selection) -> Row | None:
    key = find_order_key(context, arguments["token"])
    return order_object.by_key(context, [key], selection.names()).get(key)


_NARROWING_ARGUMENTS = {"channel", "cooperative", "filter", "where", "search"}


def _placed_orders() -> Rows:
    return whole_orders().filter(placed_at__isnull=False)


def _handled_orders(context: Context) -> Rows:
    """Return orders that the requester handles, without their own purchases."""
    rows = order_object.rows(context).filter(placed_at__isnull=False)
    return rows.filter(pk__in=handled_orders(context).values("pk")) if can_only_see_parts(context) else rows


@query.field("orders", permissions=ORDER_PERMISSIONS)
def all_orders(arguments: OrdersArguments, context: Context, selection: Selection) -> dict[str, object]:
    """List placed orders. Drafts have their own list."""
    require_one_filter(arguments)
    if order_scope(context).covers_everything and not _NARROWING_ARGUMENTS & arguments.keys():
        order_by = sort_keys(arguments.get("sortBy"), SORTS, PLACED, unique="number")
        return connect(order_object, compiled_rows(_placed_orders), arguments, selection, order=order_by)
    rows = _handled_orders(context)
    if arguments.get("channel") is not None:
        rows = rows.filter(channel__slug=arguments["channel"])
    if (text := arguments.get("cooperative")) is not None:
        key = key_from_id(text, "Cooperative")
        rows = rows.filter(pk__in=Order.objects.filter(parts__cooperative=key).values("pk"))
    rows = rows.filter(build_condition(arguments.get("filter"), FILTER, context))
    rows = rows.filter(build_condition(arguments.get("where"), WHERE, context))
    if (search_text := arguments.get("search")) and search_text.strip():
        rows = rows.filter(search_condition(context, search_text))
    order_by = sort_keys(arguments.get("sortBy"), SORTS, PLACED, unique="number")
    return connect(order_object, rows, arguments, selection, order=order_by)


@query.field("orderSettings", permissions=WHOLE_ORDER_PERMISSIONS)
def one_order_settings(arguments: object, context: Context, selection: Selection) -> Row | None:
    """Resolve the settings of the first channel, as Saleor's deprecated field does."""
    rows = Channel.objects.order_by("pk")[:1]
    return next(iter(order_settings_object.read(rows, selection.names())), None)


@query.field(permissions=ORDER_PERMISSIONS)
def orders_total(
    arguments: OrdersTotalArguments, context: Context, selection: Selection
) -> TaxedAmount | None:
    """Return net sales of confirmed orders as the sales report counts them, in the channel's currency.

    Refunds are deducted on the day of their order. Returns null without a channel if there are several
    currencies.
    """
    channel = context.channel(arguments.get("channel"))
    if channel is None:
        return None
    day = vietnam_date(context.now)
    since = day.replace(day=1) if arguments.get("period") == "THIS_MONTH" else day
    parts = visible_parts(context).filter(report_channel=channel, **BASIS_CONDITIONS[SalesBasis.NET])
    if arguments.get("period") is not None:
        parts = parts.filter(report_date__gte=since)
    sums = parts.aggregate(net=Sum("total_net", default=0), gross=Sum("total_gross", default=0))
    net, gross = sums["net"], sums["gross"]
    refunded = Refund.objects.filter(part__in=parts.values("pk")).total_reduction()
    net_refunded = (refunded * net + gross // 2) // gross if gross else 0
    return TaxedAmount(net - net_refunded, gross - refunded, channel.currency)


@user_object.field("orders", needs="id")
def orders_of_people(
    people: list[Row], arguments: UserOrdersArguments, context: Context, selection: Selection
) -> Sequence[object]:
    rows = order_object.rows(context).filter(placed_at__isnull=False)
    rows = rows.filter(build_condition(arguments.get("where"), WHERE, context))
    keys = [user_row.id for user_row in people if user_row.id is not None]
    pages = connect_for_parents(
        order_object, rows, arguments, selection, order=PLACED, parent_column="user_id", parents=keys
    )
    pages_by_user = dict(zip(keys, pages, strict=True))
    return [pages_by_user.get(user_row.id) for user_row in people]


TYPES = (query,)
