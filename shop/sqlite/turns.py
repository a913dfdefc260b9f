"""Turns at writing to one database file, between the threads of a process and between processes."""

from __future__ import annotations

import fcntl
import os
import threading


class Turns:
    """A lock of this process's threads, and behind it a file lock that the kernel frees when a process dies.

    Any thread may give back what another took, since a connection may be shared by threads in tests.
    """

    def __init__(self, lock_file: str | None) -> None:
        self._thread_lock = threading.Lock()
        self._file = (
            None if lock_file is None else os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        )

    def take(self, *, timeout: float) -> bool:
        """Wait for a turn; False when a thread of this process kept it longer than `timeout` seconds.

        Another process is waited for as long as it takes: a file lock with a time limit could only poll, and
        whoever polls loses its place in the queue.
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

    def give_back(self) -> None:
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._thread_lock.release()


_known: dict[str, Turns] = {}
_knowing = threading.Lock()


def turns_of(database: str, *, in_memory: bool) -> Turns:
    """The turns of a database, the same object for every connection of this process."""
    with _knowing:
        if database not in _known:
            _known[database] = Turns(None if in_memory else f"{database}.turns")
        return _known[database]


def _forget() -> None:
    """A forked child shares its parent's open lock file, and with it the lock: it must open its own."""
    global _knowing
    _knowing = threading.Lock()
    _known.clear()


os.register_at_fork(after_in_child=_forget)
