"""Django admin of the catalogue. It is mostly read-only, because members and staff edit elsewhere."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from catalog.actions.taxonomy.categories import update_category_row
from catalog.models import (
    Attribute,
    BackInStockRequest,
    Bulletin,
    Category,
    Collection,
    CollectionListing,
    Listing,
    Movement,
    Price,
    Product,
    ProductType,
    Stock,
    Variant,
)
from shop.core.admin import ReadMostlyAdmin, ReadOnlyInline, admin_actor


class VariantInline(ReadOnlyInline):
    model = Variant
    fk_name = "product"
    fields = ("sku", "name", "unit", "weight", "barcode", "track_inventory")


class ListingInline(ReadOnlyInline):
    model = Listing


class PriceInline(ReadOnlyInline):
    model = Price


@admin.register(Category)
class CategoryAdmin(ReadMostlyAdmin):
    editable = ("name", "description_text", "sort_order")
    list_display = ("name", "parent", "level", "sort_order")
    list_select_related = ("parent",)
    ordering = ("path", "pk")

    def save_model(self, request: HttpRequest, obj: Category, form: Any, change: bool) -> None:
        update_category_row(
            category_id=obj.pk,
            values={column: getattr(obj, column) for column in self.editable},
            actor=admin_actor(request),
            now=timezone.now(),
        )


@admin.register(ProductType)
class ProductTypeAdmin(ReadMostlyAdmin):
    editable = ("name", "is_perishable")
    list_display = ("name", "kind", "is_perishable")
    ordering = ("name", "pk")


@admin.register(Attribute)
class AttributeAdmin(ReadMostlyAdmin):
    list_display = ("name", "slug", "kind", "input_type")
    ordering = ("name", "pk")


@admin.register(Product)
class ProductAdmin(ReadMostlyAdmin):
    list_display = ("name", "cooperative", "category", "product_type", "is_sample")
    list_filter = ("product_type", "is_sample")
    list_select_related = ("cooperative", "category", "product_type")
    search_fields = ("search_text", "slug")
    inlines = (VariantInline, ListingInline)
    ordering = ("sort_key", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return Product.objects.existing().order_by(*self.ordering)


@admin.register(Variant)
class VariantAdmin(ReadMostlyAdmin):
    list_display = ("product", "name", "sku", "unit", "barcode")
    list_select_related = ("product",)
    search_fields = ("sku", "barcode", "product__search_text")
    inlines = (PriceInline,)
    ordering = ("product", "sort_order", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return Variant.objects.existing().order_by(*self.ordering)


@admin.register(Stock)
class StockAdmin(ReadMostlyAdmin):
    list_display = ("variant", "warehouse", "on_hand", "reserved", "allocated", "free", "counted_at")
    list_select_related = ("variant", "warehouse")
    ordering = ("warehouse", "variant")


@admin.register(Movement)
class MovementAdmin(ReadMostlyAdmin):
    list_display = ("created_at", "stock", "quantity", "reason", "document", "entry_point")
    list_filter = ("reason", "entry_point")
    list_select_related = ("stock",)
    ordering = ("-created_at", "-pk")


class CollectionListingInline(ReadOnlyInline):
    model = CollectionListing


@admin.register(Collection)
class CollectionAdmin(ReadMostlyAdmin):
    list_display = ("name", "slug", "updated_at")
    inlines = (CollectionListingInline,)
    ordering = ("name", "pk")


@admin.register(Bulletin)
class BulletinAdmin(ReadMostlyAdmin):
    list_display = ("week", "cooperative", "language", "created_at", "sent_at")
    list_filter = ("language",)
    list_select_related = ("cooperative",)
    ordering = ("-week", "pk")


@admin.register(BackInStockRequest)
class BackInStockRequestAdmin(ReadMostlyAdmin):
    list_display = ("product", "variant", "contact_method", "contact", "created_at", "notified_at")
    list_filter = ("contact_method", "is_for_next_season")
    list_select_related = ("product", "variant")
    search_fields = ("contact",)
    # The token is left out, because it is a secret of the requester.
    fields = (
        "product",
        "variant",
        "user",
        "contact_method",
        "contact",
        "language",
        "is_for_next_season",
        "created_at",
        "notified_at",
    )
    ordering = ("-created_at", "-pk")
