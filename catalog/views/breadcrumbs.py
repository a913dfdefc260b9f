"""Breadcrumbs from the home page to the current page, for pages and search engines."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Category
from shop.core.models import show_in_language


class Breadcrumb(NamedTuple):
    """`row` is the row that the name belongs to, if any. It tells whether the name is translated."""

    name: str
    path: str
    row: Category | None = None


def breadcrumbs_to(category: Category | None) -> list[Breadcrumb]:
    """Return the market, all products, then the category's ancestors and itself, outermost first.

    Hidden categories are left out: their products appear under the nearest visible ancestor.
    """
    ancestor_ids = (
        [int(key) for key in (category.path or "").strip("/").split("/") if key] if category else []
    )
    categories = (
        list(Category.objects.shown().filter(pk__in=ancestor_ids).order_by("level", "pk"))
        if ancestor_ids
        else []
    )
    show_in_language(categories, "name")
    return [
        market_breadcrumb(),
        Breadcrumb(_("Products"), reverse("catalog:products")),
        *(Breadcrumb(row.name, reverse("catalog:category", args=[row.slug]), row) for row in categories),
    ]


def market_breadcrumb() -> Breadcrumb:
    return Breadcrumb(_("Home"), reverse("home"))
