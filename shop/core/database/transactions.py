"""Row locks, and jobs queued after commit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial, wraps
from typing import TypeVar

from celery import Task
from django.db import connection, models, transaction

from shop.core.database.compiled_query import compiled_query
from shop.core.jobs.queues import publish, publish_or_run

Row = TypeVar("Row", bound=models.Model)


def after_commit(send: Callable[..., object], /, *args: object, **kwargs: object) -> None:
    """Queue a job after this transaction commits. `send` is a task's `delay`.

    If queueing fails, the failure is logged and the job dropped. A sweep finds the due rows later.
    """
    transaction.on_commit(partial(publish, send, *args, **kwargs))


def after_commit_or_run(task: Task[..., None], /, **kwargs: object) -> None:
    """Queue a short job that a person waits for. Without a queue the job runs in this process."""
    transaction.on_commit(partial(publish_or_run, task, **kwargs))


def lock_rows(rows: models.QuerySet[Row], *, may_be_referenced: bool = False) -> list[Row]:
    """Read and lock rows in primary key order until the transaction ends.

    Others wait to insert rows that refer to a locked row, unless they `may_be_referenced` meanwhile.

    On SQLite the surrounding transaction is the lock: it is IMMEDIATE, so no other transaction can write
    until it ends. The queryset is evaluated here, because an unevaluated queryset locks nothing.
    """
    return list(_with_row_lock(rows, may_be_referenced=may_be_referenced))


def lock_compiled_rows(rows_of: Callable[..., models.QuerySet[Row]], *args: object) -> list[Row]:
    """Lock the rows of `rows_of(*args)`. The SQL is compiled once, for frequent locks.

    `rows_of` is a module-level function; see `compiled_query` for the arguments it may take.
    """
    return _compiled_lock(rows_of)(*args)


@cache
def _compiled_lock(rows_of: Callable[..., models.QuerySet[Row]]) -> Callable[..., list[Row]]:
    @wraps(rows_of)
    def lockable(*args: object) -> models.QuerySet[Row]:
        return _with_row_lock(rows_of(*args))

    return compiled_query(lockable)


def _with_row_lock(rows: models.QuerySet[Row], *, may_be_referenced: bool = False) -> models.QuerySet[Row]:
    rows = rows.order_by("pk")
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",), no_key=may_be_referenced)
    return rows


def keep_from_deletion(rows: models.QuerySet[Row]) -> None:
    """In a transaction: let nobody delete these rows before it ends. Others may keep them at the same time.

    Whoever deletes them locks them first, and so waits. A row that is deleted meanwhile is not kept, so what
    refers to the rows is read afterwards. On SQLite the transaction is the lock.
    """
    if connection.features.has_select_for_update:
        # Django has no weaker lock than FOR NO KEY UPDATE, for which these transactions would wait in turn.
        statement, parameters = rows.order_by("pk").values("pk").query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} FOR KEY SHARE", parameters)


def delete_rows(rows: models.QuerySet[Row]) -> None:
    """Delete rows that no other row refers to, without Django's search for such rows. It takes one query."""
    rows._raw_delete(rows.db)


def lock_row(rows: models.QuerySet[Row]) -> Row | None:
    """Lock and return the single row of `rows`, or None if there is none."""
    locked_rows = lock_rows(rows)
    return locked_rows[0] if locked_rows else None
