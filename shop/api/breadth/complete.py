"""Complete columns of resolved values to columns of response values, one type level at a time.

Nulls and exceptions are split off first (the set of Python types in the column shows whether there are any),
so the rest handles valid values only. Lists are concatenated, completed as one column, and split again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, is_object_type
from graphql.pyutils import Undefined, inspect, is_iterable

from .errors import FailedValue
from .leaves import ValueTypes
from .plan import AbstractType, Selection, Shape
from .resolvers import TypeResolver, type_names_of_mappings
from .scope import Scope

_NULL_TYPES = {type(None), type(Undefined)}
_LISTS = ({list}, {tuple}, {list, tuple})


class Queue(Protocol):
    """Receives the scopes that completion creates."""

    def append(self, scope: Scope, /) -> None: ...


class Completion:
    """Completes the values of one request and queues a scope for the objects it finds."""

    def __init__(
        self,
        schema: GraphQLSchema,
        type_resolvers: Mapping[str, TypeResolver],
        context: object,
        queue: Queue,
    ) -> None:
        self._schema = schema
        self._type_resolvers = type_resolvers
        self._context = context
        self._queue = queue

    def complete(
        self, scope: Scope, selection: Selection, shape: Shape, values: list[object]
    ) -> list[object]:
        """Return one response value per input value.

        A failed value becomes a FailedValue and marks the scope.
        """
        value_types: ValueTypes = set(map(type, values))
        gap_types = {
            value_type
            for value_type in value_types
            if value_type in _NULL_TYPES or issubclass(value_type, Exception)
        }
        if gap_types:
            return self._complete_with_gaps(scope, selection, shape, values, value_types, gap_types)
        return self._complete_valid(scope, selection, shape, values, value_types)

    def _complete_with_gaps(
        self,
        scope: Scope,
        selection: Selection,
        shape: Shape,
        values: list[object],
        value_types: ValueTypes,
        gap_types: ValueTypes,
    ) -> list[object]:
        completed_values: list[object] = [None] * len(values)
        if shape.is_required or not gap_types <= _NULL_TYPES:
            scope.mark_failed(selection.key)
            for position, value in enumerate(values):
                if isinstance(value, Exception):
                    completed_values[position] = FailedValue(value)
                elif shape.is_required and type(value) in gap_types:
                    completed_values[position] = FailedValue(_null_error(selection))
        valid_positions = [position for position, value in enumerate(values) if type(value) not in gap_types]
        if valid_positions:
            valid_values = [values[position] for position in valid_positions]
            completed = self._complete_valid(scope, selection, shape, valid_values, value_types - gap_types)
            for position, value in zip(valid_positions, completed, strict=True):
                completed_values[position] = value
        return completed_values

    def _complete_valid(
        self, scope: Scope, selection: Selection, shape: Shape, values: list[object], value_types: ValueTypes
    ) -> list[object]:
        if shape.serialise is not None:
            completed_values = shape.serialise(values, value_types)
            if completed_values is not values and FailedValue in set(map(type, completed_values)):
                scope.mark_failed(selection.key)
            return completed_values
        if shape.items is not None:
            return self._complete_lists(scope, selection, shape.items, values, value_types)
        if shape.object is not None:
            return self._complete_objects(scope, selection, shape.object, values)
        assert shape.abstract is not None
        return self._complete_abstract(scope, selection, shape.abstract, values)

    def _complete_lists(
        self, scope: Scope, selection: Selection, items: Shape, values: list[Any], value_types: ValueTypes
    ) -> list[object]:
        if value_types not in _LISTS:
            values = [_as_list(selection, value) for value in values]
        flat: list[object] = []
        for value in values:
            if type(value) is FailedValue:
                scope.mark_failed(selection.key)
            else:
                flat.extend(value)
        completed = self.complete(scope, selection, items, flat) if flat else flat
        completed_values: list[object] = []
        start = 0
        for value in values:
            if type(value) is FailedValue:
                completed_values.append(value)
            else:
                end = start + len(value)
                completed_values.append(completed[start:end])
                start = end
        return completed_values

    def _complete_objects(
        self, scope: Scope, selection: Selection, type_: GraphQLObjectType, values: list[object]
    ) -> list[Any]:
        fields = selection.fields_below(type_)
        if fields.error is not None:
            scope.mark_failed(selection.key)
            return [FailedValue(fields.error) for _ in values]
        results: list[dict[str, object]] = [{} for _ in values]
        self._queue.append(Scope(fields, values, results, scope, selection.key))
        return results

    def _complete_abstract(
        self, scope: Scope, selection: Selection, abstract: AbstractType, values: list[object]
    ) -> list[object]:
        """Complete objects of an interface or union, grouped into one scope per concrete type."""
        completed_values: list[object] = []
        positions_by_type: dict[str, list[int]] = {}
        types: dict[str, GraphQLObjectType] = {}
        for position, (value, name) in enumerate(
            zip(values, self._type_names(abstract, values), strict=True)
        ):
            concrete_type = types.get(name) if isinstance(name, str) else None
            if concrete_type is None:
                try:
                    concrete_type = self._runtime_type(selection, abstract, name, value)
                except Exception as error:
                    scope.mark_failed(selection.key)
                    completed_values.append(FailedValue(error))
                    continue
                types[concrete_type.name] = concrete_type
            positions_by_type.setdefault(concrete_type.name, []).append(position)
            completed_values.append(None)
        for name, where in positions_by_type.items():
            completed = self._complete_objects(
                scope, selection, types[name], [values[position] for position in where]
            )
            for position, value in zip(where, completed, strict=True):
                completed_values[position] = value
        return completed_values

    def _type_names(self, abstract: AbstractType, values: list[object]) -> list[object]:
        try:
            resolve = self._type_resolvers.get(abstract.name, type_names_of_mappings)
            return same_length(resolve(values, self._context), values, f"type {abstract.name}")
        except Exception as error:
            return [error] * len(values)

    def _runtime_type(
        self, selection: Selection, abstract: AbstractType, name: object, value: object
    ) -> GraphQLObjectType:
        """Return the type that a type resolver named. Raises graphql-core's errors for an impossible type."""
        if isinstance(name, Exception):
            raise name
        type_ = self._schema.get_type(name) if isinstance(name, str) else None
        if is_object_type(type_) and self._schema.is_sub_type(abstract, type_):
            return type_
        unresolved = (
            f"Abstract type '{abstract}' must resolve to an Object type at runtime for field '{selection}'"
        )
        if name is None:
            advice = (
                f" Either the '{abstract}' type should provide a 'resolve_type' function"
                " or each possible type should provide an 'is_type_of' function."
            )
            raise GraphQLError(f"{unresolved}.{advice}", selection.nodes)
        if not isinstance(name, str):
            received = f"received '{inspect(name)}', which is not a valid Object type name."
            raise GraphQLError(f"{unresolved} with value {inspect(value)}, {received}", selection.nodes)
        if type_ is None:
            problem = f"was resolved to a type '{name}' that does not exist inside the schema."
        elif not is_object_type(type_):
            problem = f"was resolved to a non-object type '{name}'."
        else:
            message = f"Runtime Object type '{name}' is not a possible type for '{abstract}'."
            raise GraphQLError(message, selection.nodes)
        raise GraphQLError(f"Abstract type '{abstract}' {problem}", selection.nodes)


def same_length(values: Iterable[object], objects: list[object], field_name: str) -> list[object]:
    """Check that a resolver returned one value per object. Raises TypeError or ValueError."""
    answered = values if isinstance(values, list) else list(values)
    if len(answered) != len(objects):
        raise ValueError(
            f"The resolver of {field_name} returned {len(answered)} value(s) for {len(objects)} object(s)."
        )
    return answered


def _null_error(selection: Selection) -> TypeError:
    return TypeError(f"Cannot return null for non-nullable field {selection}.")


def _as_list(selection: Selection, value: object) -> object:
    if not is_iterable(value):
        return FailedValue(GraphQLError(f"Expected Iterable, but did not find one for field '{selection}'."))
    try:
        return list(value)
    except Exception as error:
        return FailedValue(error)
