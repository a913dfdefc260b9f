"""The history of an object, and the audit log: Change rows as text."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext

from orders.models import Order, OrderPart
from shop.core.actors import ActorKind, EntryPoint
from shop.core.models import Change
from shop.history.change_texts import change_text
from shop.history.changed_objects import ChangedObject, load_objects_of_changes
from shop.history.changed_values import ChangedValue, changed_values


@dataclass(frozen=True, slots=True)
class ChangeDisplay:
    """A change for display. `part_number` is empty unless it concerns one of several parts of an order."""

    change: Change
    text: str
    part_number: str
    actor_name: str
    entry_point: str
    objects: list[ChangedObject]
    values: list[ChangedValue]


def build_change_displays(changes: Iterable[Change]) -> list[ChangeDisplay]:
    """Return changes for display. The number of queries does not depend on how many there are."""
    rows = list(changes)
    divided_orders = _find_divided_orders(rows)
    return [
        ChangeDisplay(
            change=change,
            text=change_text(change),
            part_number=str(change.data.get("part", "")) if change.root_key in divided_orders else "",
            actor_name=capfirst(change.actor_label),
            entry_point=_entry_point_text(change),
            objects=objects,
            values=changed_values(change),
        )
        for change, objects in zip(rows, load_objects_of_changes(rows), strict=True)
    ]


def _find_divided_orders(changes: Iterable[Change]) -> set[str]:
    """Return the keys of the orders among these that have several parts. It takes one query at most."""
    order_label = Order._meta.label_lower
    keys = {
        uuid.UUID(change.root_key)
        for change in changes
        if change.root_kind == order_label and "part" in change.data
    }
    if not keys:
        return set()
    rows = OrderPart.objects.filter(order__in=keys, number__gt=1).order_by("order").values_list("order")
    return {str(order_id) for (order_id,) in rows.distinct()}


def _entry_point_text(change: Change) -> str:
    """Return the interface. Drivers and receivers have no account: they come by a link."""
    if change.actor_kind == ActorKind.GUEST and change.entry_point == EntryPoint.MEMBERS:
        return gettext("Driver's or receiver's link")
    return str(capfirst(str(EntryPoint(change.entry_point).label)))
