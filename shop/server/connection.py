"""One connection, with the time limits of its steps and the check of who sends a large body."""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import termios
from dataclasses import dataclass
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import WSGITask

from shop.core.web.rate_limits import client_network
from shop.server.parser import RequestParser, SignInRequired
from shop.server.visitors import is_known_visitor

_LINGER_SECONDS = 5
_MIN_BYTES_PER_SECOND = 1000  # each thousand bytes of a body or response add a second


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits in seconds.

    `body` and `response` apply to the first thousand bytes, or to a pause in a steady trickle.
    """

    header: int
    body: int
    response: int
    keep_alive: int


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    def build_response_header(self) -> bytes:
        if self.channel.server.is_stopping:
            self.set_close_on_finish()
        header: bytes = super().build_response_header()
        return header

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ["wsgi.multiprocess"] = True
        environ["SERVER_SOFTWARE"] = "waitress"
        return environ


class HttpConnection(HTTPChannel):  # type: ignore[misc]
    """A client's connection.

    As in waitress, a request takes a thread only when it is complete. In addition each step has a time limit,
    so that slow senders cannot stay forever.
    """

    task_class = Task

    def __init__(self, server: Any, sock: socket.socket, addr: Any, adj: Any, map: Any = None) -> None:
        super().__init__(server, sock, addr, adj, map=map)
        self.network = client_network({"REMOTE_ADDR": addr[0]})
        self.is_from_proxy = server.is_proxy(addr[0])
        self.sent_bytes = 0
        self.is_awaiting_check = False
        self.is_lingering = False
        self.has_unread_body = False
        self._step: tuple[object, ...] = ()
        self.step_began = self.creation_time
        self._moved_before = 0

    def is_overdue(self, now: float) -> bool:
        """Return whether the current step exceeded its time. It is checked about once a second."""
        step = self._current_step()
        if step != self._step:
            self._step, self.step_began, self._moved_before = step, now, self._moved_bytes()
            return False
        moved = self._moved_bytes() - self._moved_before
        allowed = self._allowed_seconds(str(step[0])) + moved / _MIN_BYTES_PER_SECOND
        return bool(now - self.step_began > allowed)

    @property
    def is_waiting(self) -> bool:
        """Whether no request is in progress, so that closing loses only the connection."""
        return self._current_step()[0] in ("new", "idle", "header")

    @property
    def is_idle(self) -> bool:
        return self._current_step()[0] == "idle"

    def _current_step(self) -> tuple[object, ...]:
        request = self.request
        if self.is_lingering:
            return ("linger",)
        if self.total_outbufs_len:
            return ("response",)
        if self.requests:
            return ("work",)
        if request is None:
            return ("idle", self.sent_bytes) if self.sent_bytes else ("new",)
        return ("body", request) if request.headers_finished else ("header", request)

    def _moved_bytes(self) -> int:
        """Return the bytes received from or delivered to the visitor, without the kernel's buffer."""
        received = self.request.body_bytes_received if self.request else 0
        return int(self.sent_bytes - self._unsent_bytes() + received)

    def _unsent_bytes(self) -> int:
        try:
            (unsent,) = struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4)))
        except OSError:  # the client has closed it meanwhile
            return 0
        return int(unsent)

    def _allowed_seconds(self, step: str) -> float:
        timeouts: Timeouts = self.server.timeouts
        allowed = {
            "new": timeouts.header,
            "header": timeouts.header,
            "body": timeouts.body,
            "response": timeouts.response,
            "idle": timeouts.keep_alive,
            "linger": _LINGER_SECONDS,
        }
        return allowed.get(step, float("inf"))

    def parser_class(self, adj: Any) -> RequestParser:
        return RequestParser(
            adj, address=self.addr[0], is_from_proxy=self.is_from_proxy, has_room=self.server.has_room
        )

    def unanswered_requests(self) -> list[RequestParser]:
        """Return the requests whose bodies are arriving, or are kept until they are answered."""
        return [*self.requests, *([self.request] if self.request is not None else [])]

    def send(self, data: bytes, do_close: bool = True) -> int:
        sent_bytes: int = super().send(data, do_close=do_close)
        self.sent_bytes += sent_bytes
        return sent_bytes

    def received(self, data: bytes) -> bool:
        is_received: bool = super().received(data)
        request = self.request
        if request is not None and request.needs_sign_in and not self.is_awaiting_check:
            self.is_awaiting_check = True
            self.server.add_task(VisitorCheck(self, request))
        return is_received

    def readable(self) -> bool:
        return self.is_lingering or (not self.is_awaiting_check and bool(super().readable()))

    def handle_read(self) -> None:
        if self.is_lingering:
            with contextlib.suppress(OSError):
                self.recv(self.adj.recv_bytes)
            return
        super().handle_read()

    def service(self) -> None:
        self.has_unread_body = self.requests[0].has_unread_body
        super().service()

    def handle_close(self) -> None:
        """Discard unread bytes for a moment before closing.

        Closing at once would reset the connection, and the sender would not see the error.
        """
        if self.has_unread_body and not self.is_lingering and self.connected:
            self.is_lingering, self.will_close = True, False
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)
                return
        if self.request is not None:
            self.request.close()
        super().handle_close()


class VisitorCheck:
    """A worker thread's task, which identifies the sender of a large body before reading more of it."""

    def __init__(self, connection: HttpConnection, request: RequestParser) -> None:
        self._connection, self._request = connection, request

    def service(self) -> None:
        is_known = is_known_visitor(self._request.headers)
        connection, request = self._connection, self._request
        with connection.requests_lock:
            if connection.request is not request or not connection.connected:
                return
            request.needs_sign_in = connection.is_awaiting_check = False
            if is_known:
                if request.continue_after_check:
                    connection.send_continue()
            else:
                request.refuse(SignInRequired(request.path))
                connection.request = None
                connection.requests.append(request)
                if len(connection.requests) == 1:
                    connection.server.add_task(connection)
        connection.server.pull_trigger()

    def cancel(self) -> None:
        self._connection.cancel()
