"""Database triggers, declared beside the models they protect and created after every migrate.

They are not part of migrations, because SQLite loses a table's triggers when Django rebuilds the table.
`shop.management.triggers` lists them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from django.db import OperationalError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_EXISTING = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, obj_description(oid, 'pg_trigger') FROM pg_trigger WHERE NOT tgisinternal",
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger, in SQL for both databases, or only for `vendor`.

    `event` is for example `BEFORE UPDATE`. The trigger acts if `condition` holds or there is none. It refuses
    the row with `message`, or runs the statements of `body`. Each statement ends in a semicolon.
    """

    name: str
    table: str
    event: str
    condition: str = ""
    message: str = ""
    body: str = ""
    vendor: str = ""

    def statements(self, vendor: str) -> list[str]:
        """Return the SQL that creates the trigger. A trigger of this name must not exist."""
        return [self._sqlite()] if vendor == "sqlite" else self._postgresql()

    def _sqlite(self) -> str:
        condition = self.condition.replace("IS DISTINCT FROM", "IS NOT")
        when = f" WHEN {condition}" if condition else ""
        body = self.body or f"SELECT RAISE(ABORT, '{self.message}');"
        return f"CREATE TRIGGER {self.name} {self.event} ON {self.table}{when} BEGIN {body} END"

    def _postgresql(self) -> list[str]:
        body = self.body or f"RAISE EXCEPTION '{self.message}';"
        when = ""
        if "SELECT" in self.condition:  # a WHEN clause may not contain a query
            body = f"IF {self.condition} THEN {body} END IF;"
        elif self.condition:
            when = f" WHEN ({self.condition})"
        timing, event = self.event.split()
        result = "NULL" if timing == "AFTER" or event == "TRUNCATE" else "OLD" if event == "DELETE" else "NEW"
        level = "STATEMENT" if event == "TRUNCATE" else "ROW"
        return [
            f"CREATE OR REPLACE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {body} RETURN {result}; END $$",
            f"CREATE TRIGGER {self.name} {self.event} ON {self.table} FOR EACH {level}{when}"
            f" EXECUTE FUNCTION {self.name}()",
        ]


def append_only_triggers(
    table: str, unique_columns: Iterable[str], message: str, *, refused_update_condition: str = ""
) -> tuple[Trigger, ...]:
    """Return the triggers that refuse deletions and updates of a table.

    All updates are refused, or only those for which the SQL of `refused_update_condition` holds. Two
    statements would bypass triggers on deletion and are refused too: REPLACE on SQLite and TRUNCATE on
    PostgreSQL. A REPLACE is recognised by a value of `unique_columns` that exists. `message` is the message.
    """
    unique_conflict = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} WHERE {column} = NEW.{column})" for column in unique_columns
    )
    return (
        Trigger(f"{table}_no_update", table, "BEFORE UPDATE", refused_update_condition, message),
        Trigger(f"{table}_no_delete", table, "BEFORE DELETE", message=message),
        Trigger(f"{table}_no_replace", table, "BEFORE INSERT", unique_conflict, message, vendor="sqlite"),
        Trigger(f"{table}_no_truncate", table, "BEFORE TRUNCATE", message=message, vendor="postgresql"),
    )


def create_triggers(connection: BaseDatabaseWrapper, triggers: Iterable[Trigger]) -> set[str]:
    """Create the triggers that are missing or differ, and return their names.

    PostgreSQL rewrites a trigger's SQL. A digest of our SQL is therefore kept as the trigger's comment.
    """
    vendor = connection.vendor
    created = set()
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(_EXISTING[vendor])
        existing: Mapping[str, str | None] = dict(cursor.fetchall())
        for trigger in triggers:
            if trigger.vendor not in ("", vendor):
                continue
            statements = trigger.statements(vendor)
            digest = hashlib.sha256("\n".join(statements).encode()).hexdigest()
            if existing.get(trigger.name) == (statements[0] if vendor == "sqlite" else digest):
                continue
            on_table = "" if vendor == "sqlite" else f" ON {trigger.table}"
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on_table}")
            for statement in statements:
                cursor.execute(statement)
            if vendor == "postgresql":
                cursor.execute(f"COMMENT ON TRIGGER {trigger.name}{on_table} IS '{digest}'")
            created.add(trigger.name)
    return created


def drop_sqlite_triggers(connection: BaseDatabaseWrapper) -> list[str]:
    """Drop all triggers, and return the SQL that creates them again.

    SQLite refuses to rebuild a table while a trigger on another table refers to it.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXISTING["sqlite"])
        existing = cursor.fetchall()
        for name, _sql in existing:
            cursor.execute(f"DROP TRIGGER {name}")
    return [sql for _name, sql in existing]


def restore_sqlite_triggers(connection: BaseDatabaseWrapper, statements: Iterable[str]) -> None:
    """Create dropped triggers again after a failed migration, except triggers of removed tables."""
    with connection.cursor() as cursor:
        for statement in statements:
            with suppress(OperationalError):
                cursor.execute(statement)
