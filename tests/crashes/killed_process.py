"""Run work in a process of its own and kill it (-9) at a numbered step, as a power cut would.

A step is a database statement, or the moment before or after a commit, and so also the moments just before
and just after an outgoing call. Only rows that the database itself saved are left.

Most steps leave the same state, because uncommitted work is lost. Only a commit or an outgoing request
changes it: the short tests kill the process at these turns only. (Queued mails are no turn, as they carry no
money.)
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from django.db import connection, connections

BATCH_SIZE = 40  # half-done works in a batch
Row = TypeVar("Row")
READING = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")


def kill_at_each_step(
    begin: Callable[[], Row], do: Callable[[Row], Any], *, at_turns: bool
) -> Iterator[list[Row]]:
    """Begin anew for each step (or turn) of the work and kill it there, until one run completes.

    Yields the started items, in batches; the caller then repeats the work and checks the result.
    """
    begun = [begin()]
    do(begun[0])  # loads modules once for all forks
    step, is_complete = 1, False
    while not is_complete:
        begun.append(begin())
        is_complete = completes(partial(do, begun[-1]), dies_at=step, at_turns=at_turns)
        step += 1
        if is_complete or len(begun) == BATCH_SIZE:
            yield begun
            begun = []


def completes(work: Callable[[], Any], *, dies_at: int, at_turns: bool = False) -> bool:
    """Run the work in a forked process; False if it was killed, True if it ended before that step.

    Raises AssertionError if the work itself failed.
    """
    connections.close_all()
    child = os.fork()
    if child == 0:
        _Life(dies_at, at_turns=at_turns).live(work)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.waitstatus_to_exitcode(status) == 0, f"the work failed before its step {dies_at}"
    return True


class _Life:
    """Count steps in the child, and exit without Python's cleanup."""

    def __init__(self, dies_at: int, *, at_turns: bool) -> None:
        self._left = dies_at
        self._at_turns = at_turns
        self._has_sent = False
        self._commit = connection._commit

    def live(self, work: Callable[[], Any]) -> None:
        try:
            connection.execute_wrappers.append(self._statement)
            connection._commit = self._committing
            sys.addaudithook(self._note_request)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def _step(self, *, is_turn: bool = False) -> None:
        if self._at_turns and not is_turn:
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self._step(is_turn=self._has_sent)
        self._has_sent = False
        answer = execute(sql, params, many, context)
        if connection.get_autocommit() and not (sql.startswith(READING) or "notifications_" in sql):
            self._step(is_turn=True)
        return answer

    def _committing(self) -> Any:
        self._step()
        answer = self._commit()
        self._step(is_turn=True)
        return answer

    def _note_request(self, event: str, _arguments: Any) -> None:
        if event == "http.client.send":
            self._has_sent = True
