"""Create, edit and delete pages, page types and menus on behalf of staff."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TypeVar

from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.attribute_values import AttributeInput, set_attributes
from catalog.models import Attribute
from shop.content.models import (
    Menu,
    MenuItem,
    Page,
    PageAttributeValue,
    PageType,
    PageTypeAttribute,
)
from shop.core.actors import Actor
from shop.core.database.row_values import require_related_rows, save_unique, unused_slug
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

Row = TypeVar("Row", bound=models.Model)


class PagesLeft(Refused):
    code = "pages_left"
    default_message = _("Some pages use this page type. Remove or change them first.")


@transaction.atomic(durable=True)
def create_page(
    *,
    page_type_id: int,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput],
    actor: Actor,
    now: datetime.datetime,
) -> Page:
    """Create a page. Raises Missing, AlreadyTaken, AttributeNotOfType, MissingAttributes."""
    page_type = PageType.objects.filter(pk=page_type_id).first()
    if page_type is None:
        raise Missing(field="pageType")
    page = Page(page_type=page_type, **values)
    page.slug = page.slug or unused_slug(Page, page.title)
    save_unique(page)
    _set_attribute_values(page, inputs, requires_all=True)
    record_change("page.created", page, actor=actor, now=now)
    return page


@transaction.atomic(durable=True)
def edit_page(
    *,
    page_id: int,
    values: Mapping[str, object],
    inputs: Sequence[AttributeInput],
    actor: Actor,
    now: datetime.datetime,
) -> Page:
    """Change the given columns and attributes of a page. Raises Missing, AlreadyTaken, AttributeNotOfType."""
    page = _lock_row(Page, page_id)
    changed = _change_columns(page, values)
    _set_attribute_values(page, inputs, requires_all=False)
    record_change("page.changed", page, actor=actor, now=now, data={"fields": changed})
    return page


@transaction.atomic(durable=True)
def publish_pages(
    *, page_ids: Sequence[int], is_published: bool, actor: Actor, now: datetime.datetime
) -> int:
    """Publish or hide pages, and return how many were changed. Raises Missing, and changes nothing then."""
    pages = lock_rows(Page.objects.filter(pk__in=page_ids))
    if len(pages) != len(set(page_ids)):
        raise Missing(field="ids")
    changed = [page for page in pages if page.is_published != is_published]
    for page in changed:
        page.is_published = is_published
        page.save()
        record_change("page.changed", page, actor=actor, now=now, data={"fields": ["is_published"]})
    return len(changed)


@transaction.atomic(durable=True)
def save_page_type(
    *,
    page_type_id: int | None,
    values: Mapping[str, object],
    add: Sequence[int] = (),
    remove: Sequence[int] = (),
    actor: Actor,
    now: datetime.datetime,
) -> PageType:
    """Create a page type, or change one's columns and attributes. Raises Missing, AlreadyTaken."""
    if page_type_id is None:
        page_type = PageType(**values)
        page_type.slug = page_type.slug or unused_slug(PageType, page_type.name)
        save_unique(page_type)
    else:
        page_type = _lock_row(PageType, page_type_id)
        _change_columns(page_type, values)
    page_type.attribute_rows.filter(attribute__in=remove).delete()
    for position, key in enumerate(add, page_type.attribute_rows.count()):
        if not Attribute.objects.filter(pk=key).exists():
            raise Missing(field="addAttributes")
        PageTypeAttribute.objects.get_or_create(
            page_type=page_type, attribute_id=key, defaults={"sort_order": position}
        )
    action = "pagetype.created" if page_type_id is None else "pagetype.changed"
    record_change(action, page_type, actor=actor, now=now, data={"added": [*add], "removed": [*remove]})
    return page_type


@transaction.atomic(durable=True)
def save_menu(
    *,
    menu_id: int | None,
    values: Mapping[str, object],
    items: Sequence[Mapping[str, object]] = (),
    actor: Actor,
    now: datetime.datetime,
) -> Menu:
    """Create a menu with entries, or change one's columns. Raises Missing, AlreadyTaken."""
    if menu_id is None:
        menu = Menu(**values)
        menu.slug = menu.slug or unused_slug(Menu, menu.name)
        save_unique(menu)
        for item in items:
            require_related_rows(MenuItem, item)
        for position, item in enumerate(items):
            save_unique(MenuItem(menu=menu, sort_order=position, **item), field="items")
    else:
        menu = _lock_row(Menu, menu_id)
        _change_columns(menu, values)
    record_change("menu.created" if menu_id is None else "menu.changed", menu, actor=actor, now=now)
    return menu


@transaction.atomic(durable=True)
def add_menu_item(
    *,
    menu_id: int,
    parent_id: int | None,
    values: Mapping[str, object],
    actor: Actor,
    now: datetime.datetime,
) -> MenuItem:
    """Append a menu entry on its level. Raises Missing, also if the parent belongs to another menu."""
    menu = _lock_row(Menu, menu_id, field="menu")
    parent = MenuItem.objects.filter(pk=parent_id, menu=menu).first() if parent_id is not None else None
    if parent_id is not None and parent is None:
        raise Missing(field="parent")
    require_related_rows(MenuItem, values)
    item = MenuItem(
        menu=menu,
        parent=parent,
        level=parent.level + 1 if parent is not None else 0,
        sort_order=MenuItem.objects.filter(menu=menu, parent=parent).count(),
        **values,
    )
    save_unique(item)
    record_change("menu.item_added", item, actor=actor, now=now, root=menu)
    return item


@transaction.atomic(durable=True)
def change_menu_item(
    *, item_id: int, values: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> MenuItem:
    """Change an entry's name or target. Raises Missing."""
    item = _lock_row(MenuItem, item_id)
    require_related_rows(MenuItem, values)
    changed = _change_columns(item, values)
    record_change(
        "menu.item_changed", item, actor=actor, now=now, root=Menu(pk=item.menu_id), data={"fields": changed}
    )
    return item


@transaction.atomic(durable=True)
def delete_content(model: type[models.Model], key: int, *, actor: Actor, now: datetime.datetime) -> None:
    """Delete a page, a page type without pages, a menu, or an entry with its children.

    Raises Missing, PagesLeft.
    """
    row = _lock_row(model, key)
    action = f"{model._meta.model_name}.deleted"
    record_change(action, row, actor=actor, now=now, snapshot={"name": str(row)})
    try:
        row.delete()
    except ProtectedError as error:
        raise PagesLeft(field="id") from error


def _set_attribute_values(page: Page, inputs: Sequence[AttributeInput], *, requires_all: bool) -> None:
    page_type_attributes = PageTypeAttribute.objects.filter(page_type=page.page_type_id).select_related(
        "attribute"
    )
    links = {
        page_type_attribute.attribute_id: page_type_attribute.attribute
        for page_type_attribute in page_type_attributes.order_by("pk")
    }
    set_attributes(page, PageAttributeValue, "page", links, inputs, requires_all=requires_all)


def _lock_row(model: type[Row], key: int, *, field: str = "id") -> Row:
    row = lock_row(model._default_manager.filter(pk=key))
    if row is None:
        raise Missing(field=field)
    return row


def _change_columns(row: models.Model, values: Mapping[str, object]) -> list[str]:
    """Set columns and save, and return the names of those that changed."""
    changed = [column for column, value in values.items() if getattr(row, column) != value]
    for column in changed:
        setattr(row, column, values[column])
    save_unique(row)
    return changed
