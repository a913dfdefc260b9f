"""Menus: named trees of links in a storefront's header and footer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from catalog.models import Category, Collection
from cooperatives.models import Cooperative
from shop.content.models.page import Page
from shop.core.models import WithMetadata


class Menu(WithMetadata):
    slug = models.SlugField(max_length=255, unique=True)
    name = models.CharField(max_length=250)

    class Meta:
        verbose_name = pgettext_lazy("model", "menu")
        verbose_name_plural = pgettext_lazy("models", "menus")

    def __str__(self) -> str:
        return self.name


class MenuItem(WithMetadata):
    """A menu entry with at most one target. An entry without a target is a heading.

    `collection_cooperative` and `page_cooperative` link to a cooperative's product collection or page.
    """

    menu = models.ForeignKey(Menu, models.CASCADE, related_name="items")
    parent = models.ForeignKey("self", models.CASCADE, related_name="children", null=True, blank=True)
    level = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=128)
    url = models.CharField(max_length=256, blank=True, default="")
    category = models.ForeignKey(Category, models.CASCADE, related_name="+", null=True, blank=True)
    collection = models.ForeignKey(Collection, models.CASCADE, related_name="+", null=True, blank=True)
    collection_cooperative = models.ForeignKey(
        Cooperative, models.CASCADE, related_name="+", null=True, blank=True
    )
    page = models.ForeignKey(Page, models.CASCADE, related_name="+", null=True, blank=True)
    page_cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="+", null=True, blank=True)
    sort_order = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = pgettext_lazy("model", "menu entry")
        verbose_name_plural = pgettext_lazy("models", "menu entries")
        constraints = [
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="menu_item_not_in_itself"),
        ]
        indexes = [models.Index(fields=["menu", "sort_order", "id"], name="menu_item_in_order")]

    def __str__(self) -> str:
        return self.name
