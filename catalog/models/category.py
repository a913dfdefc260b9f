from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from shop.core.models import Picture, WithExternalReference, WithMetadata, WithSeo, WithTimes

_NO_BRANCH = "/none/"  # a prefix that no path has


def branch_prefix(path: str | None) -> str:
    """Return the prefix of every path in the branch of this path. A missing path has an empty branch."""
    return path or _NO_BRANCH


class CategoryQuerySet(models.QuerySet["Category"]):
    def in_order(self) -> CategoryQuerySet:
        return self.order_by("sort_order", "pk")

    def roots(self) -> CategoryQuerySet:
        return self.filter(parent=None).in_order()

    def shown(self) -> CategoryQuerySet:
        """Return categories that buyers see."""
        return self.filter(is_shown=True)


class Category(WithMetadata, WithExternalReference, WithSeo, WithTimes):
    """A product category. The categories form a tree.

    `path` lists the keys from the root down ("/3/17/"), so that a branch is one prefix. Staff set
    `is_hidden`. `is_shown` is derived: it is true if neither the category nor one above it is hidden. These
    columns and `level` are written only by `catalog.actions.taxonomy.categories` and
    `catalog.actions.taxonomy.category_tree`.
    """

    parent = models.ForeignKey("self", models.PROTECT, related_name="children", null=True, blank=True)
    path = models.CharField(max_length=250, unique=True, null=True, blank=True)
    level = models.PositiveSmallIntegerField(default=0)
    slug = models.SlugField(max_length=255, unique=True)
    name = models.CharField(max_length=250)
    description = models.JSONField(null=True, blank=True)
    description_text = models.TextField(blank=True, default="")
    picture = models.ForeignKey(Picture, models.SET_NULL, related_name="+", null=True, blank=True)
    sort_order = models.PositiveIntegerField(default=0)
    is_hidden = models.BooleanField(default=False)
    is_shown = models.BooleanField(default=True)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "category")
        verbose_name_plural = pgettext_lazy("models", "categories")
        constraints = [
            models.CheckConstraint(condition=~Q(parent=models.F("id")), name="category_not_its_own_parent"),
            models.CheckConstraint(
                condition=Q(is_hidden=False) | Q(is_shown=False), name="category_hidden_or_shown"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def branch_path(self) -> str:
        """The prefix of every path in its branch."""
        return branch_prefix(self.path)


class MergedCategory(models.Model):
    """The key and slug of a category that was merged into another. Past orders keep the key."""

    key = models.PositiveBigIntegerField(primary_key=True)
    slug = models.SlugField(max_length=255)
    into = models.ForeignKey(Category, models.CASCADE, related_name="merged_categories")

    class Meta:
        verbose_name = pgettext_lazy("model", "merged category")
        verbose_name_plural = pgettext_lazy("models", "merged categories")

    def __str__(self) -> str:
        return self.slug
