"""Base classes for Django's admin: staff can read everything and change only a few columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin
from django.db import models
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst

from shop.core.actors import Actor, EntryPoint
from shop.core.models import (
    Change,
    Channel,
    Division,
    Picture,
    ShopSettings,
    TaxClass,
    TaxRate,
    Translation,
    record_change,
)
from shop.core.web.phone_fields import PhoneField

if TYPE_CHECKING:  # Generic only for the type checker.
    Admin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
else:
    Admin, Inline = admin.ModelAdmin, admin.TabularInline


def admin_actor(request: HttpRequest) -> Actor:
    """Return the signed-in staff member as an actor of the desk."""
    key = request.user.pk
    assert key is not None  # the admin requires a signed-in user
    return Actor.person(key, str(request.user), EntryPoint.DESK)


def record_admin_change(
    request: HttpRequest, action: str, row: models.Model, *, data: dict[str, object] | None = None
) -> None:
    """Record that a row was "created", "changed" or "deleted" in the admin, in the caller's transaction."""
    change_action = f"{row._meta.model_name}.{action}"
    record_change(change_action, row, actor=admin_actor(request), now=timezone.now(), data=data)


def form_changes(form: BaseForm, *, private_fields: tuple[str, ...] = ()) -> dict[str, object]:
    """Return the old and new values of a form's changed fields. Of `private_fields` return only the names."""
    changed_fields = [field for field in form.changed_data if field not in private_fields]
    return {
        "fields": form.changed_data,
        "from": {field: _to_json_value(form.initial.get(field)) for field in changed_fields},
        "to": {field: _to_json_value(form.cleaned_data[field]) for field in changed_fields},
    }


def _to_json_value(value: object) -> object:
    """Convert a value to JSON. Rows become their primary keys."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, (list, models.QuerySet)):
        return sorted(item.pk if isinstance(item, models.Model) else item for item in value)
    return str(value)


class ReadOnlyInline(Inline):
    """Read-only related rows."""

    extra = 0
    can_delete = False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadMostlyAdmin(Admin):
    """Read-only admin. Only the columns in `editable` can be changed. Rows cannot be added or deleted.

    Never list states, money or anything that an action writes in `editable`, because the actions hold the
    rules.
    """

    editable: ClassVar[tuple[str, ...]] = ()
    # The change log records the names of fields with personal data, without their values.
    private_fields: ClassVar[tuple[str, ...]] = ()
    list_per_page = 50
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> list[str]:
        fields = [*self.model._meta.concrete_fields, *self.model._meta.many_to_many]
        return [field.name for field in fields if field.name not in self.editable]

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        """Return the form field of a column. The shop's phone numbers are validated like all others."""
        if db_field.name.endswith("phone"):
            label = capfirst(db_field.verbose_name)
            return PhoneField(label=label, required=not db_field.blank, is_business=True)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: BaseForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.changed_data:
            record_admin_change(
                request, "changed", obj, data=form_changes(form, private_fields=self.private_fields)
            )


@admin.register(Change)
class ChangeAdmin(ReadMostlyAdmin):
    list_display = ("created_at", "action", "root_kind", "root_key", "actor_name", "entry_point")
    list_filter = ("entry_point", "actor_kind")
    search_fields = ("root_key", "key", "action")
    ordering = ("-created_at", "-pk")


@admin.register(Channel)
class ChannelAdmin(ReadMostlyAdmin):
    """Activate a channel and change its order settings. The desk has no page for this yet."""

    editable = (
        "name",
        "reservation_minutes",
        "requires_listing_review",
        "automatically_confirm_all_new_orders",
    )
    list_display = ("name", "slug", "currency", "is_active")
    ordering = ("pk",)


@admin.register(ShopSettings)
class ShopSettingsAdmin(ReadMostlyAdmin):
    """Edit the platform's legal details and the cooperatives' response deadlines."""

    editable = (
        "name",
        "description",
        "operator_name",
        "operator_registration",
        "operator_address",
        "operator_phone",
        "operator_zalo_phone",
        "operator_email",
        "ministry_notice_url",
        "accept_within_hours",
        "attention_hours_before",
        "substitute_answer_hours",
        "limit_quantity_per_checkout",
    )
    list_display = ("name", "operator_name")
    ordering = ("pk",)


class TaxRateInline(ReadOnlyInline):
    model = TaxRate


@admin.register(TaxClass)
class TaxClassAdmin(ReadMostlyAdmin):
    list_display = ("name",)
    inlines = (TaxRateInline,)
    ordering = ("name", "pk")


@admin.register(Division)
class DivisionAdmin(ReadMostlyAdmin):
    list_display = ("full_name", "code", "level", "parent", "valid_from", "valid_until")
    list_filter = ("level",)
    list_select_related = ("parent",)
    search_fields = ("folded", "code")
    ordering = ("sort_key", "pk")


@admin.register(Picture)
class PictureAdmin(ReadMostlyAdmin):
    editable = ("alt",)
    list_display = ("pk", "alt", "state", "width", "height", "created_at")
    list_filter = ("state",)
    ordering = ("-pk",)


@admin.register(Translation)
class TranslationAdmin(ReadMostlyAdmin):
    editable = ("text",)
    list_display = ("kind", "key", "language", "field", "text")
    list_filter = ("language", "kind")
    ordering = ("kind", "key", "language", "field")
