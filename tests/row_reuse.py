"""Restore the rows that factories make at the start of tests, instead of making them again.

Most tests begin alike: a channel, a seller, its products, an order, made by the shop's own actions. A call
of such a factory is identified by its arguments, the overridden settings and the calls before it in the
same test. The first calls that a test makes itself are recorded at once and restored at later occurrences.
Later calls, and the calls inside a call, are recorded at their second occurrence.

This applies only to tests that roll back, while nothing else has written to the database and no code is
patched. Otherwise factories run normally.
"""

from __future__ import annotations

import datetime
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache, wraps
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import UserSettingsHolder, settings
from django.core import mail
from django.db import connection, transaction
from django.db.models import Model
from django.utils.translation import get_language

from tests.stored_rows import Row, key_index, stored_columns, stored_rows

Factory = TypeVar("Factory", bound=Callable[..., Any])
_READS = ("SELECT", "SAVEPOINT", "RELEASE")
# Signing in touches nothing that a factory reads.
_IGNORED_WRITES = (
    'INSERT INTO "django_session"',
    'UPDATE "django_session"',
    'DELETE FROM "django_session"',
    'UPDATE "accounts_user" SET "last_login"',
    'UPDATE "accounts_user" SET "second_factor_due_at"',
    "INSERT INTO core_limitcounter",
    'DELETE FROM "core_limitcounter"',
)
_IGNORED_COLUMNS = ("last_login", "second_factor_due_at")
# Factories make no network calls, so only whether these settings are set matters.
_GATEWAY_SETTINGS = ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
_GATEWAY_SETTINGS += ("STRIPE_API_URL", "STRIPE_JS_URL")
_HARMLESS_PATCHES = {("orders.actions.gateway.send_gateway_calls", "stripe_gateway")}
_RECORDED_AT_ONCE = (
    10  # of a test's own calls; around each call of a long loop, reading all rows takes longer
)
_COMPARABLE_TYPES = (type(None), str, int, float, bool, bytes, Decimal, UUID, datetime.date, datetime.time)
_COMPARABLE_TYPES += (datetime.timedelta, Enum)


class _NotComparable(Exception):
    """An argument that cannot be compared by its value."""


@dataclass
class _FactoryCall:
    """One call in a sequence: how often it was made, the calls that follow it, and its recorded result."""

    count: int = 0
    next_calls: dict[Any, _FactoryCall] = field(default_factory=dict)
    result: bytes | None = None
    rows: list[tuple[str, str, list[Row]]] = field(default_factory=list)  # table, statement, values
    on_commit: list[tuple[Any, bool]] = field(default_factory=list)
    is_recordable: bool = True


class _Recorder:
    """The calls that may follow in the running test, and the number of writes so far.

    `own_call_count` counts the test's own calls that were made, `depth` the calls in which the next one is.
    More writes than the factories made mean that the rows are no longer those of the recorded calls.
    """

    def __init__(self) -> None:
        self.first_calls: dict[Any, _FactoryCall] = {}
        self.next_calls: dict[Any, _FactoryCall] | None = None
        self.write_count = self.expected_write_count = 0
        self.own_call_count = self.depth = 0
        self.patch: pytest.MonkeyPatch | None = None

    def begin(self, patch: pytest.MonkeyPatch | None = None) -> None:
        self.patch = patch
        self.next_calls, self.expected_write_count = self.first_calls, self.write_count
        self.own_call_count = self.depth = 0
        if self._count_writes not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._count_writes)

    def end(self) -> None:
        self.next_calls = None

    def _count_writes(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.lstrip().startswith((*_READS, *_IGNORED_WRITES)):
            self.write_count += 1
        return execute(sql, params, many, context)

    def call_factory(self, factory: Callable[..., Any], args: Row, kwargs: dict[str, Any]) -> Any:
        if (
            self.next_calls is None
            or self.expected_write_count != self.write_count
            or _is_code_patched(self.patch)
        ):
            return factory(*args, **kwargs)
        try:
            arguments_value, settings_value = _comparable_value((args, kwargs)), _overridden_settings()
        except _NotComparable:
            self.next_calls = None
            return factory(*args, **kwargs)
        call = self.next_calls.setdefault(
            (factory.__module__, factory.__name__, get_language(), settings_value, arguments_value),
            _FactoryCall(),
        )
        call.count += 1
        if call.result is not None:
            result = _restore(call)
        else:
            is_own = self.depth == 0
            self.own_call_count += is_own
            is_early = is_own and self.own_call_count <= _RECORDED_AT_ONCE
            self.depth += 1
            try:
                if call.is_recordable and (call.count > 1 or is_early):
                    result = _record(call, factory, args, kwargs, arguments_value)
                else:
                    result = factory(*args, **kwargs)
            finally:
                self.depth -= 1
        self.next_calls, self.expected_write_count = call.next_calls, self.write_count
        return result


recorder = _Recorder()


def reuse_rows(factory: Factory) -> Factory:
    """Record the rows that a factory makes at the start of a test, and restore them in later tests."""

    @wraps(factory)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        return recorder.call_factory(factory, args, kwargs)

    return recorded  # type: ignore[return-value]


def _record(
    call: _FactoryCall,
    factory: Callable[..., Any],
    args: Row,
    kwargs: dict[str, Any],
    arguments_value: Any,
) -> Any:
    """Make the rows and record the changes. Calls that leave more than rows behind are not recorded."""
    rows_before, email_count = _all_rows(), len(getattr(mail, "outbox", ()))
    callback_count = len(connection.run_on_commit)
    files_before = _stored_files()
    result = factory(*args, **kwargs)
    rows_after = _all_rows()
    inserts: list[tuple[str, str, list[Row]]] = []
    updates: list[tuple[str, str, list[Row]]] = []
    for table, (key, columns) in _tables().items():
        old_rows, new_rows = rows_before.get(table, {}), rows_after.get(table, {})
        names = ", ".join(f'"{column}"' for column in columns)
        placeholders = ", ".join(["%s"] * len(columns))
        rows = [row for pk, row in new_rows.items() if pk not in old_rows]
        if rows:
            inserts.append((table, f'INSERT INTO "{table}" ({names}) VALUES ({placeholders})', rows))
        for pk, row in new_rows.items():
            changed_indexes = [
                index for index, value in enumerate(row) if pk in old_rows and old_rows[pk][index] != value
            ]
            if changed_indexes:
                sets = ", ".join(f'"{columns[index]}" = %s' for index in changed_indexes)
                values = (*(row[index] for index in changed_indexes), pk)
                updates.append((table, f'UPDATE "{table}" SET {sets} WHERE "{key}" = %s', [values]))
        call.is_recordable = call.is_recordable and old_rows.keys() <= new_rows.keys()
    call.is_recordable = (
        call.is_recordable
        and _stored_files() == files_before
        and len(getattr(mail, "outbox", ())) == email_count
        and _comparable_value((args, kwargs)) == arguments_value
    )
    if call.is_recordable:
        call.rows = [*inserts, *updates]
        call.on_commit = [(entry[1], entry[2]) for entry in connection.run_on_commit[callback_count:]]
        try:
            call.result = pickle.dumps(result)
        except (pickle.PicklingError, AttributeError, TypeError):
            call.is_recordable = False
    return result


def _restore(call: _FactoryCall) -> Any:
    with connection.cursor() as cursor:
        for _table, statement, rows in call.rows:
            cursor.executemany(statement, rows)
    for work, robust in call.on_commit:
        transaction.on_commit(work, robust=robust)
    assert call.result is not None
    return pickle.loads(call.result)


@cache
def _tables() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return each table's key and columns."""
    return {
        model._meta.db_table: (model._meta.pk.column, stored_columns(model)) for model in _managed_models()
    }


@cache
def _managed_models() -> list[type[Model]]:
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]


