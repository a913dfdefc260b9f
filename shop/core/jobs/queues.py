"""Queue jobs for workers. Without a broker the shop keeps working, and lost jobs are logged.

Rows of the database say what is due, and a sweep finds them, so a lost job costs minutes. After a failure
nothing is queued for some seconds, so that requests do not wait for an unreachable broker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from celery import Task

log = logging.getLogger(__name__)

PAUSE_SECONDS = 10
_paused_until = 0.0


def publish(send: Callable[..., object], /, *args: object, **kwargs: object) -> bool:
    """Call `send` (a task's `delay`), and return whether the job was queued. Never raises."""
    global _paused_until
    if is_paused():
        return False
    try:
        send(*args, **kwargs)
    except (
        Exception
    ) as error:  # each broker raises its own errors: refused, timeout, disk full, missing folder
        _paused_until = time.monotonic() + PAUSE_SECONDS
        log.error("job not queued; pausing for %s seconds: %r", PAUSE_SECONDS, error)
        return False
    return True


def publish_or_run(task: Task[..., None], /, **kwargs: object) -> None:
    """Queue the task, or run it here if the queue is unavailable. For short tasks that a person waits for."""
    if publish(task.delay, **kwargs):
        return
    try:
        task(**kwargs)
    except Exception:  # the row stays due, and the sweep tries again
        log.exception("%s failed outside the queue", task.name)


def is_paused() -> bool:
    """Return whether queueing failed within the last PAUSE_SECONDS."""
    return time.monotonic() < _paused_until
