"""Serialising whole columns of leaf values.

graphql-core's own rules decide (`coerce_output_value`). Where every value of a column already is what its
scalar sends out, which the set of their Python types tells at once, nothing is called per value.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Any

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
)
from graphql.pyutils import Undefined, inspect

from .errors import Hole

LeafType = GraphQLScalarType | GraphQLEnumType
Kinds = set[type]
Serialise = Callable[[list[Any], Kinds], list[Any]]
"""A column without nulls or exceptions, and the types in it, to what is sent; what fails becomes a hole."""

_STRINGS = {str}
_INTEGERS = {int}
_FLOATS = {float}
_BOOLEANS = {bool}


def column_serialiser(leaf: LeafType) -> Serialise:
    """The serialiser of a scalar or enum, chosen once for each field of a plan."""
    ready = _READY.get(id(leaf))
    if isinstance(leaf, GraphQLEnumType):
        ready = _known_names(leaf)

    def serialise(values: list[Any], kinds: Kinds) -> list[Any]:
        done = ready(values, kinds) if ready else None
        return _one_by_one(leaf, values) if done is None else done

    return serialise


Ready = Callable[[list[Any], Kinds], list[Any] | None]


def _ready_strings(values: list[Any], kinds: Kinds) -> list[Any] | None:
    return values if kinds == _STRINGS else None


def _ready_integers(values: list[Any], kinds: Kinds) -> list[Any] | None:
    fits = kinds == _INTEGERS and min(values) >= GRAPHQL_MIN_INT and max(values) <= GRAPHQL_MAX_INT
    return values if fits else None


def _ready_floats(values: list[Any], kinds: Kinds) -> list[Any] | None:
    return values if kinds == _FLOATS and all(map(isfinite, values)) else None


def _ready_booleans(values: list[Any], kinds: Kinds) -> list[Any] | None:
    return values if kinds == _BOOLEANS else None


def _ready_ids(values: list[Any], kinds: Kinds) -> list[Any] | None:
    if kinds == _INTEGERS:
        return list(map(str, values))
    return values if kinds == _STRINGS else None


_READY: dict[int, Ready] = {
    id(GraphQLString): _ready_strings,
    id(GraphQLInt): _ready_integers,
    id(GraphQLFloat): _ready_floats,
    id(GraphQLBoolean): _ready_booleans,
    id(GraphQLID): _ready_ids,
}


def _known_names(enum: GraphQLEnumType) -> Ready:
    """Enums whose values are all strings are looked up; anything else goes the long way."""
    names = {value.value: name for name, value in enum.values.items() if isinstance(value.value, str)}

    def look_up(values: list[Any], kinds: Kinds) -> list[Any] | None:
        if kinds != _STRINGS or len(names) != len(enum.values):
            return None
        try:
            return [names[value] for value in values]
        except KeyError:
            return None

    return look_up


def _one_by_one(leaf: LeafType, values: list[Any]) -> list[Any]:
    coerce = leaf.coerce_output_value
    done: list[Any] = []
    for value in values:
        try:
            coerced = coerce(value)
        except Exception as error:
            coerced = Hole(error)
        else:
            if coerced is None or coerced is Undefined:
                coerced = Hole(_nothing_came(leaf, value, coerced))
        done.append(coerced)
    return done


def _nothing_came(leaf: LeafType, value: Any, coerced: Any) -> TypeError:
    return TypeError(
        f"Expected `{inspect(leaf)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
        f" returned: {inspect(coerced)}"
    )
