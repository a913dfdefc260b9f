"""The object types of orders, and which rows of each a requester may see.

The sums of an order are columns `seen_…`: those of the whole order for its buyer and for the platform, those
of their parts for staff of some cooperatives.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F

from orders.models import (
    Allocation,
    Discount,
    DiscountShare,
    Order,
    OrderLine,
    Parcel,
    ParcelLine,
    Refund,
    RefundLine,
)
from shop.accounts.permissions import Permission
from shop.api.context import Context
from shop.api.types import Rows, Type
from shop.core.models import Change

HANDLING = (Permission.MANAGE_ORDERS,)

SUMS = (
    *("list_net", "list_gross", "goods_net", "goods_gross", "delivery_net", "delivery_gross"),
    *("total_net", "total_gross", "due_gross"),
)


def whole_orders() -> Rows:
    """Orders with the sums of the whole order, for whoever was found to see it already."""
    return Order.objects.annotate(**{f"seen_{column}": F(column) for column in SUMS})


def _orders(context: Context) -> Rows:
    """All of them for staff; for anybody else their own, and a guest's by its unguessable id."""
    rows = whole_orders()
    if context.may(*HANDLING):
        return rows
    return rows.filter(pk__in=Order.objects.visible_to(context.user).values("pk"))


order = Type("Order", _orders)
line = Type("OrderLine", lambda context: OrderLine.objects.filter(order__in=_orders(context).values("pk")))
allocation = Type("Allocation", lambda context: Allocation.objects.all())
fulfillment = Type("Fulfillment", lambda context: Parcel.objects.all())
fulfillment_line = Type("FulfillmentLine", lambda context: ParcelLine.objects.all())
discount = Type("OrderDiscount", lambda context: Discount.objects.all())
line_discount = Type("OrderLineDiscount", lambda context: DiscountShare.objects.all())
voucher = Type("Voucher")
event = Type("OrderEvent", lambda context: Change.objects.all())
granted_refund = Type("OrderGrantedRefund", lambda context: Refund.objects.all())
granted_refund_line = Type("OrderGrantedRefundLine", lambda context: RefundLine.objects.all())


def owns(context: Context, key: Any) -> bool:
    """Whether somebody may write an order's public metadata: whose it is, or who holds a guest's id."""
    return Order.objects.visible_to(context.user).filter(pk=key).exists()
