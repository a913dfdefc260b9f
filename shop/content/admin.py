"""Read-only pages and menus in Django's admin."""

from __future__ import annotations

from django.contrib import admin

from shop.content.models import Menu, MenuItem, Page, PageType
from shop.core.admin import ReadMostlyAdmin, ReadOnlyInline


@admin.register(PageType)
class PageTypeAdmin(ReadMostlyAdmin):
    list_display = ("name", "slug")
    ordering = ("name", "pk")


@admin.register(Page)
class PageAdmin(ReadMostlyAdmin):
    editable = ("title", "is_published")
    list_display = ("title", "page_type", "is_published", "published_at")
    list_select_related = ("page_type",)
    ordering = ("title", "pk")


class MenuItemInline(ReadOnlyInline):
    model = MenuItem


@admin.register(Menu)
class MenuAdmin(ReadMostlyAdmin):
    list_display = ("name", "slug")
    inlines = (MenuItemInline,)
    ordering = ("name", "pk")
