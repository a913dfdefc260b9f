"""Queue messages for workers. Without a broker the shop goes on: a message that cannot be queued is logged.

Rows are the truth and a sweep finds what is due, so a lost message costs minutes. After a failure nothing is
queued for some seconds, so that requests do not wait for a broker that does not answer.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

log = logging.getLogger(__name__)

PAUSE_SECONDS = 10
_paused_until = 0.0


def publish(send: Callable[..., Any], /, *args: Any, **kwargs: Any) -> bool:
    """Call `send` (a task's `delay`); answer whether the message was queued. Never raises."""
    global _paused_until
    if is_paused():
        return False
    try:
        send(*args, **kwargs)
    except Exception as error:  # each broker has errors of its own: refused, timed out, disk full, no folder
        _paused_until = time.monotonic() + PAUSE_SECONDS
        log.error("a message was not queued; none is tried for %s seconds: %r", PAUSE_SECONDS, error)
        return False
    return True


def publish_or_run(task: Any, /, **kwargs: Any) -> None:
    """Queue the task, or run it here when the queue is away. For short tasks that somebody waits for."""
    if publish(task.delay, **kwargs):
        return
    try:
        task(**kwargs)
    except Exception:  # the row stays due, and the sweep tries again
        log.exception("%s failed outside the queue", task.name)


def is_paused() -> bool:
    """Whether the queue failed a moment ago."""
    return time.monotonic() < _paused_until


def forget_outage() -> None:
    global _paused_until
    _paused_until = 0.0
