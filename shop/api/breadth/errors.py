"""The second pass: where values failed, nulls take their place, and errors get their paths.

Execution leaves a `Hole` wherever a value failed or a null stood where none may stand, and remembers which
fields of which scopes have holes in or below them. Only if there are any does `Settlement` walk the
response, and only towards the holes. It goes depth first in response order, as the specification describes
execution: an error in a place that may not be null empties the nearest place above that may, and whatever
else failed below that place, later in order, is never reported.
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


class Hole:
    """Stands in a response for a value that failed, until the second pass."""

    __slots__ = ("error",)

    def __init__(self, error: Exception) -> None:
        self.error = error


class Answered:
    """Stands for a field that graphql-core answered itself (introspection), with the errors it found."""

    __slots__ = ("data", "errors")

    def __init__(self, data: Any, errors: list[GraphQLError]) -> None:
        self.data = data
        self.errors = errors


class _Emptied:
    """A value that cannot be, so its surroundings cannot be either."""


_EMPTIED = _Emptied()


class Settlement:
    """Fills the holes below the given scopes with nulls. `errors` are in the order of the response."""

    def __init__(self, scopes: Iterable[Scope]) -> None:
        self.errors: list[GraphQLError] = []
        self._owners = {id(result): scope for scope in scopes if scope.holes for result in scope.results}
        self._path: Path = []

    def settle(self, scope: Scope, result: dict[str, Any], selections: Iterable[Selection]) -> bool:
        """Settle these fields of one object. False if the object itself cannot be."""
        for selection in selections:
            if selection.key not in scope.holes:
                continue
            self._path.append(selection.key)
            settled = self._value(selection, selection.shape, result[selection.key])
            self._path.pop()
            if settled is _EMPTIED:
                return False
            result[selection.key] = settled
        return True

    def _value(self, selection: Selection, shape: Shape, value: Any) -> Any:
        nothing = _EMPTIED if shape.required else None
        if type(value) is Hole:
            self.errors.append(located_error(value.error, selection.nodes, list(self._path)))
            return nothing
        if type(value) is Answered:
            self.errors.extend(value.errors)
            return nothing if value.data is None else value.data
        if value is None or shape.serialise is not None:
            return value
        if shape.items is not None:
            return value if self._items(selection, shape.items, value) else nothing
        scope = self._owners.get(id(value))
        if scope is None or self.settle(scope, value, scope.fields.selections):
            return value
        return nothing

    def _items(self, selection: Selection, shape: Shape, items: list[Any]) -> bool:
        for index, item in enumerate(items):
            self._path.append(index)
            settled = self._value(selection, shape, item)
            self._path.pop()
            if settled is _EMPTIED:
                return False
            items[index] = settled
        return True
