"""Accept connections, and choose which one to close when there are too many."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import replace
from typing import Any

from django.conf import settings
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from shop.core.web.rate_limits import client_network
from shop.server.connection import HttpConnection, Timeouts
from shop.server.parser import RequestParser

_KEEP_ALIVE_SECONDS_WHILE_STOPPING = 1
_SEND_BUFFER_BYTES = 128 * 1024  # the kernel doubles it


class Listener(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """waitress's server on a socket opened by gunicorn."""

    channel_class = HttpConnection
    is_stopping = False

    def __init__(
        self, application: Any, map: Any, *, sock: socket.socket, dispatcher: Any, connections: int
    ) -> None:
        self._connections = connections
        self.timeouts = Timeouts(
            header=settings.REQUEST_HEADER_SECONDS,
            body=settings.REQUEST_BODY_SECONDS,
            response=settings.RESPONSE_SECONDS,
            keep_alive=settings.KEEP_ALIVE_SECONDS,
        )
        super().__init__(
            application,
            map,
            True,
            sock,
            dispatcher=dispatcher,
            adj=_adjustments(connections),
            sockinfo=(sock.family, sock.type, sock.proto, sock.getsockname()),
            bind_socket=False,
        )

    def is_proxy(self, address: str) -> bool:
        parsed = ipaddress.ip_address(address)
        return any(parsed in network for network in settings.TRUSTED_PROXIES)

    def fix_addr(self, addr: Any) -> Any:
        """Return IPv4 clients of an IPv6 socket by their own address, not as ::ffff:192.0.2.1."""
        parsed = ipaddress.ip_address(addr[0].partition("%")[0])
        mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
        return (str(mapped or parsed), *addr[1:])

    def has_room(self, request: RequestParser) -> bool:
        """Return whether the visitor's network may send this body in addition to those it is sending now."""
        if not request.network:
            return True
        promised: int = sum(
            other.promised_bytes
            for connection in list(self.active_channels.values())
            for other in connection.unanswered_requests()
            if other is not request and other.network == request.network and other.error is None
        )
        return promised + request.promised_bytes <= int(settings.BODY_BYTES_PER_NETWORK)

    def accept(self) -> Any:
        """Accept a connection, or close it at once if there is no room."""
        accepted = super().accept()
        if accepted is None:
            return None
        connection, addr = accepted
        if self._make_room(self.fix_addr(addr)[0]):
            return connection, addr
        connection.close()
        return None

    def maintenance(self, now: float) -> None:
        """Close overdue connections at once, unlike waitress, which waits until the client reads."""
        for connection in list(self.active_channels.values()):
            if connection.is_overdue(now):
                connection.handle_close()

    def stop(self) -> None:
        """Stop accepting. Responses in progress are finished, idle connections are closed soon."""
        self.is_stopping = True
        self.accepting = False
        self.timeouts = replace(self.timeouts, keep_alive=_KEEP_ALIVE_SECONDS_WHILE_STOPPING)
        self.del_channel()

    def _make_room(self, address: str) -> bool:
        connections = list(self.active_channels.values())
        if not self.is_proxy(address):
            network = client_network({"REMOTE_ADDR": address})
            network_connections = [connection for connection in connections if connection.network == network]
            if len(network_connections) >= settings.CONNECTIONS_PER_ADDRESS and not _close_idle(
                network_connections
            ):
                return False
        return len(connections) < self._connections or _close_longest_waiting(connections)


def _close_idle(connections: list[HttpConnection]) -> bool:
    return _close_longest_waiting([connection for connection in connections if connection.is_idle])


def _close_longest_waiting(connections: list[HttpConnection]) -> bool:
    waiting_connections = [connection for connection in connections if connection.is_waiting]
    if not waiting_connections:
        return False
    min(waiting_connections, key=lambda connection: connection.step_began).handle_close()
    return True


def _adjustments(connections: int) -> Adjustments:
    adjustments = Adjustments(
        # waitress would stop accepting here. `accept` makes room instead.
        connection_limit=connections * 10,
        cleanup_interval=1,
        max_request_header_size=32 * 1024,
        # Threads wait for slow readers only for larger responses. From 1 MB on these are buffered in a file.
        outbuf_high_watermark=128 * 1024 * 1024,
        # Our parser drops X-Forwarded-… headers.
        clear_untrusted_proxy_headers=False,
        log_socket_errors=False,
        ident=None,
    )
    # Without this the kernel buffers up to 4 MB per connection that does not read, copied in the event loop.
    adjustments.socket_options = [
        *adjustments.socket_options,
        (socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES),
    ]
    return adjustments
