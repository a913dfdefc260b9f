"""Cooperatives in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from cooperatives.models import (
    Certificate,
    Cooperative,
    DeliveryMethod,
    DeliveryRate,
    Follow,
    GroupCooperative,
    Membership,
    Producer,
    Warehouse,
)
from shop.core.admin import ReadMostlyAdmin, ReadOnlyInline


class MembershipInline(ReadOnlyInline):
    model = Membership


class DeliveryRateInline(ReadOnlyInline):
    model = DeliveryRate


@admin.register(Cooperative)
class CooperativeAdmin(ReadMostlyAdmin):
    """Edits only sort order and texts. The staff desk changes its state."""

    editable = ("sort_order", "summary", "story", "return_terms", "complaint_hours", "accept_within_hours")
    list_display = ("name", "state", "commune_name", "phone", "sort_order")
    list_filter = ("state", "is_sample")
    search_fields = ("folded_name", "legal_name", "registration_number", "phone")
    inlines = (MembershipInline,)
    ordering = ("sort_order", "pk")


@admin.register(GroupCooperative)
class GroupCooperativeAdmin(ReadMostlyAdmin):
    list_display = ("group", "cooperative")
    list_select_related = ("group", "cooperative")
    ordering = ("group", "cooperative", "pk")


@admin.register(Certificate)
class CertificateAdmin(ReadMostlyAdmin):
    list_display = ("cooperative", "kind", "stars", "number", "expires_on", "state", "is_sample")
    list_filter = ("kind", "state")
    list_select_related = ("cooperative",)
    ordering = ("cooperative", "kind", "pk")


@admin.register(Producer)
class ProducerAdmin(ReadMostlyAdmin):
    list_display = ("name", "cooperative", "products_made", "agreed_on")
    list_select_related = ("cooperative",)
    ordering = ("cooperative", "pk")


@admin.register(Follow)
class FollowAdmin(ReadMostlyAdmin):
    list_display = ("email", "cooperative", "language", "confirmed_at")
    list_select_related = ("cooperative",)
    search_fields = ("email",)
    # The token is left out, because it is a secret of the follower.
    fields = (
        "cooperative",
        "user",
        "email",
        "language",
        "created_at",
        "confirmed_at",
    )
    ordering = ("-created_at", "-pk")


@admin.register(Warehouse)
class WarehouseAdmin(ReadMostlyAdmin):
    list_display = ("name", "cooperative", "click_and_collect")
    list_select_related = ("cooperative",)
    ordering = ("cooperative", "created_at", "pk")


@admin.register(DeliveryMethod)
class DeliveryMethodAdmin(ReadMostlyAdmin):
    list_display = ("name", "cooperative", "kind", "is_active")
    list_filter = ("kind", "is_active")
    list_select_related = ("cooperative",)
    inlines = (DeliveryRateInline,)
    ordering = ("cooperative", "sort_order", "pk")
