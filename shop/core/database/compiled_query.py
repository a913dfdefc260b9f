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

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.transaction import TransactionManagementError

from shop.core.database.query_parameters import (
    SHAPE_TYPES,
    Arguments,
    Parameter,
    Reader,
    constant_reader,
    create_placeholders,
    read_parameters,
)
from shop.core.database.row_builder import RowBuilder, row_builder

Parameters = ParamSpec("Parameters")
M = TypeVar("M", bound=Model)
Result = TypeVar("Result")

_COLLECTIONS = (list, tuple, set, frozenset)
_IN_LIST = "IN (%s)"
_PERCENT = "%%"
_PLACEHOLDERS = re.compile("|".join(map(re.escape, (_PERCENT, _IN_LIST, "%s"))))


class _CompiledQuery(NamedTuple):
    """A compiled query.

    `readers` read the query's parameters from the arguments. `conversions` and `build_results` turn database
    rows into results.
    """

    sql: str
    readers: tuple[Reader, ...]
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
    return (value,) if isinstance(value, SHAPE_TYPES) else type(value).__name__


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0


def _may_return_rows(
    build: Callable[..., QuerySet[Any]], arguments: Arguments, options: Mapping[str, object]
) -> bool:
    """Return whether the query can match rows although some of its collections are empty."""
    stand_ins, _positions = create_placeholders(arguments)
    compiler = build(*stand_ins, **options).query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
    try:
        compiler.as_sql()
    except EmptyResultSet:
        return False
    return True


def _compile(
    build: Callable[..., QuerySet[Any]],
    arguments: Arguments,
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
    stand_ins, positions = create_placeholders(arguments)
    queryset = build(*stand_ins, **options)
    connection = connections[DEFAULT_DB_ALIAS]
    compiler = queryset.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet as empty:
        raise ValueError(f"{build.__qualname__} never returns rows.") from empty
    read, used_positions = read_parameters(parameters, positions, arguments, has_arrays)
    unused_positions = set(positions.values()) - used_positions
    if unused_positions:
        raise ValueError(
            f"{build.__qualname__}: argument {min(unused_positions)[0] + 1} does not reach the SQL unchanged."
        )
    if has_arrays and not _are_arrays_members(sql, read):
        return None
    if _has_arrays():
        sql, read = _write_arrays_and_constants(sql, read)
    return _CompiledQuery(
        sql=sql,
        readers=tuple(
            constant_reader(parameter.value) if parameter.read is None else parameter.read
            for parameter in read
        ),
        conversions=_conversions(compiler),
        build_results=row_builder(queryset, compiler),
        is_locking=_is_locking(queryset),
    )


def _are_arrays_members(sql: str, parameters: Sequence[Parameter]) -> bool:
    """Return whether the SQL only asks if arrays contain something."""
    placeholders = [match[0] for match in _PLACEHOLDERS.finditer(sql) if match[0] != _PERCENT]
    return not any(
        parameter.is_array and placeholder != _IN_LIST
        for placeholder, parameter in zip(placeholders, parameters, strict=True)
    )


def _write_arrays_and_constants(sql: str, parameters: Sequence[Parameter]) -> tuple[str, list[Parameter]]:
    """Compare with arrays instead of lists, and write constants into the SQL.

    A constant must not be a parameter. A plan for all values of a parameter does not know how many rows have
    this value, and cannot use a partial index.
    """
    compose = connections[DEFAULT_DB_ALIAS].ops.compose_sql  # type: ignore[attr-defined]
    remaining = iter(parameters)
    varying: list[Parameter] = []

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


def _execute(compiled: _CompiledQuery, arguments: Arguments) -> list[Any]:
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
