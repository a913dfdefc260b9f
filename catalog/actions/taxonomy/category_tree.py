"""Move or hide a branch of categories, merge two categories, and translate their names."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import transaction
from django.db.models import ManyToOneRel
from django.utils.translation import gettext_lazy as _

from catalog.actions.listings.selling_prices import apply_promotions
from catalog.actions.products.product_rows import SEARCH_COLUMNS, set_search_columns
from catalog.actions.taxonomy.taxonomy_rows import StillReferenced, lock_taxonomy_row
from catalog.models import Category, MergedCategory, Product, ProductRevision
from shop.core.actors import Actor
from shop.core.database.transactions import lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import Change, change_values, record_change
from shop.core.texts.translations import save_row_translations

CATEGORY_TEXTS = ("name", "description_text")


class CategoryInsideItself(Refused):
    code = "category_inside_itself"
    default_message = _("A category cannot be inside itself or one of its own subcategories.")


@transaction.atomic(durable=True)
def move_category(
    *, category_id: int, parent_id: int | None, position: int, actor: Actor, now: datetime.datetime
) -> Category:
    """Put a category with everything inside it under another parent, or at the root.

    `position` counts from 0 among its new siblings. Raises CategoryInsideItself, Missing.
    """
    categories = _lock_tree()
    category = _category_or_missing(categories, category_id, field="id")
    parent = _category_or_missing(categories, parent_id, field="parent") if parent_id is not None else None
    if parent is not None and (parent.path or "").startswith(category.branch_path):
        raise CategoryInsideItself(field="parent")
    before = _placement(categories, category)
    old_path, old_level = category.path or "", category.level
    category.parent = parent
    siblings = [row for row in categories.values() if row.parent_id == parent_id and row != category]
    siblings.sort(key=lambda sibling: (sibling.sort_order, sibling.pk))
    siblings.insert(max(0, position), category)
    for sort_order, sibling in enumerate(siblings):
        sibling.sort_order = sort_order
    new_path = f"{parent.path if parent else '/'}{category.pk}/"
    new_level = parent.level + 1 if parent else 0
    for row in categories.values():
        if old_path and (row.path or "").startswith(old_path):
            row.path = new_path + (row.path or "")[len(old_path) :]
            row.level += new_level - old_level
    Category.objects.bulk_update(categories.values(), ["parent", "path", "level", "sort_order"])
    _update_is_shown()
    branch = Product.objects.filter(category__path__startswith=new_path)
    apply_promotions(branch.values_list("pk", flat=True), actor=actor, now=now)
    after = _placement(categories, category)
    if before != after:
        data = {"from": before, "to": after}
        record_change("category.moved", category, actor=actor, now=now, data=data)
    return category


@transaction.atomic(durable=True)
def merge_category(*, category_id: int, into_id: int, actor: Actor, now: datetime.datetime) -> Category:
    """Move a category's products, proposed ones too, and subcategories into another one, and delete it.

    Past orders keep its key, and `MergedCategory` records the target. Raises CategoryInsideItself, Missing,
    and StillReferenced while a promotion, voucher or commission rate names it.
    """
    categories = _lock_tree()
    category = _category_or_missing(categories, category_id, field="id")
    target = _category_or_missing(categories, into_id, field="into")
    if (target.path or "").startswith(category.branch_path):
        raise CategoryInsideItself(field="into")
    old_path, shift = category.path or "", target.level - category.level
    for row in categories.values():
        if row != category and old_path and (row.path or "").startswith(old_path):
            row.path = (target.path or "") + (row.path or "")[len(old_path) :]
            row.level += shift
            row.parent = target if row.parent_id == category.pk else row.parent
    Category.objects.bulk_update(categories.values(), ["parent", "path", "level"])
    _update_is_shown()
    if _is_referenced(category):
        raise StillReferenced(field="id")
    count = _move_products(category, target, actor=actor, now=now)
    for revision in ProductRevision.objects.filter(values__category_id=category.pk):
        revision.values["category_id"] = target.pk
        revision.save(update_fields=["values"])
    snapshot = {"name": category.name, "slug": category.slug}
    data = {"from": category.name, "to": target.name, "into": target.pk, "products": count}
    record_change("category.merged", category, actor=actor, now=now, data=data, snapshot=snapshot)
    MergedCategory.objects.filter(into=category).update(into=target)
    MergedCategory.objects.create(key=category.pk, slug=category.slug, into=target)
    Category.objects.get(pk=category.pk).delete()
    return target


@transaction.atomic(durable=True)
def hide_category(*, category_id: int, is_hidden: bool, actor: Actor, now: datetime.datetime) -> None:
    """Hide a category and everything inside it from buyers, or show it again. Its products stay on sale.

    A category inside it that was hidden itself stays hidden. Raises Missing.
    """
    category = _category_or_missing(_lock_tree(), category_id, field="id")
    if category.is_hidden == is_hidden:
        return
    Category.objects.filter(pk=category.pk).update(is_hidden=is_hidden, is_shown=False)
    _update_is_shown()
    data = {"from": {"is_hidden": category.is_hidden}, "to": {"is_hidden": is_hidden}}
    action = "category.hidden" if is_hidden else "category.shown"
    record_change(action, category, actor=actor, now=now, data=data)


@transaction.atomic(durable=True)
def translate_category(
    *, category_id: int, language: str, texts: Mapping[str, str], actor: Actor, now: datetime.datetime
) -> None:
    """Store translations of a category's texts. An empty text deletes its translation. Raises Missing."""
    category = lock_taxonomy_row(Category, category_id, field="id")
    changed = save_row_translations(category, language, texts, translatable_fields=CATEGORY_TEXTS)
    if changed:
        data = {"language": language, "fields": changed}
        record_change("category.translated", category, actor=actor, now=now, data=data)


