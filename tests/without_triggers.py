"""What only somebody with the database's own password can do: write past the triggers that forbid it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def without_triggers() -> Iterator[None]:
    """Append-only tables may be changed and emptied inside; afterwards the triggers are there again."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            cursor.execute("SET LOCAL session_replication_role = DEFAULT")
            return
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'"
        )
        triggers = cursor.fetchall()
        for name, _made_by in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _name, made_by in triggers:
            cursor.execute(made_by)
