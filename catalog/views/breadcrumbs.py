"""Breadcrumbs from the home page to the current page, for pages and search engines."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.models import Category
from shop.core.models import show_in_language


class Step(NamedTuple):
    """`row` is set if the name belongs to a row, which knows whether it was translated."""

    name: str
    path: str
    row: Category | None = None


def steps_to(category: Category | None) -> list[Step]:
    """The market, all products, then the category's ancestors and itself, outermost first."""
    above = [int(key) for key in (category.path or "").strip("/").split("/") if key] if category else []
    categories = list(Category.objects.filter(pk__in=above).order_by("level", "pk")) if above else []
    show_in_language(categories, "name")
    return [
        market_step(),
        Step(_("Goods"), reverse("catalog:products")),
        *(Step(row.name, reverse("catalog:category", args=[row.slug]), row) for row in categories),
    ]


def market_step() -> Step:
    return Step(_("Market"), reverse("home"))
