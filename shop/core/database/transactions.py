"""Transactions by intent, and locked rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial, wraps
from typing import Any, TypeVar

from django.db import connection, models, transaction

from shop.core.database.compiled_query import prepared
from shop.core.jobs.queueing import publish, publish_or_run

Row = TypeVar("Row", bound=models.Model)


def after_commit(send: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
    """Queue a message once this transaction is committed; `send` is a task's `delay`.

    A message that cannot be queued is logged and lost: a sweep finds what is due.
    """
    transaction.on_commit(partial(publish, send, *args, **kwargs))


def after_commit_or_run(task: Any, /, **kwargs: Any) -> None:
    """The same for a short task that somebody waits for: without a queue it runs in this process."""
    transaction.on_commit(partial(publish_or_run, task, **kwargs))


def locked(rows: models.QuerySet[Row]) -> list[Row]:
    """The rows, read and locked in the order of their keys until the transaction ends.

    On SQLite the transaction is IMMEDIATE, so whoever reads here already is the only writer.
    Evaluated on purpose: an unevaluated locked queryset locks nothing.
    """
    return list(_lockable(rows))


def locked_by(rows_of: Callable[..., models.QuerySet[Row]], *args: Any) -> list[Row]:
    """`locked(rows_of(*args))` where that is done often: its SQL is worked out once.

    `rows_of` is a function at the top of a module; `compiled_query` says what its arguments may be.
    """
    return _locking(rows_of)(*args)


@cache
def _locking(rows_of: Callable[..., models.QuerySet[Row]]) -> Callable[..., list[Row]]:
    @wraps(rows_of)
    def lockable(*args: Any) -> models.QuerySet[Row]:
        return _lockable(rows_of(*args))

    return prepared(lockable)


def _lockable(rows: models.QuerySet[Row]) -> models.QuerySet[Row]:
    rows = rows.order_by("pk")
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",))
    return rows


def locked_one(rows: models.QuerySet[Row]) -> Row | None:
    """The one row that `rows` may hold, locked; None where there is none."""
    found = locked(rows)
    return found[0] if found else None
