"""The history of an object, and the audit log: Change rows as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.text import capfirst

from shop.core.actors import EntryPoint
from shop.core.models import Change
from shop.history.change_texts import change_text
from shop.history.changed_objects import ChangedObject, load_objects_of_changes
from shop.history.changed_values import ChangedValue, changed_values


@dataclass(frozen=True, slots=True)
class ChangeDisplay:
    """A change for display. `part_number` is empty unless it concerns one part of an order."""

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
    return [
        ChangeDisplay(
            change=change,
            text=change_text(change),
            part_number=str(change.data.get("part", "")),
            actor_name=capfirst(change.actor_label),
            entry_point=capfirst(str(EntryPoint(change.entry_point).label)),
            objects=objects,
            values=changed_values(change),
        )
        for change, objects in zip(rows, load_objects_of_changes(rows), strict=True)
    ]
