"""A fair writer lock for one database file, between threads and processes."""

from __future__ import annotations

import fcntl
import os
import threading


class WriterLock:
    """A lock among this process's threads, then a file lock, which the kernel frees when a process dies.

    Any thread may release what another acquired, because tests share connections among threads.
    """

    def __init__(self, lock_file: str | None) -> None:
        self._thread_lock = threading.Lock()
        self._file = (
            None if lock_file is None else os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        )

    def acquire(self, *, timeout: float) -> bool:
        """Wait for the lock. Return False if a thread of this process held it longer than `timeout` seconds.

        There is no time limit for other processes. A file lock with a timeout would have to poll, and polling
        loses the place in the queue.
        """
        if not self._thread_lock.acquire(timeout=timeout):
            return False
        if self._file is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            except BaseException:
                self._thread_lock.release()
                raise
        return True

    def release(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._thread_lock.release()


_locks_by_database: dict[str, WriterLock] = {}
_registry_lock = threading.Lock()


def writer_lock(database: str, *, is_in_memory: bool) -> WriterLock:
    """Return the lock of a database, the same object for all connections of this process."""
    with _registry_lock:
        if database not in _locks_by_database:
            _locks_by_database[database] = WriterLock(None if is_in_memory else f"{database}.turns")
        return _locks_by_database[database]


def _reset_after_fork() -> None:
    """Make a forked child open its own lock file. It would otherwise share its parent's lock."""
    global _registry_lock
    _registry_lock = threading.Lock()
    _locks_by_database.clear()


os.register_at_fork(after_in_child=_reset_after_fork)
