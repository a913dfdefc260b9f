"""Totals, paid and refunded amounts of orders."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import Sum

from orders.models import OrderPart, Payment, PaymentSums
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.ids import Key
from shop.api.money import MoneyAmount, TaxedAmount
from shop.api.object_types import Row
from shop.api.orders.types import granted_refund_object, order_object, visible_grants
from shop.api.orders.visibility import filter_visible


def _add_taxed_field(field: str, column_prefix: str) -> None:
    net, gross = f"visible_{column_prefix}_net", f"visible_{column_prefix}_gross"

    def resolve(orders: list[Row], *_: object) -> list[TaxedAmount]:
        return [
            TaxedAmount(getattr(order_row, net), getattr(order_row, gross), order_row.currency)
            for order_row in orders
        ]

    order_object.field(field, needs=(net, gross, "currency"))(resolve)


_add_taxed_field("total", "total")
_add_taxed_field("undiscountedTotal", "list")
_add_taxed_field("subtotal", "goods")
_add_taxed_field("shippingPrice", "delivery")


@order_object.field(needs=("visible_delivery_net", "visible_delivery_gross"))
def shipping_tax_rate(orders: list[Row], *_: object) -> list[float]:
    """Resolve the tax rate. Several deliveries with different rates give the effective rate."""
    return [
        round(order_row.visible_delivery_gross / order_row.visible_delivery_net - 1, 4)
        if order_row.visible_delivery_net
        else 0.0
        for order_row in orders
    ]


@order_object.field(needs=("id", "currency"))
def undiscounted_shipping_price(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[MoneyAmount]:
    parts = filter_visible(context, OrderPart.objects.all(), order="order", part="pk")
    parts = parts.filter(order__in=[order_row.id for order_row in orders])
    rows = parts.order_by("order").values_list("order").annotate(total=Sum("delivery_list_gross"))
    totals_by_order = dict(rows)
    return [MoneyAmount(totals_by_order.get(order_row.id, 0), order_row.currency) for order_row in orders]


def _visible_share(amount: int, row: Row) -> int:
    """Return the visible parts' share of an amount for the whole order."""
    if row.visible_total_gross == row.total_gross:
        return amount
    return amount * row.visible_total_gross // row.total_gross if row.total_gross else 0


_SHARE_COLUMNS = ("visible_total_gross", "total_gross", "currency")


@order_object.field(needs=("charged", "visible_current_total_gross", *_SHARE_COLUMNS))
def total_balance(orders: list[Row], *_: object) -> list[MoneyAmount]:
    return [
        MoneyAmount(
            _visible_share(order_row.charged, order_row) - order_row.visible_current_total_gross,
            order_row.currency,
        )
        for order_row in orders
    ]


def _resolve_charged_amounts(orders: list[Row], *_: object) -> list[MoneyAmount]:
    return [
        MoneyAmount(_visible_share(order_row.charged, order_row), order_row.currency) for order_row in orders
    ]


order_object.field("totalCharged", needs=("charged", *_SHARE_COLUMNS))(_resolve_charged_amounts)
order_object.field("totalCaptured", needs=("charged", *_SHARE_COLUMNS))(_resolve_charged_amounts)


def _add_payment_sum_field(field: str, read: Callable[[PaymentSums], int]) -> None:
    """Add a field for a sum over the events of an order's payments."""

    def resolve(orders: list[Row], *_: object) -> list[MoneyAmount]:
        sums_by_order = Payment.objects.filter(
            order__in=[order_row.id for order_row in orders]
        ).sums_by_order()
        return [
            MoneyAmount(
                _visible_share(sum(map(read, sums_by_order.get(order_row.id, ()))), order_row),
                order_row.currency,
            )
            for order_row in orders
        ]

    order_object.field(field, needs=("id", *_SHARE_COLUMNS))(resolve)


_add_payment_sum_field("totalAuthorized", lambda sums: sums.authorised)
_add_payment_sum_field("totalCanceled", lambda sums: sums.cancelled)
_add_payment_sum_field("totalRefunded", lambda sums: sums.refunded)
_add_payment_sum_field("totalRefundPending", lambda sums: sums.refund_pending)
_add_payment_sum_field("totalAuthorizePending", lambda sums: sums.authorise_pending)
_add_payment_sum_field("totalChargePending", lambda sums: sums.charge_pending)
_add_payment_sum_field("totalCancelPending", lambda sums: sums.cancel_pending)


@order_object.field(needs=("id", "currency"))
def total_granted_refund(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[MoneyAmount]:
    rows = granted_refund_object.rows(context).filter(order__in=[order_row.id for order_row in orders])
    totals_by_order = dict(rows.order_by("order").values_list("order").annotate(total=Sum("amount")))
    return [MoneyAmount(totals_by_order.get(order_row.id, 0), order_row.currency) for order_row in orders]


@order_object.field(needs=("id", "currency"))
def total_remaining_grant(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[MoneyAmount]:
    """Resolve the granted amount that is neither refunded nor pending."""
    rows = visible_grants(context).filter(order__in=[order_row.id for order_row in orders])
    remaining_amounts = rows.failed_amounts()
    totals_by_order: dict[Key, int] = {}
    for key, order_key in rows.filter(pk__in=remaining_amounts).values_list("pk", "order"):
        totals_by_order[order_key] = totals_by_order.get(order_key, 0) + remaining_amounts[key]
    return [MoneyAmount(totals_by_order.get(order_row.id, 0), order_row.currency) for order_row in orders]


TYPES = ()
