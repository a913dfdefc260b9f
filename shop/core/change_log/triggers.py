"""Triggers by which the change log is only added to, except that personal data may be emptied."""

from __future__ import annotations

from shop.core.database.triggers import append_only_triggers

_CHANGE = (
    "id",
    "created_at",
    "action",
    "kind",
    "key",
    "root_kind",
    "root_key",
    "cooperative",
    "actor_kind",
    "actor_key",
    "entry_point",
    "idempotency_key",
)
_SEALED = ("change_id", "seal_id", "facts", "name_digest", "content_digest")
_SEAL = ("number", "sealed_at", "count", "last_id", "digest")


def _differs(column: str) -> str:
    return f"NEW.{column} IS DISTINCT FROM OLD.{column}"


def _differs_and_is_not_empty(column: str, empty: str) -> str:
    return f"({_differs(column)} AND NEW.{column} IS DISTINCT FROM {empty})"


_REFUSED_UPDATES = {
    "core_change": [
        *map(_differs, _CHANGE),
        _differs_and_is_not_empty("actor_name", "''"),
        _differs_and_is_not_empty("reason", "''"),
        _differs_and_is_not_empty("data", "'{}'"),
        _differs_and_is_not_empty("snapshot", "NULL"),
    ],
    "core_sealedchange": [
        *map(_differs, _SEALED),
        _differs_and_is_not_empty("name_salt", "''"),
        _differs_and_is_not_empty("content_salt", "''"),
    ],
    "core_changeseal": [*map(_differs, _SEAL)],
}

_UNIQUE = {
    "core_change": ("id", "idempotency_key"),
    "core_sealedchange": ("change_id",),
    "core_changeseal": ("number",),
}

TRIGGERS = tuple(
    trigger
    for table, conditions in _REFUSED_UPDATES.items()
    for trigger in append_only_triggers(
        table, _UNIQUE[table], "the change log only grows", refused_update_condition=" OR ".join(conditions)
    )
)
