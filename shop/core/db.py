"""Transactions by intent, and locked rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.db import connection, models, transaction

Row = TypeVar("Row", bound=models.Model)


def after_commit(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
    """Run it once this transaction stands. A message that cannot be queued is no failure: a sweep comes."""
    transaction.on_commit(partial(function, *args, **kwargs), robust=True)


def locked(rows: models.QuerySet[Row]) -> list[Row]:
    """The rows, read and locked in the order of their keys until the transaction ends.

    On SQLite the transaction is IMMEDIATE, so whoever reads here already is the only writer.
    Evaluated on purpose: an unevaluated locked queryset locks nothing.
    """
    rows = rows.order_by("pk")
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",))
    return list(rows)


def locked_one(rows: models.QuerySet[Row]) -> Row | None:
    """The one row that `rows` may hold, locked; None where there is none."""
    found = locked(rows)
    return found[0] if found else None
