"""The types of resolvers, and the default resolvers.

A resolver returns one field's values for all objects at one path of the operation:

    def resolve_cooperative(parents, arguments, context, selection):
        cooperatives = cooperatives_by_key(
            {parent.cooperative_id for parent in parents}, selection.names()
        )
        return [cooperatives.get(parent.cooperative_id) for parent in parents]

It returns as many values as there are parents, in their order. An exception among the values fails that one
object's field. A raised exception fails the field for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .plan import Selection

Arguments = dict[str, object]
Resolver = Callable[[list[Any], Any, Any, "Selection"], Sequence[object]]
"""`resolve(parents, arguments, context, selection)`: one value per parent. The schema checks what the
executor passes, so each resolver declares the types of its own field."""

TypeResolver = Callable[[list[object], object], Sequence[str | None]]
"""Called with values and context; returns the name of the object type of each value."""


_PLAIN = {dict}


def by_name(name: str) -> Resolver:
    """Return a resolver that reads a mapping's key or an object's attribute, or null if it is missing."""
    key, attribute = itemgetter(name), attrgetter(name)

    def resolve(
        parents: list[Any], arguments: object, context: object, selection: Selection
    ) -> Sequence[object]:
        parent_types = set(map(type, parents))
        with suppress(Exception):  # something is missing or fails, so it is read object by object below
            if parent_types == _PLAIN:
                return list(map(key, parents))
            if not any(issubclass(parent_type, Mapping) for parent_type in parent_types):
                return list(map(attribute, parents))
        return [_read_or_failure(parent, name) for parent in parents]

    return resolve


def type_names_of_mappings(values: list[object], context: object) -> Sequence[str | None]:
    """Resolve types by default: a mapping's `__typename`, else None."""
    return [value.get("__typename") if isinstance(value, Mapping) else None for value in values]


def _read_or_failure(parent: object, name: str) -> object:
    try:
        return parent.get(name) if isinstance(parent, Mapping) else getattr(parent, name, None)
    except Exception as error:
        return error
