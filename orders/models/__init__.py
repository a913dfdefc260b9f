from orders.models.basket import Basket, BasketLine, DeliveryChoice, Reservation
from orders.models.discount import (
    Bearer,
    Discount,
    DiscountKind,
    DiscountShare,
    ValueType,
    Voucher,
    VoucherCode,
    VoucherUse,
    VoucherValue,
)
from orders.models.order import Allocation, Order, OrderCode, OrderLine, OrderNumber, Origin, Source
from orders.models.parcel import Parcel, ParcelLine
from orders.models.part import OrderPart
from orders.models.payment import EventKind, Method, Payment, PaymentEvent, PaymentSums, total_sums

__all__ = [
    "Allocation",
    "Basket",
    "BasketLine",
    "Bearer",
    "DeliveryChoice",
    "Discount",
    "DiscountKind",
    "DiscountShare",
    "EventKind",
    "Method",
    "Order",
    "OrderCode",
    "OrderLine",
    "OrderNumber",
    "OrderPart",
    "Origin",
    "Parcel",
    "ParcelLine",
    "Payment",
    "PaymentEvent",
    "PaymentSums",
    "Reservation",
    "Source",
    "ValueType",
    "Voucher",
    "VoucherCode",
    "VoucherUse",
    "VoucherValue",
    "total_sums",
]
