"""Show orders and payments in Django's admin, read-only because only actions change them."""

from __future__ import annotations

from django.contrib import admin

from orders.models import (
    GiftCard,
    Order,
    OrderLine,
    OrderPart,
    Parcel,
    ParcelLine,
    Payment,
    PaymentEvent,
    Voucher,
)
from shop.core.admin import ReadMostlyAdmin, ReadOnlyInline


class OrderPartInline(ReadOnlyInline):
    model = OrderPart
    fields = ("number", "cooperative", "state", "progress", "goods_gross", "delivery_gross", "total_gross")


class OrderLineInline(ReadOnlyInline):
    model = OrderLine
    fields = (
        "position",
        "product_name",
        "variant_name",
        "quantity",
        "unit_price",
        "total_gross",
        "commission",
    )


class ParcelLineInline(ReadOnlyInline):
    model = ParcelLine


class PaymentEventInline(ReadOnlyInline):
    model = PaymentEvent


@admin.register(Order)
class OrderAdmin(ReadMostlyAdmin):
    list_display = (
        "code",
        "number",
        "placed_at",
        "status",
        "source",
        "buyer_name",
        "total_gross",
        "currency",
    )
    list_filter = ("status", "source")
    search_fields = ("code", "=number", "phone", "folded_name")
    inlines = (OrderPartInline, OrderLineInline)
    ordering = ("-placed_at", "-number")


@admin.register(OrderPart)
class OrderPartAdmin(ReadMostlyAdmin):
    list_display = ("order", "number", "cooperative", "state", "progress", "total_gross", "commission")
    list_filter = ("state", "progress")
    list_select_related = ("order", "cooperative")
    search_fields = ("order__code",)
    ordering = ("-pk",)


@admin.register(Parcel)
class ParcelAdmin(ReadMostlyAdmin):
    list_display = ("part", "number", "kind", "state", "carrier", "tracking_number", "cod_state")
    list_filter = ("kind", "state", "cod_state")
    list_select_related = ("part",)
    search_fields = ("tracking_number", "part__order__code")
    inlines = (ParcelLineInline,)
    ordering = ("-pk",)


@admin.register(Payment)
class PaymentAdmin(ReadMostlyAdmin):
    list_display = ("order", "method", "currency", "reference", "created_at")
    list_filter = ("method",)
    list_select_related = ("order",)
    search_fields = ("order__code", "reference")
    inlines = (PaymentEventInline,)
    ordering = ("-created_at", "pk")


@admin.register(Voucher)
class VoucherAdmin(ReadMostlyAdmin):
    list_display = ("name", "type", "value_type", "cooperative")
    list_select_related = ("cooperative",)
    ordering = ("-pk",)


@admin.register(GiftCard)
class GiftCardAdmin(ReadMostlyAdmin):
    list_display = ("__str__", "currency", "current_balance", "initial_balance", "is_active", "expiry_date")
    list_filter = ("is_active",)
    exclude = ("code",)
    ordering = ("-created_at", "-pk")
