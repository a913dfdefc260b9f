"""Convert `filter`, `where` and `sortBy` inputs to query conditions and sort keys.

    WHERE = {
        "ids": id_in("Product"),
        "name": matches_filter("name"),
        "updatedAt": in_range("updated_at"),
        "isAvailable": lambda context, value: Q(is_available=value),
    }

    rows = rows.filter(build_condition(arguments.get("where"), WHERE, context))

`where` also supports AND and OR. `filter` does not. A null member does not filter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Exact

from shop.api.connections import SortKey
from shop.api.errors import ProtocolError
from shop.api.ids import keys_from_ids
from shop.api.input_data import InputData

if TYPE_CHECKING:
    from shop.api.context import Context

Condition: TypeAlias = "Callable[[Context, Any], Q]"
Conditions: TypeAlias = Mapping[str, Condition]

NO_ROWS = Q(pk__in=())
_MAX_DEPTH = 10
_MAX_CONDITIONS_PER_REQUEST = 200


def build_condition(
    input_data: Mapping[str, object] | None, conditions: Conditions, context: Context, level: int = 1
) -> Q:
    """Return the condition of a `where` or `filter` input. Raises ProtocolError."""
    if level > _MAX_DEPTH:
        raise ProtocolError(f"Conditions nest at most {_MAX_DEPTH} levels.")
    if level == 1 and _count_conditions(input_data) > _MAX_CONDITIONS_PER_REQUEST:
        raise ProtocolError(f"At most {_MAX_CONDITIONS_PER_REQUEST} conditions can be asked for at once.")
    condition = Q()
    members: InputData = input_data or {}
    for name, value in members.items():
        if value is None:
            continue
        if name == "AND":
            for entry in value:
                condition &= build_condition(entry, conditions, context, level + 1)
        elif name == "OR":
            condition &= _match_any(
                [build_condition(entry, conditions, context, level + 1) for entry in value]
            )
        else:
            condition &= conditions[name](context, value)
    return condition


def _count_conditions(input_data: object) -> int:
    """Count the conditions of an input. A list of plain values counts as one."""
    if isinstance(input_data, Mapping):
        return sum(map(_count_conditions, input_data.values()))
    if isinstance(input_data, list) and any(isinstance(entry, Mapping) for entry in input_data):
        return sum(map(_count_conditions, input_data))
    return 1


def require_one_filter(arguments: Mapping[str, object]) -> None:
    """Raise ProtocolError if both `filter` and `where` are given."""
    if arguments.get("filter") is not None and arguments.get("where") is not None:
        raise ProtocolError("`filter` and `where` cannot be used together.")


def equals(column: str) -> Condition:
    """Match a single value, such as an enum, a boolean or a text."""
    return lambda context, value: Q(**{column: value})


def is_one_of(column: str) -> Condition:
    """Match any value of a list. An empty list does not filter."""
    return lambda context, values: Q(**{f"{column}__in": values}) if values else Q()


def id_in(*type_names: str, column: str = "pk") -> Condition:
    """Match a list of global ids, or a `GlobalIDFilterInput`."""

    def condition(context: Context, input_data: Any) -> Q:
        if isinstance(input_data, Mapping):
            input_data = _listed_values(input_data)
            if input_data is None:
                return Q()
        return Q(**{f"{column}__in": keys_from_ids(input_data, *type_names)})

    return condition


def matches_filter(column: str) -> Condition:
    """Match a filter input of a scalar, which is equal to, one of, or in a range."""

    def condition(context: Context, input_data: Mapping[str, object]) -> Q:
        matched = Q()
        values = _listed_values(input_data)
        if values is not None:
            matched &= Q(**{f"{column}__in": values})
        if input_data.get("range") is not None:
            matched &= in_range(column)(context, input_data["range"])
        return matched

    return condition


def in_range(column: str) -> Condition:
    """Match an `IntRangeInput`, `DateTimeRangeInput` or similar, both ends included."""

    def condition(context: Context, input_data: Mapping[str, object]) -> Q:
        bounds = {
            f"{column}__{bound}": input_data[bound]
            for bound in ("gte", "lte")
            if input_data.get(bound) is not None
        }
        return Q(**bounds)

    return condition


def has_metadata(column: str = "metadata") -> Condition:
    """Match a `[MetadataFilter!]` or `MetadataFilterInput`: a key exists, or has one of the given values."""

    def key_condition(input_data: InputData) -> Q:
        key, value = input_data["key"], input_data.get("value")
        values = _listed_values(value) if isinstance(value, Mapping) else None if value is None else [value]
        if values is None:
            return Q(**{f"{column}__has_key": key})
        return _match_any([Q(Exact(KeyTextTransform(key, column), listed_value)) for listed_value in values])

    def condition(context: Context, input_data: Any) -> Q:
        matched = Q()
        for entry in input_data if isinstance(input_data, list) else [input_data]:
            matched &= key_condition(entry)
        return matched

    return condition


def sort_keys(
    input_data: Mapping[str, object] | None,
    fields: Mapping[str, Sequence[SortKey]],
    default: Sequence[SortKey],
    *,
    unique: str = "id",
) -> list[SortKey]:
    """Return the keys of a `sortBy` input, ending in a unique key with the same direction."""
    keys = list(default)
    field = input_data.get("field") if input_data is not None else None
    if input_data is not None and field is not None:
        assert isinstance(field, str)
        keys = list(fields[field])
        if input_data.get("direction") == "DESC":
            keys = [key._replace(is_descending=not key.is_descending) for key in keys]
    if keys and keys[-1].column == unique:
        return keys
    return [*keys, SortKey(unique, is_descending=bool(keys) and keys[0].is_descending)]


def _listed_values(input_data: InputData) -> Sequence[object] | None:
    """Return the values of `eq` or `oneOf`, or None if neither is given."""
    if input_data.get("eq") is not None:
        return [input_data["eq"]]
    listed_values: Sequence[object] | None = input_data.get("oneOf")
    return listed_values


def _match_any(conditions: Sequence[Q]) -> Q:
    union = NO_ROWS
    for condition in conditions:
        union |= condition
    return union
