"""Read all rows of tables in the form in which the database stores them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import psycopg
from django.db import connection
from django.db.models import Model

Row = tuple[Any, ...]


def stored_rows(models: Sequence[type[Model]]) -> dict[type[Model], list[Row]]:
    """Return the rows of each table, in the database's order; empty tables are left out.

    One statement finds the tables that hold rows, because a query for each table is slow.
    """
    connection.ensure_connection()
    read = _read_sqlite if connection.vendor == "sqlite" else _read_postgres
    (filled_indexes,) = read([_search_for_filled(tuple(models))])
    filled = [models[index] for (index,) in filled_indexes]
    return dict(zip(filled, read([_selection(model) for model in filled]), strict=True))


def _read_sqlite(statements: list[str]) -> list[list[Row]]:
    return [connection.connection.execute(statement).fetchall() for statement in statements]


def _read_postgres(statements: list[str]) -> list[list[Row]]:
    """Prepare the statements, because planning a search of all tables takes long, and send them together."""
    with connection.connection.pipeline():
        cursors = [psycopg.Cursor(connection.connection) for _statement in statements]
        for cursor, statement in zip(cursors, statements, strict=True):
            cursor.execute(statement, prepare=True)
        return [cursor.fetchall() for cursor in cursors]


@cache
def _search_for_filled(models: tuple[type[Model], ...]) -> str:
    return " UNION ALL ".join(
        f"SELECT {index} WHERE EXISTS (SELECT 1 FROM {_quoted(model._meta.db_table)})"
        for index, model in enumerate(models)
    )


@cache
def stored_columns(model: type[Model]) -> tuple[str, ...]:
    """Return the columns of a table, except those that the database generates from others."""
    return tuple(
        concrete_field.column
        for concrete_field in model._meta.concrete_fields
        if not concrete_field.generated
    )


def key_index(model: type[Model]) -> int:
    """Return the position of a table's primary key among its stored columns."""
    return stored_columns(model).index(model._meta.pk.column)


@cache
def _selection(model: type[Model]) -> str:
    # SQLite converts columns by their declared types, but not expressions.
    plain = "+" if connection.vendor == "sqlite" else ""
    columns = ", ".join(f"{plain}{_quoted(column)}" for column in stored_columns(model))
    return f"SELECT {columns} FROM {_quoted(model._meta.db_table)}"


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
