"""Create and update categories."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import transaction

from catalog.actions.products.product_rows import refresh_search_columns
from catalog.actions.taxonomy.taxonomy_rows import update_taxonomy_columns
from catalog.models import Category, Product
from shop.core.actors import Actor
from shop.core.database.row_values import save_unique, unused_slug
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.texts.folding import slugify


@transaction.atomic(durable=True)
def create_category(
    *,
    parent_id: int | None,
    name: str,
    slug: str | None,
    values: Mapping[str, object],
    actor: Actor,
    now: datetime.datetime,
) -> Category:
    """Create a category after its siblings. `values` are its other columns.

    Raises AlreadyTaken, and Missing for an unknown parent.
    """
    parent = lock_row(Category.objects.filter(pk=parent_id)) if parent_id is not None else None
    if parent_id is not None and parent is None:
        raise Missing(field="parent")
    position = Category.objects.filter(parent=parent).count()
    category = create_category_row(
        name=name,
        parent=parent,
        sort_order=position,
        slug=slug or unused_slug(Category, name),
        actor=actor,
        now=now,
    )
    for column, value in values.items():
        setattr(category, column, value)
    save_unique(category)
    return category


def create_category_row(
    *,
    name: str,
    parent: Category | None,
    sort_order: int,
    slug: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Category:
    """In a transaction: create a category inside `parent` or at the root. Raises AlreadyTaken."""
    category = Category(
        name=name,
        slug=slug or slugify(name),
        parent=parent,
        sort_order=sort_order,
        level=parent.level + 1 if parent else 0,
        is_shown=parent.is_shown if parent else True,
    )
    save_unique(category)
    category.path = f"{parent.path if parent else '/'}{category.pk}/"
    category.save(update_fields=["path"])
    record_change("category.created", category, actor=actor, now=now)
    return category


@transaction.atomic(durable=True)
def update_category(
    *, category_id: int, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> Category:
    """Update the named columns. The products are indexed again if the name changes.

    Raises Missing, AlreadyTaken.
    """
    return update_category_row(category_id=category_id, values=values, actor=actor, now=now)


def update_category_row(
    *, category_id: int, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> Category:
    """In a transaction: update the named columns as `update_category` does."""
    category = update_taxonomy_columns(Category, category_id, values=values, actor=actor, now=now)
    if "name" in values:
        refresh_search_columns(Product.objects.filter(category=category))
    return category
