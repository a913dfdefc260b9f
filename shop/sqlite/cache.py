"""A cache in a separate SQLite file, shared by the processes of one machine.

It is not in the shop's database, so that caching never waits for a writer. An unusable file (full disk,
damaged) behaves like an empty cache, and no page fails because of it.
"""

from __future__ import annotations

import logging
import os
import pickle
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

log = logging.getLogger(__name__)

_WRITES_PER_SWEEP = 500  # of one thread
_LIVE = "(expires IS NULL OR expires > :now)"


class _EmptyResult:
    """The empty result of a statement on an unusable file."""

    rowcount = 0

    def fetchone(self) -> None:
        return None


class SqliteCache(BaseCache):
    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__({**params, "OPTIONS": {"MAX_ENTRIES": 20_000, **params.get("OPTIONS", {})}})
        self._path = str(location)
        self._connection: sqlite3.Connection | None = None
        self._owner_pid = 0
        self._writes = 0

    def get(self, key: str, default: object = None, version: int | None = None) -> object:
        row = self._run(f"SELECT value FROM entries WHERE key = :key AND {_LIVE}", key, version).fetchone()
        return default if row is None else _unpack(row[0])

    def set(
        self, key: str, value: object, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self._write(
            "INSERT INTO entries (key, value, expires) VALUES (:key, :value, :expires)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires",
            key,
            version,
            value=_pack(value),
            expires=self.get_backend_timeout(timeout),
        )

    def add(
        self, key: str, value: object, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        added = self._write(
            "INSERT INTO entries (key, value, expires) VALUES (:key, :value, :expires)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires"
            " WHERE entries.expires <= :now",
            key,
            version,
            value=_pack(value),
            expires=self.get_backend_timeout(timeout),
        )
        return added.rowcount == 1

    def incr(self, key: object, delta: int = 1, version: int | None = None) -> int:
        """Return the number after adding `delta`. Raises ValueError if the key holds no number."""
        row = self._write(
            f"UPDATE entries SET value = value + :delta WHERE key = :key AND {_LIVE}"
            " AND typeof(value) = 'integer' RETURNING value",
            key,
            version,
            delta=delta,
        ).fetchone()
        if row is None:
            raise ValueError(f"Key {key!r} holds no number")
        return int(row[0])

    def touch(self, key: str, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        touched = self._write(
            f"UPDATE entries SET expires = :expires WHERE key = :key AND {_LIVE}",
            key,
            version,
            expires=self.get_backend_timeout(timeout),
        )
        return touched.rowcount == 1

    def delete(self, key: object, version: int | None = None) -> bool:
        return self._write(f"DELETE FROM entries WHERE key = :key AND {_LIVE}", key, version).rowcount == 1

    def clear(self) -> None:
        self._execute("DELETE FROM entries", {})

    def _write(
        self, sql: str, key: object, version: int | None, **values: object
    ) -> sqlite3.Cursor | _EmptyResult:
        self._writes += 1
        if self._writes % _WRITES_PER_SWEEP == 0:
            self._sweep()
        return self._run(sql, key, version, **values)

    def _run(
        self, sql: str, key: object, version: int | None, **values: object
    ) -> sqlite3.Cursor | _EmptyResult:
        key = self.make_and_validate_key(key, version)
        return self._execute(sql, {"key": key, "now": time.time(), **values})

    def _execute(self, sql: str, values: Mapping[str, object]) -> sqlite3.Cursor | _EmptyResult:
        """Run a statement. On an error return an empty result; the next statement reopens the file."""
        try:
            return self._open().execute(sql, values)
        except sqlite3.Error as error:
            log.warning("cache file %s is unusable: %s", self._path, error)
            self._connection = None
            return _EmptyResult()

    def _sweep(self) -> None:
        """Delete expired entries, and beyond the limit those that expire first."""
        self._execute("DELETE FROM entries WHERE expires <= :now", {"now": time.time()})
        self._execute(
            "DELETE FROM entries WHERE key IN (SELECT key FROM entries ORDER BY expires IS NULL, expires, key"
            " LIMIT max(0, (SELECT count(*) FROM entries) - :most))",
            {"most": self._max_entries},
        )

    def _open(self) -> sqlite3.Connection:
        """Return this thread's connection. A forked child opens its own."""
        if self._connection is None or self._owner_pid != os.getpid():
            self._connection = sqlite3.connect(
                self._path, timeout=20, isolation_level=None, check_same_thread=False
            )
            self._owner_pid = os.getpid()
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute(
                "CREATE TABLE IF NOT EXISTS entries"
                " (key TEXT PRIMARY KEY, value BLOB, expires REAL) WITHOUT ROWID"
            )
        return self._connection


def _pack(value: object) -> int | bytes:
    """Store integers unpickled, so that SQL can add to them. Pickle everything else."""
    return (
        value if type(value) is int and abs(value) < 2**62 else pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    )


def _unpack(stored: int | bytes) -> object:
    return stored if isinstance(stored, int) else pickle.loads(stored)
