"""Breadcrumbs from the home page to the current page, for pages and search engines."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Category
from shop.core.database.compiled_query import compiled_query
from shop.core.models import show_in_language


class Breadcrumb(NamedTuple):
    """A link of the path to a page. `row` is the row that the name belongs to, if there is one.

    The row tells whether the name is translated.
    """

    name: str
    path: str
    row: Category | None = None


def build_breadcrumbs_to(category: Category | None) -> list[Breadcrumb]:
    """Return the market, all products, then the category's ancestors and itself, outermost first.

    Hidden categories are left out. Their products appear under the nearest visible ancestor.
    """
    ancestor_ids = (
        [int(key) for key in (category.path or "").strip("/").split("/") if key] if category else []
    )
    categories = _select_shown(ancestor_ids) if ancestor_ids else []
    show_in_language(categories, "name")
    return [
        market_breadcrumb(),
        Breadcrumb(_("Products"), reverse("catalog:products")),
        *(Breadcrumb(row.name, reverse("catalog:category", args=[row.slug]), row) for row in categories),
    ]


@compiled_query
def _select_shown(keys: Collection[int]) -> QuerySet[Category]:
    return Category.objects.shown().filter(pk__in=keys).order_by("level", "pk")


def market_breadcrumb() -> Breadcrumb:
    return Breadcrumb(_("Home"), reverse("home"))
