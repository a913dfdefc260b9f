"""gunicorn's worker process, with many connections in one event loop and complete requests in threads.

gunicorn manages the processes (preloading, restarts, recycling, signals). waitress speaks HTTP. A request
takes a thread once it is complete, and its response is buffered, so slow clients hold no thread.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterable
from types import FrameType

from gunicorn.workers.base import Worker
from waitress.task import ThreadedTaskDispatcher
from waitress.wasyncore import poll2

_NOTIFY_INTERVAL_SECONDS = 1.0  # gunicorn's master kills a worker that does not report
_MAX_OPEN_FILES = 8192  # a connection may hold three, which are its socket, a body and a response


class BufferedWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    _notify_at = 0.0

    def run(self) -> None:
        # Import late, because gunicorn imports this module before Django is set up.
        from shop.server.listener import Listener

        _allow_open_files()
        self._map: dict[int, object] = {}
        dispatcher = ThreadedTaskDispatcher()
        dispatcher.set_thread_count(self.cfg.threads)
        self._listeners = [
            Listener(
                self._application,
                self._map,
                sock=sock.sock,
                dispatcher=dispatcher,
                connections=self.cfg.worker_connections,
            )
            for sock in self.sockets
        ]
        while self.alive and self.ppid == os.getppid():
            self._serve(_NOTIFY_INTERVAL_SECONDS)
        self._finish_requests()
        dispatcher.shutdown(timeout=1)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.alive = False
        self._wake_event_loop()

    def _serve(self, seconds: float) -> None:
        """Run one turn of the event loop (a request takes a few). Report to the master once a second."""
        now = time.monotonic()
        if now >= self._notify_at:
            self.notify()
            self._notify_at = now + _NOTIFY_INTERVAL_SECONDS
        poll2(seconds, self._map)

    def _finish_requests(self) -> None:
        """Finish the requests in progress, for as long as gunicorn allows."""
        for listener in self._listeners:
            listener.stop()
        until = time.monotonic() + self.cfg.graceful_timeout
        while time.monotonic() < until and any(listener.active_channels for listener in self._listeners):
            self._serve(0.1)
            for listener in self._listeners:
                listener.maintenance(time.time())

    def _application(self, environ: dict[str, object], start_response: object) -> Iterable[bytes]:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Recycling the worker after %d requests.", self.nr)
            self.alive = False
            self._wake_event_loop()
        response: Iterable[bytes] = self.wsgi(environ, start_response)
        return response

    def _wake_event_loop(self) -> None:
        for listener in self._listeners:
            listener.pull_trigger()


def _allow_open_files() -> None:
    soft_limit, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _MAX_OPEN_FILES if hard_limit == resource.RLIM_INFINITY else min(hard_limit, _MAX_OPEN_FILES)
    if soft_limit != resource.RLIM_INFINITY and soft_limit < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard_limit))
