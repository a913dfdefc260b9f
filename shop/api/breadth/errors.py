"""Replace failed values by nulls in a second pass, and locate errors by path.

Execution leaves a `FailedValue` for each failed value and each null in a non-null place. It records which
fields of which scopes contain failed values. `NullPropagation` walks the response only if there are any, and
only towards these values.

The walk goes depth first in response order, as the specification describes execution. An error in a non-null
place sets the nearest nullable place above to null. Later errors below that place are not reported.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from graphql import GraphQLError
from graphql.error import located_error

if TYPE_CHECKING:
    from .plan import Selection, Shape
    from .scope import Scope

Path = list[str | int]


class FailedValue:
    """Placeholder for a failed value until the second pass."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class IntrospectionFailure:
    """Placeholder for an introspection field that graphql-core executed, with its errors."""

    __slots__ = ("data", "errors")

    def __init__(self, data: object, errors: list[GraphQLError]) -> None:
        self.data = data
        self.errors = errors


class _Propagated:
    """Marks a null in a non-null place, which propagates to the parent."""


_PROPAGATED = _Propagated()


class NullPropagation:
    """Replaces the failed values in the given scopes by nulls. `errors` is in response order."""

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self.errors: list[GraphQLError] = []
        self._scopes_by_result = {
            id(result): scope for scope in scopes if scope.failed_keys for result in scope.results
        }
        self._path: Path = []

    def propagate_nulls(
        self, scope: Scope, result: dict[str, object], selections: Iterable[Selection]
    ) -> bool:
        """Replace failed values in these fields. Return False if the object itself must be null."""
        for selection in selections:
            if selection.key not in scope.failed_keys:
                continue
            self._path.append(selection.key)
            replaced = self._replace_failed_value(selection, selection.shape, result[selection.key])
            self._path.pop()
            if replaced is _PROPAGATED:
                return False
            result[selection.key] = replaced
        return True

    def _replace_failed_value(self, selection: Selection, shape: Shape, value: Any) -> object:
        replacement = _PROPAGATED if shape.is_required else None
        if type(value) is FailedValue:
            self.errors.append(located_error(value.error, selection.nodes, list(self._path)))
            return replacement
        if type(value) is IntrospectionFailure:
            self.errors.extend(value.errors)
            return replacement if value.data is None else value.data
        if value is None or shape.serialise is not None:
            return value
        if shape.items is not None:
            return value if self._replace_failed_items(selection, shape.items, value) else replacement
        scope = self._scopes_by_result.get(id(value))
        if scope is None or self.propagate_nulls(scope, value, scope.fields.selections):
            return value
        return replacement

    def _replace_failed_items(self, selection: Selection, shape: Shape, items: list[object]) -> bool:
        for index, item in enumerate(items):
            self._path.append(index)
            replaced = self._replace_failed_value(selection, shape, item)
            self._path.pop()
            if replaced is _PROPAGATED:
                return False
            items[index] = replaced
        return True
