"""Create and edit categories."""

from __future__ import annotations

import datetime

from catalog.actions.products.product_rows import SEARCH_COLUMNS, set_search_columns
from catalog.models import Category, Product
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.database.unique_fields import save_unique
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.texts.folding import slugify


def add_category(
    *,
    name: str,
    parent: Category | None,
    sort_order: int,
    address: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Category:
    """Step: create a category inside `parent` or at the root; `address` overrides the slug.

    Raises AlreadyTaken.
    """
    category = Category(
        name=name,
        slug=address or slugify(name),
        parent=parent,
        sort_order=sort_order,
        level=parent.level + 1 if parent else 0,
    )
    save_unique(category)
    category.path = f"{parent.path if parent else '/'}{category.pk}/"
    category.save(update_fields=["path"])
    record_change("category.added", category, actor=actor, now=now)
    return category


def edit_category(
    *,
    category_id: int,
    name: str,
    description: str,
    sort_order: int,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Step: update a category; reindexes its products if the name changes. Raises Missing."""
    category = lock_row(Category.objects.filter(pk=category_id))
    if category is None:
        raise Missing()
    new_values = {"name": name, "description_text": description, "sort_order": sort_order}
    before = {
        field: getattr(category, field)
        for field in new_values
        if getattr(category, field) != new_values[field]
    }
    for field in before:
        setattr(category, field, new_values[field])
    category.save()
    if "name" in before:
        products = list(
            Product.objects.filter(category=category).select_related("cooperative").order_by("pk")
        )
        for product in products:
            product.category = category
            set_search_columns(product)
        Product.objects.bulk_update(products, SEARCH_COLUMNS, batch_size=500)
    if before:
        record_change(
            "category.edited",
            category,
            actor=actor,
            now=now,
            data={"from": before, "to": {field: new_values[field] for field in before}},
        )
