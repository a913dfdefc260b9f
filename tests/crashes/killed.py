"""Work that is killed (-9) at a numbered step, in a process of its own, as a power cut would.

A step is a statement to the database, or the moment before or after a commit: so also the moments just
before and just after a call to somebody outside. The rows are then what the database itself kept.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, connections


def runs_through(work: Callable[[], Any], *, dies_at: int) -> bool:
    """Do the work in a forked process; False where it was killed, True where it ended before that step.

    Raises AssertionError where the work itself failed.
    """
    connections.close_all()
    child = os.fork()
    if child == 0:
        _live(work, dies_at)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.waitstatus_to_exitcode(status) == 0, f"the work failed before its step {dies_at}"
    return True


def deaths(make_work: Callable[[], Callable[[], Any]], *, every: int, first: int = 1) -> Iterator[int]:
    """Kill fresh work at its steps `first`, `first + every` …, until one runs through; yields after each.

    Each time the caller sets things right again and looks at what is there.
    """
    step = first
    while True:
        is_through = runs_through(make_work(), dies_at=step)
        yield step
        if is_through:
            return
        step += every


def _live(work: Callable[[], Any], dies_at: int) -> None:
    """In the child: count steps, and end without any of Python's goodbyes."""
    left = dies_at

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        step()
        return execute(sql, params, many, context)

    commit = connection._commit

    def committed() -> Any:
        step()
        answer = commit()
        step()
        return answer

    try:
        connection.execute_wrappers.append(statement)
        connection._commit = committed
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
