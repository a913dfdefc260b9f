"""Attach rows that another query has read to their parents, as prefetching in Django does."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Model, QuerySet


def attach_prefetched_rows(
    parents: Iterable[Model], name: str, rows: Iterable[Model], *, foreign_key: str
) -> None:
    """Make `parent.name.all()` return the rows that point to the parent, in their order."""
    groups: dict[object, list[Model]] = {}
    for row in rows:
        groups.setdefault(getattr(row, f"{foreign_key}_id"), []).append(row)
    for parent in parents:
        children = groups.get(parent.pk, [])
        for row in children:
            setattr(row, foreign_key, parent)
        prefetched = parent.__dict__.setdefault("_prefetched_objects_cache", {})
        prefetched[name] = _PrefetchedRows(type(parent))
        prefetched[name]._result_cache = children


class _PrefetchedRows(QuerySet[Model]):
    """Prefetched rows. Any further filter raises TypeError."""

    def _chain(self) -> _PrefetchedRows:
        raise TypeError("These rows are prefetched: nothing but all() is supported.")
