"""A scope: the objects of one concrete type at one path of the operation, and their results."""

from __future__ import annotations

from .plan import FieldSet


class Scope:
    """The objects of one concrete type at one path, and their results in a parallel list.

    `failed_keys` are the keys of fields that contain a failed value, directly or further down.
    """

    __slots__ = ("_key", "_parent", "failed_keys", "fields", "objects", "results")

    def __init__(
        self,
        fields: FieldSet,
        objects: list[object],
        results: list[dict[str, object]],
        parent: Scope | None = None,
        key: str = "",
    ) -> None:
        self.fields = fields
        self.objects = objects
        self.results = results
        self.failed_keys: set[str] = set()
        self._parent = parent
        self._key = key

    def mark_failed(self, key: str) -> None:
        """Record a failed value in or below this field, in this scope and all scopes above it."""
        scope: Scope | None = self
        while scope is not None and key not in scope.failed_keys:
            scope.failed_keys.add(key)
            key, scope = scope._key, scope._parent
