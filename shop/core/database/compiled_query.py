"""Compile a queryset's SQL once and reuse it, because Django spends most of a small query's time on it.

    @compiled_query
    def prices_of(channel: int, variants: Collection[int]) -> QuerySet[Price]:
        return Price.objects.filter(channel=channel, variant__in=variants)

    prices = prices_of(channel.pk, keys)  # a list of Price

The decorated function is called once for each shape of its arguments, with placeholder values. Later calls
send the compiled SQL with the real values. If an empty collection for `__in` rules out every row, they send
nothing.

Positional arguments are keys, strings, dates and datetimes, and collections of these for `__in`. They must
reach the database unchanged. None, True, False, enum members and keyword arguments (limits, column names) are
part of the shape.

The first call raises ValueError if an argument reaches the SQL changed, except inside a LIKE pattern.
`__year` changes its argument, for example, and a small integer column cannot hold the placeholder.

PostgreSQL prepares the SQL and plans it once per connection. A collection for `__in` is sent as one array, so
the SQL does not depend on its length. On SQLite, and for other uses of collections, there is one statement
for each power of two.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeAlias, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.transaction import TransactionManagementError

from shop.core.database.row_builder import RowBuilder, row_builder

Parameters = ParamSpec("Parameters")
M = TypeVar("M", bound=Model)
Result = TypeVar("Result")
_Arguments: TypeAlias = Sequence[Any]  # keys, texts, dates, and lists of those
_Reader: TypeAlias = Callable[[_Arguments], Any]  # reads a parameter from the arguments

_COLLECTIONS = (list, tuple, set, frozenset)
_SHAPE_TYPES = (type(None), bool, Enum)
_IN_LIST = "IN (%s)"
_PERCENT = "%%"
_PLACEHOLDERS = re.compile("|".join(map(re.escape, (_PERCENT, _IN_LIST, "%s"))))
# Placeholder values, which fit every column and do not occur in real data.
_FIRST_INTEGER = 2_000_000_000
# A private-use character. LIKE patterns escape the underscore after it, which tells them apart.
_TEXT_PREFIX = "\ue000"
_FIRST_DATETIME = datetime.datetime(1877, 3, 5, 7, 11, 13, tzinfo=datetime.UTC)
_FIRST_DATE = datetime.date(1877, 3, 5)


class _Parameter(NamedTuple):
    """A parameter of the SQL. `read` reads its value from the arguments. If `read` is None, it is `value`."""

    value: object
    read: _Reader | None
    is_array: bool = False


class _CompiledQuery(NamedTuple):
    """A compiled query.

    `readers` read the query's parameters from the arguments. `conversions` and `build_results` turn database
    rows into results.
    """

    sql: str
    readers: tuple[_Reader, ...]
    conversions: tuple[tuple[int, object, object], ...]
    build_results: RowBuilder
    is_locking: bool


def compiled_query(build: Callable[Parameters, QuerySet[M, Result]]) -> Callable[Parameters, list[Result]]:
    """Decorate a function that builds a queryset. Calls return its rows as a list."""
    compiled_queries: dict[Hashable, _CompiledQuery | None] = {}
    returns_rows: dict[Hashable, bool] = {}  # with empty collections

    @wraps(build)
    def fetch(*args: Parameters.args, **options: Parameters.kwargs) -> list[Result]:
        arguments = [list(arg) if isinstance(arg, _COLLECTIONS) else arg for arg in args]
        if [] in arguments:
            key = (*map(_argument_shape, arguments), *sorted(options.items()))
            if key not in returns_rows:
                returns_rows[key] = _may_return_rows(build, arguments, options)
            return list(build(*args, **options)) if returns_rows[key] else []
        compiled = None
        if _has_arrays():
            key = (*map(_argument_shape, arguments), *sorted(options.items()))
            if key not in compiled_queries:
                compiled_queries[key] = _compile(build, arguments, options, has_arrays=True)
            compiled = compiled_queries[key]
        if compiled is None:
            arguments = [_pad_collection(arg) if isinstance(arg, list) else arg for arg in arguments]
            key = (*map(_argument_shape, arguments), *map(_length, arguments), *sorted(options.items()))
            if key not in compiled_queries:
                compiled_queries[key] = _compile(build, arguments, options)
            compiled = compiled_queries[key]
        assert compiled is not None
        return _execute(compiled, arguments)

    return fetch


def _has_arrays() -> bool:
    return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"


def _pad_collection(values: list[object]) -> list[object]:
    """Pad a collection with its last member to a power of two, which limits the number of shapes."""
    padding = (1 << (len(values) - 1).bit_length()) - len(values)
    return values + values[-1:] * padding


def _argument_shape(value: object) -> Hashable:
    if isinstance(value, list):
        return (list, type(value[0]).__name__ if value else "")
    return (value,) if isinstance(value, _SHAPE_TYPES) else type(value).__name__


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _may_return_rows(
    build: Callable[..., QuerySet[Any]], arguments: _Arguments, options: Mapping[str, object]
) -> bool:
    """Return whether the query can match rows although some of its collections are empty."""
    stand_ins, _positions = _placeholders(arguments)
    compiler = build(*stand_ins, **options).query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
    try:
        compiler.as_sql()
    except EmptyResultSet:
        return False
    return True


def _compile(
    build: Callable[..., QuerySet[Any]],
    arguments: _Arguments,
    options: Mapping[str, object],
    *,
    has_arrays: bool = False,
) -> _CompiledQuery | None:
    """Compile the query for arguments of this shape.

    `has_arrays` compiles the query for collections of any length. Returns None if a collection is not used
    for `__in`.
    """
    if has_arrays:
        arguments = [value[:1] if isinstance(value, list) else value for value in arguments]
    stand_ins, positions = _placeholders(arguments)
    queryset = build(*stand_ins, **options)
    connection = connections[DEFAULT_DB_ALIAS]
    compiler = queryset.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet as empty:
        raise ValueError(f"{build.__qualname__} never returns rows.") from empty
    read_parameters, used_positions = _read_parameters(parameters, positions, arguments, has_arrays)
    unused_positions = set(positions.values()) - used_positions
    if unused_positions:
        raise ValueError(
            f"{build.__qualname__}: argument {min(unused_positions)[0] + 1} does not reach the SQL unchanged."
        )
    if has_arrays and not _are_arrays_members(sql, read_parameters):
        return None
    if _has_arrays():
        sql, read_parameters = _write_arrays_and_constants(sql, read_parameters)
    return _CompiledQuery(
        sql=sql,
        readers=tuple(
            _constant_reader(parameter.value) if parameter.read is None else parameter.read
            for parameter in read_parameters
        ),
        conversions=_conversions(compiler),
        build_results=row_builder(queryset, compiler),
        is_locking=_is_locking(queryset),
    )


def _read_parameters(
    parameters: Iterable[Any],
    positions: Mapping[object, tuple[int, int]],
    arguments: _Arguments,
    has_arrays: bool,
) -> tuple[list[_Parameter], set[object]]:
    """Return where each parameter of the SQL is read from, and the positions that reach the SQL."""
    read_parameters: list[_Parameter] = []
    used_positions: set[object] = set()
    for parameter in parameters:
        position = positions.get(parameter) if isinstance(parameter, Hashable) else None
        is_text = position is None and isinstance(parameter, str)
        pattern = _find_pattern(parameter, positions) if is_text else None
        if pattern is not None:
            is_array = has_arrays and isinstance(arguments[pattern[0][0]], list)
            read_parameters.append(_Parameter(parameter, pattern[1], is_array=is_array))
        elif position is None:
            read_parameters.append(_Parameter(parameter, None))
        elif has_arrays and isinstance(arguments[position[0]], list):
            read_parameters.append(_Parameter(parameter, _array_reader(position[0]), is_array=True))
        else:
            read_parameters.append(_Parameter(parameter, _parameter_reader(position, parameter)))
        used_positions.add(pattern[0] if pattern is not None else position)
    return read_parameters, used_positions


def _are_arrays_members(sql: str, parameters: Sequence[_Parameter]) -> bool:
    """Return whether the SQL only asks if arrays contain something."""
    placeholders = [match[0] for match in _PLACEHOLDERS.finditer(sql) if match[0] != _PERCENT]
    return not any(
        parameter.is_array and placeholder != _IN_LIST
        for placeholder, parameter in zip(placeholders, parameters, strict=True)
    )


def _write_arrays_and_constants(sql: str, parameters: Sequence[_Parameter]) -> tuple[str, list[_Parameter]]:
    """Compare with arrays instead of lists, and write constants into the SQL.

    A constant must not be a parameter. A plan for all values of a parameter does not know how many rows have
    this value, and cannot use a partial index.
    """
    compose = connections[DEFAULT_DB_ALIAS].ops.compose_sql  # type: ignore[attr-defined]
    remaining = iter(parameters)
    varying: list[_Parameter] = []

    def write(match: re.Match[str]) -> str:
        placeholder = match[0]
        if placeholder == _PERCENT:
            return placeholder
        parameter = next(remaining)
        if parameter.read is None:
            constant = str(compose("%s", [parameter.value])).replace("%", _PERCENT)
            return placeholder.replace("%s", constant)
        varying.append(parameter)
        return "= ANY(%s)" if parameter.is_array else placeholder

    return _PLACEHOLDERS.sub(write, sql), varying


def _conversions(compiler: Any) -> tuple[tuple[int, Any, Any], ...]:
    """Return the columns whose database values need conversion, with their converters."""
    columns = [selected[0] for selected in compiler.select[0 : compiler.col_count]]
    converters_by_column = compiler.get_converters(columns)
    return tuple(
        (column_index, converters, column)
        for column_index, (converters, column) in converters_by_column.items()
    )


def _is_locking(rows: QuerySet[Model]) -> bool:
    return rows.query.select_for_update and connections[DEFAULT_DB_ALIAS].features.has_select_for_update


def _placeholders(arguments: _Arguments) -> tuple[list[object], dict[object, tuple[int, int]]]:
    """Return a placeholder for each argument, and a map from their SQL forms to arguments."""
    positions: dict[object, tuple[int, int]] = {}

    def stand_in(value: object, position: tuple[int, int]) -> object:
        if isinstance(value, _SHAPE_TYPES) and position[1] < 0:
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
) -> tuple[tuple[int, int], _Reader] | None:
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


def _pattern_reader(literal_parts: list[str], argument: _Reader) -> _Reader:
    escape = connections[DEFAULT_DB_ALIAS].ops.prep_for_like_query
    return lambda arguments: escape(argument(arguments)).join(literal_parts)


def _parameter_reader(argument_position: tuple[int, int], parameter: Any) -> _Reader:
    """Return a function that reads a parameter's value from the arguments, in the form the SQL expects."""
    argument, parameter_type = _argument_reader(argument_position), type(parameter)
    if isinstance(parameter, int):
        return argument if parameter_type is int else lambda arguments: parameter_type(argument(arguments))
    if isinstance(parameter, uuid.UUID):
        return argument
    return lambda arguments: _database_value(argument(arguments))


