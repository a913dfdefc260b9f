"""Users, groups, apps and consents in Django's admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group as DjangosGroup
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from shop.accounts.models import App, Consent, Group, GroupPermission, User
from shop.accounts.sign_in.sessions import sign_out_everywhere
from shop.core.admin import Admin, Inline, ReadMostlyAdmin, form_changes, record_admin_change

admin.site.unregister(DjangosGroup)  # unused, because staff permissions come from our own groups


@admin.register(User)
class UserAdmin(ReadMostlyAdmin):
    """Users without passwords and keys."""

    editable = ("note", "is_active")
    private_fields = ("note",)
    exclude = ("password", "revocation_key", "private_metadata")
    list_display = ("pk", "first_name", "email", "phone", "is_staff", "is_active", "date_joined")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "phone", "first_name", "last_name")
    ordering = ("-pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name not in self.exclude]

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not obj.is_active:
            sign_out_everywhere(obj)
        super().save_model(request, obj, form, change)


class GroupPermissionInline(Inline):
    model = GroupPermission
    extra = 1


@admin.register(Group)
class GroupAdmin(Admin):
    """Permission groups of staff, the only rows created and edited in the admin."""

    list_display = ("name", "is_platform_wide", "is_restricted_to_channels")
    list_filter = ("is_platform_wide",)
    filter_horizontal = ("users", "channels")
    inlines = (GroupPermissionInline,)
    ordering = ("name", "pk")

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        codes = form.instance.permissions.order_by("code").values_list("code", flat=True)
        data = form_changes(form) | {"permissions": list(codes)}
        record_admin_change(request, "changed" if change else "created", form.instance, data=data)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        record_admin_change(request, "deleted", obj, data={"name": obj.name})
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        for group in queryset.order_by("pk"):
            record_admin_change(request, "deleted", group, data={"name": group.name})
        super().delete_queryset(request, queryset)


@admin.register(App)
class AppAdmin(ReadMostlyAdmin):
    """Apps without their tokens."""

    editable = ("is_active",)
    exclude = ("private_metadata",)
    list_display = ("name", "identifier", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("name", "identifier")
    ordering = ("name", "pk")

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name not in self.exclude]


@admin.register(Consent)
class ConsentAdmin(ReadMostlyAdmin):
    list_display = ("subject", "user", "purpose", "version", "given_at", "withdrawn_at", "entry_point")
    list_filter = ("purpose", "entry_point")
    list_select_related = ("user",)
    search_fields = ("subject",)
    ordering = ("-given_at", "-pk")
