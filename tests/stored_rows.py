"""Read all rows of tables in the form in which the database stores them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

Row = tuple[Any, ...]


def stored_rows(models: Sequence[type[Model]]) -> dict[type[Model], list[Row]]:
    """Return the rows of each table, in the database's order; empty tables are left out.

    One statement finds the tables that hold rows, because a query for each table is slow.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT {index} WHERE EXISTS (SELECT 1 FROM {_quoted(model._meta.db_table)})"
                for index, model in enumerate(models)
            )
        )
        filled = [models[index] for (index,) in cursor.fetchall()]
        rows_by_model = {}
        for model in filled:
            cursor.execute(_selection(model))
            rows_by_model[model] = cursor.fetchall()
    return rows_by_model


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