def _constant_reader(value: object) -> _Reader:
    return lambda arguments: value


def _array_reader(n: int) -> _Reader:
    return lambda arguments: [_array_member(value) for value in arguments[n]]


def _array_member(value: object) -> object:
    """Return an enum member's value. PostgreSQL receives other values as they are."""
    return value.value if isinstance(value, Enum) else value


def _argument_reader(argument_position: tuple[int, int]) -> _Reader:
    n, m = argument_position
    return lambda arguments: arguments[n] if m < 0 else arguments[n][m]


def _database_value(value: object) -> object:
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, Enum):
        return value.value
    return _adapt_date(value) if isinstance(value, datetime.date) else value


def _execute(compiled: _CompiledQuery, arguments: _Arguments) -> list[Any]:
    connection = connections[DEFAULT_DB_ALIAS]
    if compiled.is_locking and connection.get_autocommit():
        raise TransactionManagementError("Locking rows needs an open transaction.")
    with _cursor(connection) as cursor:
        cursor.execute(compiled.sql, tuple(read_parameter(arguments) for read_parameter in compiled.readers))
        fetched = cursor.fetchall()
    if compiled.conversions:
        fetched = [_convert_row(row, compiled.conversions, connection) for row in fetched]
    return compiled.build_results(fetched)


def _cursor(connection: Any) -> AbstractContextManager[Any]:
    cursor: AbstractContextManager[Any] = (
        connection.prepared_cursor() if connection.vendor == "postgresql" else connection.cursor()
    )
    return cursor


def _convert_row(
    row: Sequence[Any], conversions: tuple[tuple[int, Any, Any], ...], connection: Any
) -> list[object]:
    values = list(row)
    for column_index, converters, column in conversions:
        value = values[column_index]
        for convert in converters:
            value = convert(value, column, connection)
        values[column_index] = value
    return values
