"""Find out where each parameter of a compiled query's SQL is read from, in the arguments of later calls."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from django.db import DEFAULT_DB_ALIAS, connections

Arguments: TypeAlias = Sequence[Any]  # keys, texts, dates, and lists of those
Reader: TypeAlias = Callable[[Arguments], Any]  # reads a parameter from the arguments

SHAPE_TYPES = (type(None), bool, Enum)
# Placeholder values, which fit every column and do not occur in real data.
_FIRST_INTEGER = 2_000_000_000
# A private-use character. LIKE patterns escape the underscore after it, which tells them apart.
_TEXT_PREFIX = "\ue000"
_FIRST_DATETIME = datetime.datetime(1877, 3, 5, 7, 11, 13, tzinfo=datetime.UTC)
_FIRST_DATE = datetime.date(1877, 3, 5)
# PostgreSQL's plan for all values counts on arrays of ten. It would plan shorter arrays anew at each
# execution, because their own plans look cheaper.
_PLANNED_ARRAY_LENGTH = 10


class Parameter(NamedTuple):
    """A parameter of the SQL. `read` reads its value from the arguments. If `read` is None, it is `value`."""

    value: object
    read: Reader | None
    is_array: bool = False


def read_parameters(
    parameters: Iterable[Any],
    positions: Mapping[object, tuple[int, int]],
    arguments: Arguments,
    has_arrays: bool,
) -> tuple[list[Parameter], set[object]]:
    """Return where each parameter of the SQL is read from, and the positions that reach the SQL."""
    read_parameters: list[Parameter] = []
    used_positions: set[object] = set()
    for parameter in parameters:
        position = positions.get(parameter) if isinstance(parameter, Hashable) else None
        is_text = position is None and isinstance(parameter, str)
        pattern = _find_pattern(parameter, positions) if is_text else None
        if pattern is not None:
            is_array = has_arrays and isinstance(arguments[pattern[0][0]], list)
            read_parameters.append(Parameter(parameter, pattern[1], is_array=is_array))
        elif position is None:
            read_parameters.append(Parameter(parameter, None))
        elif has_arrays and isinstance(arguments[position[0]], list):
            read_parameters.append(Parameter(parameter, _array_reader(position[0]), is_array=True))
        else:
            read_parameters.append(Parameter(parameter, _parameter_reader(position, parameter)))
        used_positions.add(pattern[0] if pattern is not None else position)
    return read_parameters, used_positions


def create_placeholders(arguments: Arguments) -> tuple[list[object], dict[object, tuple[int, int]]]:
    """Return a placeholder for each argument, and a map from their SQL forms to arguments."""
    positions: dict[object, tuple[int, int]] = {}

    def stand_in(value: object, position: tuple[int, int]) -> object:
        if isinstance(value, SHAPE_TYPES) and position[1] < 0:
            return value
        placeholder = _placeholder(value, len(positions))
        positions[placeholder] = position
        if isinstance(placeholder, uuid.UUID):
            positions[placeholder.hex] = position
        elif isinstance(placeholder, datetime.date):
            positions[_adapt_date(placeholder)] = position
        return placeholder

    placeholders = [
        [stand_in(item, (n, m)) for m, item in enumerate(value)]
        if isinstance(value, list)
        else stand_in(value, (n, -1))
        for n, value in enumerate(arguments)
    ]
    return placeholders, positions


def _placeholder(value: object, n: int) -> object:
    if isinstance(value, int):
        return _FIRST_INTEGER + n
    if isinstance(value, str):
        return f"{_TEXT_PREFIX}{n}_"
    if isinstance(value, uuid.UUID):
        return uuid.uuid4()
    if isinstance(value, datetime.datetime):
        return _FIRST_DATETIME + datetime.timedelta(seconds=n)
    if isinstance(value, datetime.date):
        return _FIRST_DATE + datetime.timedelta(days=n)
    raise TypeError(f"A compiled query takes no {type(value).__name__}.")


def _adapt_date(value: datetime.date) -> object:
    """Convert a date or datetime to the database's form."""
    operations = connections[DEFAULT_DB_ALIAS].ops
    if isinstance(value, datetime.datetime):
        return operations.adapt_datetimefield_value(value)
    return operations.adapt_datefield_value(value)


def _find_pattern(
    parameter: str, positions: Mapping[object, tuple[int, int]]
) -> tuple[tuple[int, int], Reader] | None:
    """Return the argument in a LIKE pattern, with a function that renders the pattern, or None."""
    escape = connections[DEFAULT_DB_ALIAS].ops.prep_for_like_query
    for placeholder, position in positions.items():
        if (
            isinstance(placeholder, str)
            and placeholder.startswith(_TEXT_PREFIX)
            and escape(placeholder) in parameter
        ):
            return position, _pattern_reader(parameter.split(escape(placeholder)), _argument_reader(position))
    return None


def _pattern_reader(literal_parts: list[str], argument: Reader) -> Reader:
    escape = connections[DEFAULT_DB_ALIAS].ops.prep_for_like_query
    return lambda arguments: escape(argument(arguments)).join(literal_parts)


def _parameter_reader(argument_position: tuple[int, int], parameter: Any) -> Reader:
    """Return a function that reads a parameter's value from the arguments, in the form the SQL expects."""
    argument, parameter_type = _argument_reader(argument_position), type(parameter)
    if isinstance(parameter, int):
        return argument if parameter_type is int else lambda arguments: parameter_type(argument(arguments))
    if isinstance(parameter, uuid.UUID):
        return argument
    return lambda arguments: _database_value(argument(arguments))


def constant_reader(value: object) -> Reader:
    return lambda arguments: value


def _array_reader(n: int) -> Reader:
    """Return a function that reads an array, lengthened with its last member to the length planned for."""

    def read(arguments: Arguments) -> list[object]:
        members = [_array_member(value) for value in arguments[n]]
        return members + members[-1:] * (_PLANNED_ARRAY_LENGTH - len(members))

    return read


def _array_member(value: object) -> object:
    """Return an enum member's value. PostgreSQL receives other values as they are."""
    return value.value if isinstance(value, Enum) else value


def _argument_reader(argument_position: tuple[int, int]) -> Reader:
    n, m = argument_position
    return lambda arguments: arguments[n] if m < 0 else arguments[n][m]


def _database_value(value: object) -> object:
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, Enum):
        return value.value
    return _adapt_date(value) if isinstance(value, datetime.date) else value
