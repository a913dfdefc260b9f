"""Move menu entries to other positions and parents."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from shop.content.models import Menu, MenuItem
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class EntryInsideItself(Refused):
    code = "entry_inside_itself"
    default_message = _("An entry cannot be below itself. Choose another place.")


@dataclass(frozen=True, slots=True)
class MenuItemMove:
    """Put an entry below a parent, then move it `offset` positions down, or up if negative.

    If the parent is None, the entry is on the top level. An entry that comes from another parent is last
    before the offset counts. A position outside the list becomes the first or the last.
    """

    item_id: int
    parent_id: int | None
    offset: int = 0


@transaction.atomic(durable=True)
def move_menu_items(
    *, menu_id: int, moves: Sequence[MenuItemMove], actor: Actor, now: datetime.datetime
) -> Menu:
    """Apply the moves in turn. Raises Missing, EntryInsideItself."""
    menu = lock_row(Menu.objects.filter(pk=menu_id))
    if menu is None:
        raise Missing(field="menu")
    items = {item.pk: item for item in MenuItem.objects.filter(menu=menu).order_by("sort_order", "pk")}
    children: defaultdict[int | None, list[MenuItem]] = defaultdict(list)
    for item in items.values():
        children[item.parent_id].append(item)
    for move in moves:
        _move(move, items, children)
    _number_items(children, None, 0)
    MenuItem.objects.bulk_update(items.values(), ["parent", "level", "sort_order"])
    record_change("menu.rearranged", menu, actor=actor, now=now, data={"what": "menuitem"})
    return menu


def _move(move: MenuItemMove, items: dict[int, MenuItem], children: dict[int | None, list[MenuItem]]) -> None:
    item = items.get(move.item_id)
    if item is None:
        raise Missing(field="itemId")
    parent = None
    if move.parent_id is not None:
        parent = items.get(move.parent_id)
        if parent is None:
            raise Missing(field="parentId")
        _require_outside(item, parent, items)
    siblings = children[item.parent_id]
    position = siblings.index(item)
    siblings.remove(item)
    if item.parent_id != move.parent_id:
        item.parent = parent
        siblings = children[move.parent_id]
        position = len(siblings)
    siblings.insert(min(max(position + move.offset, 0), len(siblings)), item)


def _require_outside(item: MenuItem, parent: MenuItem, items: dict[int, MenuItem]) -> None:
    """Raise EntryInsideItself if the parent is the entry or below it."""
    ancestor: MenuItem | None = parent
    while ancestor is not None:
        if ancestor.pk == item.pk:
            raise EntryInsideItself(field="parentId")
        ancestor = items[ancestor.parent_id] if ancestor.parent_id is not None else None


def _number_items(children: dict[int | None, list[MenuItem]], parent_id: int | None, level: int) -> None:
    """Set level and position of all entries below a parent."""
    for position, item in enumerate(children[parent_id]):
        item.level, item.sort_order = level, position
        _number_items(children, item.pk, level + 1)
