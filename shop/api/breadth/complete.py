"""From a column of resolved values to a column of response values, a level of the type at a time.

Nulls and exceptions are set aside first (the types in the column tell whether there are any), so that
everything below deals with good values only. Lists are laid end to end, completed as one column, and cut
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, is_object_type
from graphql.pyutils import Undefined, inspect, is_iterable

from .errors import Hole
from .leaves import Kinds
from .plan import AbstractType, Selection, Shape
from .resolvers import TypeResolver, named_by_mapping
from .scope import Scope

_NOTHING = {type(None), type(Undefined)}
_LISTS = ({list}, {tuple}, {list, tuple})


class Queue(Protocol):
    """Takes the scopes that completion finds."""

    def append(self, scope: Scope, /) -> None: ...


class Completion:
    """Completes the values of one request, putting the objects it finds in a queue of further scopes."""

    def __init__(
        self,
        schema: GraphQLSchema,
        type_resolvers: Mapping[str, TypeResolver],
        context: Any,
        queue: Queue,
    ) -> None:
        self._schema = schema
        self._type_resolvers = type_resolvers
        self._context = context
        self._queue = queue

    def complete(self, scope: Scope, selection: Selection, shape: Shape, values: list[Any]) -> list[Any]:
        """The values as sent, one for each given; what failed is a hole, and the scope is marked."""
        kinds: Kinds = set(map(type, values))
        gaps = {kind for kind in kinds if kind in _NOTHING or issubclass(kind, Exception)}
        if gaps:
            return self._around_gaps(scope, selection, shape, values, kinds, gaps)
        return self._good(scope, selection, shape, values, kinds)

    def _around_gaps(
        self, scope: Scope, selection: Selection, shape: Shape, values: list[Any], kinds: Kinds, gaps: Kinds
    ) -> list[Any]:
        done: list[Any] = [None] * len(values)
        if shape.required or not gaps <= _NOTHING:
            scope.mark(selection.key)
            for place, value in enumerate(values):
                if isinstance(value, Exception):
                    done[place] = Hole(value)
                elif shape.required and type(value) in gaps:
                    done[place] = Hole(_null_refused(selection))
        places = [place for place, value in enumerate(values) if type(value) not in gaps]
        if places:
            good = [values[place] for place in places]
            completed = self._good(scope, selection, shape, good, kinds - gaps)
            for place, value in zip(places, completed, strict=True):
                done[place] = value
        return done

    def _good(
        self, scope: Scope, selection: Selection, shape: Shape, values: list[Any], kinds: Kinds
    ) -> list[Any]:
        if shape.serialise is not None:
            done = shape.serialise(values, kinds)
            if done is not values and Hole in set(map(type, done)):
                scope.mark(selection.key)
            return done
        if shape.items is not None:
            return self._lists(scope, selection, shape.items, values, kinds)
        if shape.object is not None:
            return self._objects(scope, selection, shape.object, values)
        assert shape.abstract is not None
        return self._of_several_types(scope, selection, shape.abstract, values)

    def _lists(
        self, scope: Scope, selection: Selection, items: Shape, values: list[Any], kinds: Kinds
    ) -> list[Any]:
        if kinds not in _LISTS:
            values = [_as_list(selection, value) for value in values]
        flat: list[Any] = []
        for value in values:
            if type(value) is Hole:
                scope.mark(selection.key)
            else:
                flat.extend(value)
        completed = self.complete(scope, selection, items, flat) if flat else flat
        done: list[Any] = []
        start = 0
        for value in values:
            if type(value) is Hole:
                done.append(value)
            else:
                end = start + len(value)
                done.append(completed[start:end])
                start = end
        return done

    def _objects(
        self, scope: Scope, selection: Selection, type_: GraphQLObjectType, values: list[Any]
    ) -> list[Any]:
        fields = selection.below(type_)
        if fields.error is not None:
            scope.mark(selection.key)
            return [Hole(fields.error) for _ in values]
        results: list[dict[str, Any]] = [{} for _ in values]
        self._queue.append(Scope(fields, values, results, scope, selection.key))
        return results

    def _of_several_types(
        self, scope: Scope, selection: Selection, abstract: AbstractType, values: list[Any]
    ) -> list[Any]:
        """Objects of an interface or union: those of each type together, in one scope."""
        done: list[Any] = []
        places: dict[str, list[int]] = {}
        types: dict[str, GraphQLObjectType] = {}
        for place, (value, name) in enumerate(zip(values, self._type_names(abstract, values), strict=True)):
            found = types.get(name) if isinstance(name, str) else None
            if found is None:
                try:
                    found = self._runtime_type(selection, abstract, name, value)
                except Exception as error:
                    scope.mark(selection.key)
                    done.append(Hole(error))
                    continue
                types[found.name] = found
            places.setdefault(found.name, []).append(place)
            done.append(None)
        for name, where in places.items():
            completed = self._objects(scope, selection, types[name], [values[place] for place in where])
            for place, value in zip(where, completed, strict=True):
                done[place] = value
        return done

    def _type_names(self, abstract: AbstractType, values: list[Any]) -> list[Any]:
        try:
            resolve = self._type_resolvers.get(abstract.name, named_by_mapping)
            return same_length(resolve(values, self._context), values, f"type {abstract.name}")
        except Exception as error:
            return [error] * len(values)

    def _runtime_type(
        self, selection: Selection, abstract: AbstractType, name: Any, value: Any
    ) -> GraphQLObjectType:
        """The type a resolver named, refused in graphql-core's words when it cannot stand here."""
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
            words = f"Runtime Object type '{name}' is not a possible type for '{abstract}'."
            raise GraphQLError(words, selection.nodes)
        raise GraphQLError(f"Abstract type '{abstract}' {problem}", selection.nodes)


def same_length(values: Any, asked: list[Any], of: str) -> list[Any]:
    """Check that a resolver answered for every object. Raises TypeError or ValueError."""
    answered = values if isinstance(values, list) else list(values)
    if len(answered) != len(asked):
        raise ValueError(f"The resolver of {of} gave {len(answered)} values for {len(asked)} objects.")
    return answered


def _null_refused(selection: Selection) -> TypeError:
    return TypeError(f"Cannot return null for non-nullable field {selection}.")


def _as_list(selection: Selection, value: Any) -> Any:
    if not is_iterable(value):
        return Hole(GraphQLError(f"Expected Iterable, but did not find one for field '{selection}'."))
    try:
        return list(value)
    except Exception as error:
        return Hole(error)
