"""The object types of orders, and which rows of each a requester may see (`visibility.py`)."""

from __future__ import annotations

import uuid

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
    Voucher,
    VoucherCode,
    VoucherValue,
)
from orders.models.refund import RefundQuerySet
from shop.accounts.staff.permissions import Permission
from shop.api.context import Context
from shop.api.field_permissions import CooperativeScoped
from shop.api.object_types import Rows, Type
from shop.api.orders.visibility import filter_visible, visible_orders
from shop.core.models import Change

# ORDER_PERMISSIONS may be limited to some cooperatives. WHOLE_ORDER_PERMISSIONS may not.
ORDER_PERMISSIONS = (CooperativeScoped(Permission.MANAGE_ORDERS),)
WHOLE_ORDER_PERMISSIONS = (Permission.MANAGE_ORDERS,)


def _visible_lines(context: Context) -> Rows:
    rows: Rows = filter_visible(context, OrderLine.objects.all(), order="order", part="part")
    return rows


def _visible_parcels(context: Context) -> Rows:
    rows: Rows = filter_visible(context, Parcel.objects.all(), order="part__order", part="part")
    return rows


def visible_grants(context: Context) -> RefundQuerySet:
    return filter_visible(context, Refund.objects.all(), order="order", part="part")


order_object = Type("Order", visible_orders)
line_object = Type("OrderLine", _visible_lines)
allocation_object = Type("Allocation", lambda context: Allocation.objects.all())
fulfillment_object = Type("Fulfillment", _visible_parcels)
fulfillment_line_object = Type("FulfillmentLine", lambda context: ParcelLine.objects.all())
discount_object = Type("OrderDiscount", lambda context: Discount.objects.all())
line_discount_object = Type("OrderLineDiscount", lambda context: DiscountShare.objects.all())
voucher_object = Type("Voucher", lambda context: Voucher.objects.all())
voucher_code_object = Type("VoucherCode", lambda context: VoucherCode.objects.all())
voucher_listing_object = Type("VoucherChannelListing", lambda context: VoucherValue.objects.all())
event_object = Type("OrderEvent", lambda context: Change.objects.all())
granted_refund_object = Type("OrderGrantedRefund", visible_grants)
granted_refund_line_object = Type("OrderGrantedRefundLine", lambda context: RefundLine.objects.all())


def is_owner(context: Context, key: uuid.UUID) -> bool:
    """Return whether the requester may write public metadata.

    The buyer may, and so may whoever has the id of a guest's order.
    """
    return Order.objects.changeable_by(context.user, context.now).filter(pk=key).exists()
