"""A scope: the objects of one concrete type at one path of the operation, and their results."""

from __future__ import annotations

from .plan import FieldSet


class Scope:
    """`objects` and `results` are parallel lists; `holes` are the keys with a failed value in or below."""

    __slots__ = ("_above", "_key", "fields", "holes", "objects", "results")

    def __init__(
        self,
        fields: FieldSet,
        objects: list[object],
        results: list[dict[str, object]],
        above: Scope | None = None,
        key: str = "",
    ) -> None:
        self.fields = fields
        self.objects = objects
        self.results = results
        self.holes: set[str] = set()
        self._above = above
        self._key = key

    def mark(self, key: str) -> None:
        """Record that there are holes in or below this field, in this scope and all scopes above."""
        scope: Scope | None = self
        while scope is not None and key not in scope.holes:
            scope.holes.add(key)
            key, scope = scope._key, scope._above