def _is_referenced(category: Category) -> bool:
    """Return whether rows other than products and subcategories refer to the category."""
    return any(
        relation.related_model._base_manager.filter(**{relation.field.name: category}).exists()
        for relation in Category._meta.get_fields(include_hidden=True)
        if isinstance(relation, ManyToOneRel)
        and relation.related_model not in (Product, Category, MergedCategory)
    )


def _lock_tree() -> dict[int, Category]:
    """Lock all categories, since a move may change every path."""
    return {row.pk: row for row in lock_rows(Category.objects.order_by("pk"))}


def _update_is_shown() -> None:
    """Derive `is_shown` of every category.

    Reads the categories again, because some may have been added while the lock was awaited.
    """
    categories = list(Category.objects.order_by("pk"))
    hidden_branches = tuple(category.branch_path for category in categories if category.is_hidden)
    for is_shown in (False, True):
        keys = [
            category.pk
            for category in categories
            if category.is_shown != is_shown and (category.path or "").startswith(hidden_branches) != is_shown
        ]
        Category.objects.filter(pk__in=keys).update(is_shown=is_shown)


def _category_or_missing(categories: Mapping[int, Category], key: int, *, field: str) -> Category:
    if key not in categories:
        raise Missing(field=field)
    return categories[key]


def _placement(categories: Mapping[int, Category], category: Category) -> dict[str, object]:
    parent = categories[category.parent_id] if category.parent_id is not None else None
    return {"parent": parent.name if parent else "", "sort_order": category.sort_order}


def _move_products(category: Category, target: Category, *, actor: Actor, now: datetime.datetime) -> int:
    """Move the products, and record a change for each.

    Removed products move too, so that nothing refers to it.
    """
    products = list(
        Product.objects.filter(category=category)
        .select_related("cooperative")
        .prefetch_related("variants")
        .order_by("pk")
    )
    for product in products:
        product.category = target
        set_search_columns(product)
    Product.objects.bulk_update(products, ["category", *SEARCH_COLUMNS], batch_size=500)
    data = {"fields": ["category"], "from": {"category": category.name}, "to": {"category": target.name}}
    Change.objects.bulk_create(
        (
            Change(
                **change_values(
                    "product.changed",
                    product,
                    actor=actor,
                    now=now,
                    cooperative_id=product.cooperative_id,
                    data=data,
                )
            )
            for product in products
        ),
        batch_size=500,
    )
    apply_promotions([product.pk for product in products], actor=actor, now=now)
    return len(products)
