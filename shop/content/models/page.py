"""Pages written by staff (about the market, terms, stories), and their types with attributes."""

from __future__ import annotations

import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from catalog.models import Attribute, AttributeValue
from shop.core.models import WithMetadata, WithSeo, WithSortOrder

COOPERATIVE = "cooperative"  # the page type of cooperatives' pages


class PageType(WithMetadata):
    """A type of pages with its attributes."""

    slug = models.SlugField(max_length=255, unique=True)
    name = models.CharField(max_length=250)
    attributes = models.ManyToManyField(Attribute, through="PageTypeAttribute", related_name="page_types")

    class Meta:
        verbose_name = pgettext_lazy("model", "page type")
        verbose_name_plural = pgettext_lazy("models", "page types")

    def __str__(self) -> str:
        return self.name


class PageTypeAttribute(WithSortOrder):
    page_type = models.ForeignKey(PageType, models.CASCADE, related_name="attribute_rows")
    attribute = models.ForeignKey(Attribute, models.CASCADE, related_name="page_type_rows")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["page_type", "attribute"], name="page_type_attribute_once"),
        ]

    def __str__(self) -> str:
        return f"{self.page_type_id} {self.attribute_id}"


class PageQuerySet(models.QuerySet["Page"]):
    def published(self, now: datetime.datetime) -> PageQuerySet:
        """Return pages for all visitors, which are published and not scheduled for later."""
        return self.filter(Q(published_at=None) | Q(published_at__lte=now), is_published=True)


class Page(WithMetadata, WithSeo):
    """A page written by staff.

    `content` is EditorJS JSON. Cooperatives' pages are not stored here. They are read from the cooperative.
    """

    page_type = models.ForeignKey(PageType, models.PROTECT, related_name="pages")
    slug = models.SlugField(max_length=255, unique=True)
    title = models.CharField(max_length=250)
    content = models.JSONField(null=True, blank=True)
    is_published = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PageQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "page")
        verbose_name_plural = pgettext_lazy("models", "pages")
        indexes = [models.Index(fields=["page_type", "id"], name="page_by_type")]

    def __str__(self) -> str:
        return self.title


class PageAttributeValue(WithSortOrder):
    page = models.ForeignKey(Page, models.CASCADE, related_name="attribute_rows")
    value = models.ForeignKey(AttributeValue, models.CASCADE, related_name="page_rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["page", "value"], name="page_value_once")]

    def __str__(self) -> str:
        return f"{self.page_id} {self.value_id}"
