"""Work that is killed (-9) at a numbered step, in a process of its own, as a power cut would.

A step is a statement to the database, or the moment before or after a commit: so also the moments just
before and just after a call to somebody outside. The rows are then what the database itself kept.

Most steps leave the same behind: what is not committed is gone. Something new is there only after a commit,
and after somebody outside was spoken to; to be killed at these turns is all that the short tests ask for.
(That a letter is on its way is no turn: letters are no money.)
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

AT_ONCE = 40  # works that lie there half done
Row = TypeVar("Row")
READING = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")


def deaths(begin: Callable[[], Row], do: Callable[[Row], Any], *, at_turns: bool) -> Iterator[list[Row]]:
    """Begin anew for each step of the work, or each of its turns, and kill it there, until one runs through.

    Yields what was begun, some at a time: then the caller sets things right again and looks at what is there.
    """
    begun = [begin()]
    do(begun[0])  # so that the others need not load what it takes
    step, is_through = 1, False
    while not is_through:
        begun.append(begin())
        is_through = runs_through(partial(do, begun[-1]), dies_at=step, at_turns=at_turns)
        step += 1
        if is_through or len(begun) == AT_ONCE:
            yield begun
            begun = []


def runs_through(work: Callable[[], Any], *, dies_at: int, at_turns: bool = False) -> bool:
    """Do the work in a forked process; False where it was killed, True where it ended before that step.

    Raises AssertionError where the work itself failed.
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
    """In the child: counts steps, and ends without any of Python's goodbyes."""

    def __init__(self, dies_at: int, *, at_turns: bool) -> None:
        self._left = dies_at
        self._at_turns = at_turns
        self._has_spoken = False
        self._commit = connection._commit

    def live(self, work: Callable[[], Any]) -> None:
        try:
            connection.execute_wrappers.append(self._statement)
            connection._commit = self._committing
            sys.addaudithook(self._note_what_is_said)
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
        self._step(is_turn=self._has_spoken)
        self._has_spoken = False
        answer = execute(sql, params, many, context)
        if connection.get_autocommit() and not (sql.startswith(READING) or "notifications_" in sql):
            self._step(is_turn=True)
        return answer

    def _committing(self) -> Any:
        self._step()
        answer = self._commit()
        self._step(is_turn=True)
        return answer

    def _note_what_is_said(self, event: str, _arguments: Any) -> None:
        if event == "http.client.send":
            self._has_spoken = True
