"""Supervise the shop's processes: start them, restart those that die, stop them together."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

_POLL_SECONDS = 0.2
_STABLE_SECONDS = 10.0  # a child that lived this long is restarted without a pause
_MAX_PAUSE_SECONDS = 30.0
_KILL_AFTER_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class AlreadyRunning(Exception):
    """Another supervisor runs the processes of this DATA_DIR."""


@dataclass
class Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    pause: float = field(default=1.0)


def supervise(
    commands: Mapping[str, Sequence[str]],
    *,
    is_ready: Callable[[], bool],
    announce: Callable[[], None],
    data_dir: Path,
    out: TextIO,
) -> None:
    """Run the commands until INT or TERM. Call `announce` once, when they are ready.

    If the supervisor is killed, the kernel ends its children, so that a new one can start at once. Raises
    AlreadyRunning.
    """
    with (data_dir / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning from error
        children = [Child(name, command) for name, command in commands.items()]
        stops: list[int] = []
        is_announced = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda received, _frame: stops.append(received))
        try:
            while not stops:
                for child in children:
                    _restart_if_ended(child, out=out)
                if not is_announced and is_ready():
                    announce()
                    is_announced = True
                time.sleep(_POLL_SECONDS)
        finally:
            _stop(children, stops=stops, out=out)


def _restart_if_ended(child: Child, *, out: TextIO) -> None:
    now = time.monotonic()
    if child.process is not None:
        code = child.process.poll()
        if code is None:
            return
        is_steady = now - child.started >= _STABLE_SECONDS
        child.pause = 1.0 if is_steady else min(child.pause * 2, _MAX_PAUSE_SECONDS)
        child.start_at = now if is_steady else now + child.pause
        child.process = None
        _print_line(
            out, f"{child.name} ended with code {code}; it starts again in {child.start_at - now:.0f} s"
        )
    if now >= child.start_at:
        # A separate session, so that Ctrl-C reaches only the supervisor, which stops all in order.
        child.process = subprocess.Popen(
            child.command, start_new_session=True, preexec_fn=_die_with(os.getpid())
        )
        child.started = now


def _die_with(parent: int) -> Callable[[], None]:
    """Return a hook that makes a new child end whenever this supervisor ends."""

    def set_death_signal() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return set_death_signal


def _stop(children: Sequence[Child], *, stops: list[int], out: TextIO) -> None:
    """Terminate all children. Kill those still running after a while, or at a second signal."""
    _print_line(out, "stopping")
    signals_before = len(stops)
    for child in children:
        _signal(child, signal.SIGTERM)
    until = time.monotonic() + _KILL_AFTER_SECONDS
    while any(child.process and child.process.poll() is None for child in children):
        if time.monotonic() > until or len(stops) > signals_before:
            for child in children:
                _signal(child, signal.SIGKILL)
        time.sleep(0.05)
    _print_line(out, "stopped")


def _signal(child: Child, number: signal.Signals) -> None:
    if child.process is not None and child.process.poll() is None:
        os.killpg(child.process.pid, number) if number == signal.SIGKILL else child.process.send_signal(
            number
        )


def _print_line(out: TextIO, text: str) -> None:
    out.write(f"· {text}\n")
    out.flush()
