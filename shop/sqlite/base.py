"""Django's SQLite backend with a fair writer lock.

SQLite admits one writer and makes the others poll, so under load some wait for seconds while newcomers
overtake them. Here a transaction takes its turn at a lock when it begins, and sleeps until the turn comes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from shop.sqlite.writer_lock import WriterLock, writer_lock


@lru_cache(maxsize=2048)
def _convert_placeholders(sql: str) -> str:
    """Convert a statement's placeholders to SQLite's. The result is cached, because statements repeat."""
    return base.FORMAT_QMARK_REGEX.sub("?", sql).replace("%%", "%")


class _Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: object = None) -> str:
        if param_names is None:
            return _convert_placeholders(query)
        converted: str = super().convert_query(query, param_names=param_names)
        return converted


class DatabaseWrapper(base.DatabaseWrapper):
    _held_lock: WriterLock | None = None  # held from before BEGIN until commit, rollback or close

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=_Cursor)

    def _start_transaction_under_autocommit(self) -> None:
        if self._held_lock is None:
            lock = writer_lock(str(self.settings_dict["NAME"]), is_in_memory=self.is_in_memory_db())
            if not lock.acquire(timeout=float(self.settings_dict["OPTIONS"].get("timeout", 5))):
                raise OperationalError("database is locked: another transaction takes too long")
            self._held_lock = lock
        try:
            super()._start_transaction_under_autocommit()
        except BaseException:
            self._release_lock()
            raise

    def _commit(self) -> Any:
        super()._commit()  # if this fails, Django rolls back, which releases the lock
        self._release_lock()

    def _rollback(self) -> Any:
        try:
            super()._rollback()
        finally:
            self._release_lock()

    def _close(self) -> Any:
        try:
            super()._close()
        finally:
            self._release_lock()

    def _release_lock(self) -> None:
        lock, self._held_lock = self._held_lock, None
        if lock is not None:
            lock.release()
