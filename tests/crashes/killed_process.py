"""Run work in a process of its own and kill it (-9) at a numbered point, as a power cut would.

The points are: before each database statement, and before and after each commit. Outgoing calls happen
between two commits, so they are covered. After the kill only rows that the database itself saved are left.

At most points the result is the same, because uncommitted work is lost. Only a commit or an outgoing call
changes it, so the short tests kill the process only after those. They leave out queued mails, which carry no
money.
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

HALF_DONE_WORKS_PER_BATCH = 40
Row = TypeVar("Row")
READING = ("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN")


def kill_at_each_point(
    make_row: Callable[[], Row], process_row: Callable[[Row], Any], *, is_only_at_commits: bool
) -> Iterator[list[Row]]:
    """Start new work for each point and kill it there, until one run completes.

    Yields the started items, in batches; the caller then repeats the work and checks the result.
    """
    started_rows = [make_row()]
    process_row(started_rows[0])  # loads modules once for all forks
    point, is_complete = 1, False
    while not is_complete:
        started_rows.append(make_row())
        is_complete = completes(
            partial(process_row, started_rows[-1]), killed_at=point, is_only_at_commits=is_only_at_commits
        )
        point += 1
        if is_complete or len(started_rows) == HALF_DONE_WORKS_PER_BATCH:
            yield started_rows
            started_rows = []


def completes(work: Callable[[], Any], *, killed_at: int, is_only_at_commits: bool = False) -> bool:
    """Run the work in a forked process, or False if it was killed, True if it ended before that point.

    Raises AssertionError if the work itself failed.
    """
    connections.close_all()
    child = os.fork()
    if child == 0:
        _KilledProcess(killed_at, is_only_at_commits=is_only_at_commits).run(work)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.waitstatus_to_exitcode(status) == 0, f"the work failed before its point {killed_at}"
    return True


class _KilledProcess:
    """Count points in the forked process, and exit without Python's cleanup."""

    def __init__(self, killed_at: int, *, is_only_at_commits: bool) -> None:
        self._points_left = killed_at
        self._is_only_at_commits = is_only_at_commits
        self._has_just_sent_request = False
        self._commit = connection._commit

    def run(self, work: Callable[[], Any]) -> None:
        try:
            connection.execute_wrappers.append(self._execute_statement)
            connection._commit = self._commit_between_points
            sys.addaudithook(self._note_request)
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def _pass_point(self, *, is_commit_or_call: bool = False) -> None:
        if self._is_only_at_commits and not is_commit_or_call:
            return
        self._points_left -= 1
        if self._points_left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def _execute_statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self._pass_point(is_commit_or_call=self._has_just_sent_request)
        self._has_just_sent_request = False
        answer = execute(sql, params, many, context)
        if connection.get_autocommit() and not (sql.startswith(READING) or "notifications_" in sql):
            self._pass_point(is_commit_or_call=True)
        return answer

    def _commit_between_points(self) -> Any:
        self._pass_point()
        answer = self._commit()
        self._pass_point(is_commit_or_call=True)
        return answer

    def _note_request(self, event: str, _arguments: Any) -> None:
        if event == "http.client.send":
            self._has_just_sent_request = True
