"""Serialise whole columns of leaf values.

graphql-core's `coerce_output_value` decides. If the set of Python types in a column shows that all values are
already in their output form, nothing is called per value.
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

from .errors import FailedValue

LeafType = GraphQLScalarType | GraphQLEnumType
ValueTypes = set[type]
Serialise = Callable[[list[object], ValueTypes], list[object]]
"""Serialises a column without nulls or exceptions, given its set of types.

A failed value becomes a FailedValue.
"""

_STRINGS = {str}
_INTEGERS = {int}
_FLOATS = {float}
_BOOLEANS = {bool}


def column_serialiser(leaf: LeafType) -> Serialise:
    """Return the column serialiser of a scalar or enum, chosen once per field of a plan."""
    fast_path = _FAST_PATHS.get(id(leaf))
    if isinstance(leaf, GraphQLEnumType):
        fast_path = _enum_lookup(leaf)

    def serialise(values: list[object], value_types: ValueTypes) -> list[object]:
        serialised = fast_path(values, value_types) if fast_path else None
        return _coerce_one_by_one(leaf, values) if serialised is None else serialised

    return serialise


FastPath = Callable[[list[Any], ValueTypes], list[Any] | None]


def _ready_strings(values: list[object], value_types: ValueTypes) -> list[object] | None:
    return values if value_types == _STRINGS else None


def _ready_integers(values: list[int], value_types: ValueTypes) -> list[int] | None:
    are_integers_in_range = (
        value_types == _INTEGERS and min(values) >= GRAPHQL_MIN_INT and max(values) <= GRAPHQL_MAX_INT
    )
    return values if are_integers_in_range else None


def _ready_floats(values: list[float], value_types: ValueTypes) -> list[float] | None:
    return values if value_types == _FLOATS and all(map(isfinite, values)) else None


def _ready_booleans(values: list[object], value_types: ValueTypes) -> list[object] | None:
    return values if value_types == _BOOLEANS else None


def _ready_ids(values: list[object], value_types: ValueTypes) -> list[object] | None:
    if value_types == _INTEGERS:
        return list(map(str, values))
    return values if value_types == _STRINGS else None


_FAST_PATHS: dict[int, FastPath] = {
    id(GraphQLString): _ready_strings,
    id(GraphQLInt): _ready_integers,
    id(GraphQLFloat): _ready_floats,
    id(GraphQLBoolean): _ready_booleans,
    id(GraphQLID): _ready_ids,
}


def _enum_lookup(enum: GraphQLEnumType) -> FastPath:
    """Return a lookup for enums whose values are all strings. Others are coerced one by one."""
    names = {value.value: name for name, value in enum.values.items() if isinstance(value.value, str)}

    def look_up(values: list[str], value_types: ValueTypes) -> list[object] | None:
        if value_types != _STRINGS or len(names) != len(enum.values):
            return None
        try:
            return [names[value] for value in values]
        except KeyError:
            return None

    return look_up


def _coerce_one_by_one(leaf: LeafType, values: list[object]) -> list[object]:
    coerce = leaf.coerce_output_value
    serialised: list[object] = []
    for value in values:
        try:
            coerced = coerce(value)
        except Exception as error:
            coerced = FailedValue(error)
        else:
            if coerced is None or coerced is Undefined:
                coerced = FailedValue(_null_output_error(leaf, value, coerced))
        serialised.append(coerced)
    return serialised


def _null_output_error(leaf: LeafType, value: object, coerced: object) -> TypeError:
    return TypeError(
        f"Expected `{inspect(leaf)}.coerce_output_value({inspect(value)})` to return non-nullable value,"
        f" returned: {inspect(coerced)}"
    )