def _all_rows() -> dict[str, dict[Any, Row]]:
    """Return every row by its key, for each table that has rows."""
    return {
        model._meta.db_table: {row[key_index(model)]: row for row in rows}
        for model, rows in stored_rows(_managed_models()).items()
    }


def _stored_files() -> list[Path]:
    return sorted(Path(settings.MEDIA_ROOT).rglob("*"))


def _comparable_value(argument: Any) -> Any:
    """Return a comparable form of an argument."""
    if isinstance(argument, Model):
        columns = {
            name: value
            for name, value in vars(argument).items()
            if not name.startswith("_") and name not in _IGNORED_COLUMNS
        }
        return (argument._meta.label, _comparable_value(columns))
    if isinstance(argument, _COMPARABLE_TYPES):
        return (type(argument).__name__, argument)
    if isinstance(argument, dict):
        pairs = ((_comparable_value(key), _comparable_value(value)) for key, value in argument.items())
        return tuple(sorted(pairs, key=repr))
    if isinstance(argument, list | tuple):
        return tuple(_comparable_value(item) for item in argument)
    if isinstance(argument, set | frozenset):
        return tuple(sorted((_comparable_value(item) for item in argument), key=repr))
    if is_dataclass(argument) and not isinstance(argument, type):
        return (
            type(argument).__name__,
            *(_comparable_value(getattr(argument, column.name)) for column in fields(argument)),
        )
    raise _NotComparable(type(argument).__name__)


def _overridden_settings() -> Any:
    """Return the settings overridden in this test, except the folder of its pictures."""
    all_overridden: dict[str, Any] = {}
    holder = settings._wrapped
    while isinstance(holder, UserSettingsHolder):
        overridden = {name: value for name, value in vars(holder).items() if name.isupper()}
        all_overridden = {**overridden, **dict.fromkeys(holder._deleted), **all_overridden}
        holder = holder.default_settings
    comparable = {
        name: bool(value) if name in _GATEWAY_SETTINGS else value for name, value in all_overridden.items()
    }
    return _comparable_value(
        {name: value for name, value in comparable.items() if name not in ("MEDIA_ROOT", "SETTINGS_MODULE")}
    )


def _is_code_patched(patch: pytest.MonkeyPatch | None) -> bool:
    """Return whether something that a factory may call was patched."""
    if patch is None:
        return False
    replaced = {(getattr(target, "__name__", ""), name) for target, name, _before in patch._setattr}
    return bool(patch._setitem) or not replaced <= _HARMLESS_PATCHES


def can_reuse_rows(test: pytest.Function) -> bool:
    """Return whether a test begins with an empty database and rolls back."""
    mark = test.get_closest_marker("django_db")
    uses_rows = mark is not None or "db" in test.fixturenames
    if not uses_rows or test.cls is not None or (mark is not None and mark.kwargs.get("transaction")):
        return False
    return not {"all_divisions", "live_server", "transactional_db"} & set(test.fixturenames)


def may_patch(test: pytest.Function) -> bool:
    """Return whether the test or one of our fixtures uses `monkeypatch`; pytest-django's always do."""
    argnames = [test._fixtureinfo.argnames]
    for definitions in test._fixtureinfo.name2fixturedefs.values():
        argnames += [
            definition.argnames
            for definition in definitions
            if definition.func.__module__.startswith("tests")
        ]
    return any("monkeypatch" in names for names in argnames)
